// Where playback of a live stream stands against its live edge, and what is done about it: what was learnt from
// arrivals, what is there to be played, and the decisions. Decides; the presenter carries out.
import Intake
import Model
import Timing

/// Told by the feed, asked by the presenter. Any thread.
final class DelayControl: Sendable {
    struct State {
        var learnt: LearntDelay
        var segments: SegmentPace?
        var correction: DelayCorrection
        /// End of the newest media that came, by kind, and when.
        var newest: [TrackKind: (end: MediaTime, arrival: HostTime)] = [:]
        var lastArrival: HostTime?
        /// When the last packet was handed over; the packets of a segment all came before that.
        var lastFed: HostTime?
        /// Since when playback waits for media.
        var dryAt: HostTime?
        var isPaused = false
        /// How much sooner than it was fetched the first segment could have been, and when that was.
        var joined: (age: Span, arrival: HostTime?) = (.zero, nil)
    }

    /// What is to be done now.
    enum Step: Equatable {
        case rate(Double, DelayReason)
        case skip(to: MediaTime)
        /// Nothing is there to be played behind this: the clock waits.
        case dry(end: MediaTime)
        /// The clock goes on after `after`.
        case resume(after: Span)
    }

    /// A track that has not come for so long while others did is not waited for.
    private static let silence = Span.seconds(3)
    /// Without any packet for so long, a track that ran dry ran dry because of the network.
    private static let stillness = Span.milliseconds(80)
    /// What has to be there before playback that ran dry goes on, and no more than half the target.
    private static let refill = Span.milliseconds(150)

    let settings: DelaySettings
    private let state: Monitor<State>

    init(_ settings: DelaySettings) {
        self.settings = settings
        state = Monitor(Self.fresh(settings, isSegmented: false))
    }

    private static func fresh(_ settings: DelaySettings, isSegmented: Bool) -> State {
        let correction = DelayCorrection.Settings(maxRate: settings.maximumRate, skipAbove: settings.skipLimit)
        return State(
            learnt: LearntDelay(bounds: settings.bounds), segments: isSegmented ? SegmentPace(settings) : nil,
            correction: DelayCorrection(correction))
    }

    // MARK: Feed

    func opened(_ description: SourceDescription) {
        guard description.isSegmented else { return }
        state.withLock { state in
            state = Self.fresh(settings, isSegmented: true)
            // Behind older segments that are fetched first it would say nothing of the newest.
            if settings.bounds.least < Self.shortest { state.joined.age = description.age }
        }
    }
    /// Segments are not shorter.
    private static let shortest = Span.milliseconds(500)

    /// When media could have come: what lay ready when the stream was joined came to the server before.
    private static func arrival(_ packet: Packet, _ state: inout State) -> HostTime {
        guard state.joined.age > .zero else { return packet.arrival }
        let first = state.joined.arrival ?? packet.arrival
        state.joined.arrival = first
        guard packet.arrival == first else {
            state.joined.age = .zero
            return packet.arrival
        }
        return packet.arrival - state.joined.age
    }

    func arrived(_ packet: Packet) {
        guard let time = packet.orderTime else { return }
        state.withLock { state in
            let arrival = Self.arrival(packet, &state)
            if state.segments != nil { state.lastFed = .now() }
            state.learnt.add(track: packet.track, arrival: arrival, media: time)
            state.segments?.add(kind: packet.kind, arrival: arrival, media: time)
            let end = (packet.pts ?? time) + (packet.duration ?? .zero)
            let known = state.newest[packet.kind]
            state.newest[packet.kind] = (known.map { max($0.end, end) } ?? end, packet.arrival)
            state.lastArrival = packet.arrival
        }
    }

    /// After a reconnect: another line, perhaps, and another sender.
    func reset() {
        state.withLock { state in
            state.learnt.reset()
            state.segments?.reset()
            state.correction.reset()
            state.newest = [:]
            state.lastArrival = nil
            state.dryAt = nil
        }
    }

    // MARK: Presenter

    /// What the delay should be. Sound needs what its device holds on top of what the network asks for.
    func target(soundLatency: Span) -> Span {
        state.read { Self.target($0, soundLatency: soundLatency) }
    }

