// A player in numbers: it plays what has come, at the rate and with the skips that the controllers decide.
import Model
import Timing

/// What a viewer would have seen.
struct Watched: Sendable {
    struct Moment: Sendable {
        /// Since the viewer joined.
        var second: Double
        /// Of what is presented, behind its capture: what `glass` to glass shows over the direct floor.
        var delay: Span
        var target: Span
        var rate: Double
    }
    struct Freeze: Sendable {
        var second: Double
        var length: Span
    }
    var moments: [Moment] = []
    /// Pictures (or sound, without pictures) that came later than due, by how much longer their predecessor stood.
    var freezes: [Freeze] = []
    var skips: [Double] = []
    var changes = 0
    var discontinuities = 0
    /// When playback began.
    var began: Double?

    func between(_ from: Double, _ until: Double) -> [Moment] {
        moments.filter { $0.second >= from && $0.second < until }
    }
    func longestFreeze(from: Double, until: Double = .infinity) -> Span {
        freezes.filter { $0.second >= from && $0.second < until }.map(\.length).max() ?? .zero
    }
    func percentile(_ share: Double, from: Double, until: Double = .infinity) -> Span {
        let sorted = between(from, until).map(\.delay).sorted()
        guard !sorted.isEmpty else { return .zero }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
    /// When the delay has come back to within `tolerance` of `level` after `from`.
    func back(to level: Span, within tolerance: Span, after from: Double) -> Double? {
        moments.first { $0.second >= from && $0.delay <= level + tolerance }.map { $0.second - from }
    }
}

struct SimulatedPlayer {
    var bounds = DelayBounds.live
    var correction = DelayCorrection.Settings()
    /// A rate that is decided is heard after what the device and the stretcher still hold.
    var deviceLag = Span.milliseconds(120)
    var tick = Span.milliseconds(5)
    /// Each of the pieces replaced by a constant, to see that it is needed.
    var fixedTarget: Span?
    var fixedRate = false

    func watch(_ packets: [Arrived], for seconds: Double) -> Watched {
        var watched = Watched()
        var learnt = LearntDelay(bounds: bounds)
        var decisions = DelayCorrection(correction)
        var clock: PlaybackClock?
        var next = 0
        var newest: [Int: MediaTime] = [:]
        var timeline = 0
        var capture: [(media: MediaTime, made: HostTime)] = []
        var captureHead = 0
        var dryAt: HostTime?
        var pending: (at: HostTime, rate: Double)?
        var decideAt = SimulatedSender.origin
        var now = SimulatedSender.origin
        let end = now + .seconds(seconds)
        let leading = packets.contains { $0.track == 0 } ? 0 : 1

        while now < end {
            now += tick
            while next < packets.count, packets[next].arrival <= now {
                let packet = packets[next]
                next += 1
                learnt.add(track: packet.track, arrival: packet.arrival, media: packet.media)
                if learnt.discontinuities > timeline {
                    timeline = learnt.discontinuities
                    newest = [:]
                    capture = []
                    captureHead = 0
                    clock = nil
                    decisions.reset()
                }
                newest[packet.track] = packet.media + packet.length
                if packet.track == leading { capture.append((packet.media, packet.made)) }
            }
            guard let ready = newest.values.min() else { continue }
            guard var running = clock else {
                guard !learnt.isBurst(at: now), let edge = learnt.edge else { continue }
                let target = fixedTarget ?? learnt.target
                // Begins where the delay is what it should be, or with the first picture standing until then.
                clock = PlaybackClock(
                    media: MediaTime(nanoseconds: now.nanoseconds - edge.nanoseconds - target.nanoseconds), at: now)
                if watched.began == nil { watched.began = (now - SimulatedSender.origin).seconds }
                continue
            }
            if let change = pending, change.at <= now {
                running.setRate(change.rate, at: change.at)
                pending = nil
            }
            // Dry: what is due has not come.
            let position = running.media(at: now)
            if position > ready {
                if dryAt == nil {
                    dryAt = now
                    running = PlaybackClock.stopped(ready, at: now, rate: running.rate)
                }
            } else if let since = dryAt, ready > position {
                let late = now - since
                watched.freezes.append(.init(second: (since - SimulatedSender.origin).seconds, length: late))
                learnt.underrun(at: now, lateBy: late)
                running.resume(at: now)
                dryAt = nil
            }
            let presented = min(running.media(at: now), ready)
            if now >= decideAt, let edge = learnt.edge {
                let target = fixedTarget ?? learnt.target
                decideAt = now + .milliseconds(100)
                let delay = Span(nanoseconds: now.nanoseconds - presented.nanoseconds) - edge
                let decision = decisions.decide(
                    delay: delay, target: target, buffered: max(.zero, ready - presented), now: now)
                switch decision.action {
                case .rate(let rate):
                    if !fixedRate, (pending?.rate ?? running.rate) != rate { pending = (now + deviceLag, rate) }
                case .skip:
                    let wanted = MediaTime(nanoseconds: now.nanoseconds - edge.nanoseconds - target.nanoseconds)
                    running = PlaybackClock(media: min(wanted, ready), at: now)
                    dryAt = nil
                    pending = nil
                    decisions.skipped(at: now)
                    watched.skips.append((now - SimulatedSender.origin).seconds)
                }
                while captureHead + 1 < capture.count, capture[captureHead + 1].media <= presented {
                    captureHead += 1
                }
                if captureHead < capture.count, capture[captureHead].media <= presented {
                    let shown = capture[captureHead]
                    watched.moments.append(
                        .init(
                            second: (now - SimulatedSender.origin).seconds,
                            delay: now - (shown.made + (presented - shown.media)), target: target,
                            rate: running.rate))
                }
            }
            clock = running
        }
        watched.changes = decisions.changes
        watched.discontinuities = learnt.discontinuities
        return watched
    }
}

extension PlaybackClock {
    /// A clock that stands at `media` until it is resumed.
    static func stopped(_ media: MediaTime, at host: HostTime, rate: Double) -> PlaybackClock {
        var clock = PlaybackClock(media: media, at: host)
        clock.setRate(rate, at: host)
        clock.pause(at: host)
        return clock
    }
}
