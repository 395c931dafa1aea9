// Reads the source, picks the tracks, counts what arrives and hands packets to the decoders' lines.
import Intake
import Model
import Synchronization

/// The "feed" thread.
final class FeedStage: Sendable {
    struct Outcome: Sendable {
        var error: SluiceError?
        var hasEnded = false
        var hadMedia = false
    }

    private let source: Source
    private let settings: PlaySettings
    private let queues: TrackQueues
    private let statistics: PlayStatistics
    private let delay: DelayControl
    private let reporter: any Reporter
    /// Told when another timeline begins, before any of its packets goes on.
    private let timelineBegan: @Sendable (_ epoch: Int) -> Void
    /// What the initial thread waits for.
    let shared = Monitor(Shared())

    struct Shared {
        var description: SourceDescription?
        var video: Track?
        var audio: Track?
        var epoch = 0
        var seekTarget: MediaTime?
        var outcome = Outcome()
        var firstKeyframe = false
        /// When the source first told of tracks, whatever they are.
        var tracksKnown: HostTime?
        /// Why a track cannot be played, by its kind.
        var unplayable: [TrackKind: SluiceError] = [:]
        /// From the loss of a connection to the first picture (without pictures, the first packet) of the next.
        var interruption: Interruption?
        /// Connections that have brought media, and the epoch of the newest one.
        var connections = 0
        var connectionEpoch = 0
    }

    init(
        source: Source, settings: PlaySettings, queues: TrackQueues, statistics: PlayStatistics,
        delay: DelayControl, reporter: any Reporter, timelineBegan: @escaping @Sendable (_ epoch: Int) -> Void
    ) {
        self.source = source
        self.settings = settings
        self.queues = queues
        self.statistics = statistics
        self.delay = delay
        self.reporter = reporter
        self.timelineBegan = timelineBegan
    }

    /// Runs until the source ends; `wake` is called after anything the initial thread may wait for.
    func run(wake: @Sendable () -> Void) {
        var waits = false
        var timeline = ContinuousTimeline()
        var selected = TrackSelection(settings)
        var tap = PacketTap(settings)
        while let event = source.next(until: nil) {
            switch event {
            case .opened(let description):
                waits = !description.isLive
                timeline = ContinuousTimeline(isLive: description.isLive)
                delay.opened(description)
                shared.withLock { $0.description = description }
                tap.opened(readsAhead: description.isLive ? nil : settings.duration)
                reportConnected(description)
            case .note(let text): reporter.log(.info, text)
            case .fact: break
            case .interrupted(let error, let attempt, let pause): interrupted(error, attempt, pause)
            case .resumed(let epoch, let gap):
                selected = TrackSelection(settings)
                delay.reset()
                timeline = timeline.fresh
                resumed(epoch, gap)
            case .tracks(let tracks):
                let changed = selected.update(tracks)
                // Told in one: whoever waits must not see that there are tracks before it sees which.
                shared.withLock { shared in
                    shared.tracksKnown = shared.tracksKnown ?? .now()
                    for track in changed {
                        if track.kind == .video { shared.video = track } else { shared.audio = track }
                    }
                }
                for track in changed {
                    reporter.log(.info, "\(track.kind.rawValue) track: \(track.summary)")
                    _ = queues.push(.track(track), to: track.kind, waits: false)
                }
                if !changed.isEmpty { tap.begin(selected.tracks) }
            case .packet(let packet):
                guard selected.wants(packet.track) else {
                    statistics.received(packet)
                    continue
                }
                tap.take(packet)
                let packet = timeline.place(packet)
                statistics.received(packet)
                delay.arrived(packet)
                note(packet)
                switch queues.push(.packet(packet), to: packet.kind, waits: waits) {
                case .taken: break
                case .dropped: if packet.kind == .video { statistics.dropped(1) }
                case .ended: return
                }
            case .discontinuity(let epoch):
                queues.clear()
                delay.reset()
                timeline = timeline.fresh
                let target = shared.withLock { shared in
                    shared.epoch = epoch
                    return shared.seekTarget
                }
                for kind in [TrackKind.video, .audio] {
                    _ = queues.push(.flush(epoch: epoch, notBefore: target), to: kind, waits: false)
                }
            case .end(let error): finish(error)
            }
            wake()
        }
        if shared.read({ !$0.outcome.hasEnded }) { finish(nil) }
        wake()
    }

    private func reportConnected(_ description: SourceDescription) {
        reporter.report(
            ServiceEvent.playConnected.event([
                .init("protocol", .string(description.transport)),
                .init("server", .optional(description.server)),
            ]))
    }

    // MARK: Connections

    private func interrupted(_ error: SluiceError, _ attempt: Int, _ pause: Span) {
        let isFirst = shared.withLock { shared in
            let cause = shared.interruption.flatMap { $0.hasReturned ? nil : $0.cause }
            shared.interruption = Interruption(cause: cause ?? error, attempt: attempt)
            return cause == nil
        }
        reporter.report(
            ServiceEvent.playReconnecting.event([
                .init("attempt", .int(attempt)), .init("pause_s", .number(pause.seconds)),
                .init("reason", .string(error.reason.rawValue)),
            ]))
        reporter.log(isFirst ? .notice : .info, "\(error.description); trying again")
    }

    /// What still waits of the old timeline is played; then the decoders begin anew.
    private func resumed(_ epoch: Int, _ gap: Span) {
        let (description, hadMedia) = shared.withLock { shared in
            shared.epoch = epoch
            shared.connectionEpoch = epoch
            shared.seekTarget = nil
            // Whatever comes back need not be what went.
            (shared.video, shared.audio, shared.unplayable) = (nil, nil, [:])
            shared.firstKeyframe = false
            shared.interruption?.hasReturned = true
            if shared.outcome.hadMedia { shared.connections += 1 }
            return (shared.description, shared.outcome.hadMedia)
        }
        timelineBegan(epoch)
        for kind in [TrackKind.video, .audio] {
            _ = queues.push(.flush(epoch: epoch, notBefore: nil), to: kind, waits: false)
        }
        // After waiting for a stream that was not live yet, this is the beginning.
        guard hadMedia else { return }
        statistics.reconnected()
        if let description { reportConnected(description) }
        reporter.report(Event("resumed", [.init("gap_s", .number(gap.seconds))]))
    }

    private func note(_ packet: Packet) {
        let isFirst = shared.withLock { shared in
            shared.outcome.hadMedia = true
            if shared.interruption != nil, shared.video == nil { shared.interruption = nil }
            guard packet.kind == .video, packet.isKeyframe, !shared.firstKeyframe else { return false }
            shared.firstKeyframe = true
            return true
        }
        if isFirst { reporter.report(ServiceEvent.firstKeyframe.event()) }
    }

    /// Takes what has come for all there is. Any thread.
    func endInput() {
        finish(nil)
        source.close()
    }

    private func finish(_ error: SluiceError?) {
        let (isFirst, wasInterrupted) = shared.withLock { shared in
            defer { shared.outcome.hasEnded = true }
            guard !shared.outcome.hasEnded else { return (false, false) }
            shared.outcome.error = error
            return (true, shared.interruption != nil && shared.outcome.hadMedia)
        }
        guard isFirst else { return }
        if let error, wasInterrupted {
            reporter.report(ServiceEvent.playGaveUp.event([.init("reason", .string(error.reason.rawValue))]))
        }
        for kind in [TrackKind.video, .audio] { _ = queues.push(.end, to: kind, waits: false) }
    }
}