    private static func target(_ state: State, soundLatency: Span) -> Span {
        (state.segments?.target ?? state.learnt.target) + soundLatency
    }

    /// Host time − media time of the live edge; nil before the first packet.
    var edge: Span? { state.read(\.learnt.edge) }

    /// How far behind the live edge something is that is presented at `host` and stamped `media`.
    func delay(presenting media: MediaTime, at host: HostTime) -> Span? {
        state.read { $0.learnt.delay(presenting: media, at: host) }
    }

    /// The media time that is `target` behind live now; nil before the first packet.
    func mediaAtTarget(soundLatency: Span, now: HostTime) -> MediaTime? {
        state.read { state in
            state.learnt.edge.map { edge in
                MediaTime(nanoseconds: now.nanoseconds &- edge.nanoseconds)
                    - Self.target(state, soundLatency: soundLatency)
            }
        }
    }

    /// Media come in faster than they play, as from a server's cache: where live is will only be known at the end.
    func isBurst(at now: HostTime) -> Bool {
        state.read { state in
            if let fed = state.lastFed { return now - fed < Self.stillness }
            return state.learnt.isBurst(at: now)
        }
    }

    /// To be asked each 50 ms or so while the clock runs or waits for media.
    /// - Parameter media: What the clock shows.
    func step(media: MediaTime, soundLatency: Span, now: HostTime) -> Step {
        state.withLock { state in
            let (least, most) = Self.buffered(state, media: media, now: now)
            let target = Self.target(state, soundLatency: soundLatency)
            let end = media + max(least, .milliseconds(-80))
            if let dryAt = state.dryAt {
                guard most > .zero, least >= min(Self.refill, target / 2) || most > .seconds(1) else {
                    return .dry(end: end)
                }
                state.dryAt = nil
                state.learnt.underrun(at: now, lateBy: now - dryAt)
                return .resume(after: now - dryAt)
            }
            let isStill = state.lastArrival.map { now - $0 > Self.stillness } ?? true
            if most <= .zero || (isStill && least <= .zero) {
                state.dryAt = now
                return .dry(end: end)
            }
            guard let delay = state.learnt.delay(presenting: media, at: now) else { return .rate(1, .steady) }
            let decision = state.correction.decide(delay: delay, target: target, buffered: least, now: now)
            switch decision.action {
            case .rate(let rate): return .rate(rate, decision.reason)
            case .skip:
                guard let edge = state.learnt.edge else { return .rate(1, .steady) }
                return .skip(to: MediaTime(nanoseconds: now.nanoseconds &- edge.nanoseconds) - target)
            }
        }
    }

    /// Playback has been taken to another place of the stream.
    func skipped(at now: HostTime) {
        state.withLock { state in
            state.correction.skipped(at: now)
            state.dryAt = nil
        }
    }

    /// The clock was started: nothing was dry before.
    func started() { state.withLock { $0.dryAt = nil } }

    /// Media in front of the clock, of the track that has least and of the one that has most.
    private static func buffered(_ state: State, media: MediaTime, now: HostTime) -> (least: Span, most: Span) {
        guard let last = state.lastArrival else { return (.zero, .zero) }
        let alive = state.newest.values.filter { last - $0.arrival < silence }
        let spans = alive.map { $0.end - media }
        return (spans.min() ?? .zero, spans.max() ?? .zero)
    }
}

extension DelaySettings {
    /// The mode's bounds with what overrides them.
    var bounds: DelayBounds {
        if let target { return .fixed(target) }
        let own: DelayBounds =
            switch liveMode {
            case .nobuffer: .fixed(.zero)
            case .rtc: .rtc
            case .auto, .live: .live
            case .smooth: .smooth
            }
        guard minimum != nil || maximum != nil else { return own }
        // An option that lies outside the mode's own bounds moves both.
        let least = minimum ?? min(own.least, maximum ?? own.least)
        let greatest = maximum ?? max(own.greatest, least)
        let whenBad = maximum ?? max(own.greatestWhenBad, least)
        return DelayBounds(
            least: least, greatest: greatest, greatestWhenBad: whenBad, initial: own.initial,
            memory: own.memory)
    }
}
