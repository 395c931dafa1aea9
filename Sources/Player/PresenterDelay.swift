// Carries out what `DelayControl` decides: starts the clock of buffered playback, sets its rate, lets it wait for
// media, and takes it to another place of the stream. The initial thread's.
import Model
import Screen
import Timing

/// What the presenter keeps of all that.
struct DelayProgress {
    var next = HostTime.zero
    var epoch = 0
    /// Since when media wait for the clock to be started.
    var readySince: HostTime?
    var reason = DelayReason.steady
    /// Since when nothing is there to be played, and whether that has been told.
    var dry: (since: HostTime, isTold: Bool)?
    /// The user has asked for live.
    var wantsLive = false
}

extension Presenter {
    static let controlPeriod = Span.milliseconds(40)
    /// Waiting for media for so long is worth an event.
    static let loadingThreshold = Span.milliseconds(200)
    /// A burst at the start is waited for so long.
    private static let burstPatience = Span.seconds(1)
    /// Sound alone begins when the picture has not come by then.
    private static let picturePatience = Span.milliseconds(500)

    var soundLatency: Span { wiring.sound()?.position.latency ?? .zero }

    /// Leads the clock; returns when to look again.
    func leadClock(_ now: HostTime) -> HostTime {
        if lead.epoch != wiring.clock.epoch { beginAgain(wiring.clock.epoch) }
        guard wiring.clock.isRunning else {
            startClock(now)
            return now + .milliseconds(10)
        }
        guard now >= lead.next else { return lead.next }
        lead.next = now + Self.controlPeriod
        // What is still there is played to its end.
        guard !wiring.feed.shared.read(\.outcome.hasEnded) else {
            wiring.clock.release(at: now)
            wiring.clock.setRate(1, at: now)
            return lead.next
        }
        guard let media = wiring.clock.media(at: now) else { return lead.next }
        if lead.wantsLive { goLive(now) }
        let step = wiring.delay.step(media: media, soundLatency: soundLatency, now: now)
        carryOut(step, media: media, now: now)
        let delay = wiring.delay.delay(presenting: media, at: now)
        wiring.statistics.led(
            delay: delay, target: wiring.delay.target(soundLatency: soundLatency), rate: wiring.clock.rate,
            reason: lead.reason)
        return lead.next
    }

    private func carryOut(_ step: DelayControl.Step, media: MediaTime, now: HostTime) {
        switch step {
        case .dry(let end):
            if lead.dry == nil {
                lead.dry = (now, false)
                wiring.clock.hold(media: min(media, max(end, media - Self.controlPeriod * 2)), at: now)
            }
            tellLoading(now)
        case .resume:
            lead.dry = nil
            wiring.clock.release(at: now)
        case .rate(let rate, let reason):
            guard rate != wiring.clock.rate else { return }
            wiring.clock.setRate(rate, at: now)
            lead.reason = reason
            let delay = wiring.delay.delay(presenting: media, at: now)
            wiring.reporter.report(
                Event(
                    "rate",
                    [
                        .init("rate", .number(rate)), .init("reason", .string(reason.rawValue)),
                        .init("delay_ms", .optional(delay?.milliseconds)),
                        .init(
                            "target_delay_ms",
                            .number(wiring.delay.target(soundLatency: soundLatency).milliseconds)),
                    ]))
            wiring.reporter.log(.debug, "playing at \(rate): \(reason.rawValue)")
        case .skip(let target): skip(to: target, from: media, why: "behind", now: now)
        }
    }

    private func tellLoading(_ now: HostTime) {
        guard let dry = lead.dry, !dry.isTold, now - dry.since > Self.loadingThreshold else { return }
        lead.dry = (dry.since, true)
        wiring.reporter.report(ServiceEvent.loading.event())
    }

    /// Takes the clock to `target`; what lies before it is decoded unseen, from the newest key frame that helps.
    private func skip(to target: MediaTime, from media: MediaTime, why: String, now: HostTime) {
        guard target > media else { return }
        let epoch = wiring.feed.shared.read(\.epoch)
        let passed = wiring.queues.skipVideo(notAfter: target, epoch: epoch)
        wiring.clock.restart(media: target, at: now)
        wiring.delay.skipped(at: now)
        lead.dry = nil
        lead.reason = .skip
        wiring.statistics.dropped(passed)
        wiring.statistics.skipped()
        wiring.statistics.forgetLastPicture()
        wiring.reporter.report(
            Event(
                "skip",
                [.init("skipped_ms", .number((target - media).milliseconds)), .init("reason", .string(why))]))
        wiring.reporter.log(.info, "skipped \(Int((target - media).milliseconds.rounded())) ms: \(why)")
    }

    /// The key `l`.
    private func goLive(_ now: HostTime) {
        lead.wantsLive = false
        guard let media = wiring.clock.media(at: now),
            let target = wiring.delay.mediaAtTarget(soundLatency: soundLatency, now: now),
            target - media > .milliseconds(100)
        else { return }
        wiring.clock.release(at: now)
        skip(to: target, from: media, why: "asked_for", now: now)
    }

    // MARK: Start

    /// Another connection: its timeline may begin anywhere, and what waits of the old one is given up.
    private func beginAgain(_ epoch: Int) {
        wiring.pictures.flush(epoch: epoch)
        lead = DelayProgress()
        lead.epoch = epoch
        soundSince = nil
    }

    /// Starts the clock at its target delay as far as there are media for it: behind a burst from a server's cache
    /// that lies before it, or by holding the first picture a moment. The rest is made up by a lower rate.
    private func startClock(_ now: HostTime) {
        guard let first = firstMedia(now) else { return }
        let since = lead.readySince ?? now
        lead.readySince = since
        let isPatient = now - since < Self.burstPatience
        guard !isPatient || !wiring.delay.isBurst(at: now) else { return }
        guard let target = wiring.delay.mediaAtTarget(soundLatency: soundLatency, now: now),
            let delay = wiring.delay.delay(presenting: first, at: now)
        else {
            if !isPatient { wiring.clock.start(media: first, at: now) }
            return
        }
        lead.next = now
        lead.readySince = nil
        wiring.delay.started()
        if target > first {
            let epoch = wiring.feed.shared.read(\.epoch)
            let passed = wiring.queues.skipVideo(notAfter: target, epoch: epoch)
            wiring.statistics.dropped(passed)
            wiring.clock.start(media: target, at: now)
            if target - first > .milliseconds(100) {
                wiring.reporter.log(
                    .info, "begins \(Int((target - first).milliseconds)) ms into what the server had kept")
            }
        } else {
            let wanted = wiring.delay.target(soundLatency: soundLatency)
            let share = max(Self.startHold, wanted / 5)
            wiring.clock.start(media: first, at: now + max(.zero, min(first - target, share - delay)))
        }
    }
    private static let startHold = Span.milliseconds(130)

    /// What playback begins with: the first picture, or the first sound where no picture comes.
    private func firstMedia(_ now: HostTime) -> MediaTime? {
        if let (picture, _) = wiring.pictures.peek(), let pts = picture.pts { return pts }
        guard let sound = wiring.clock.firstSound else { return nil }
        let expectsPicture = wiring.feed.shared.read { $0.video != nil && $0.unplayable[.video] == nil }
        if soundSince == nil { soundSince = now }
        guard !expectsPicture || now - (soundSince ?? now) > Self.picturePatience else { return nil }
        return sound
    }
}
