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
    private let reporter: any Reporter
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
    }

    init(
        source: Source, settings: PlaySettings, queues: TrackQueues, statistics: PlayStatistics,
        reporter: any Reporter
    ) {
        self.source = source
        self.settings = settings
        self.queues = queues
        self.statistics = statistics
        self.reporter = reporter
    }

    /// Runs until the source ends; `wake` is called after anything the initial thread may wait for.
    func run(wake: @Sendable () -> Void) {
        var waits = false
        var selected = TrackSelection(settings)
        var tap = PacketTap(settings)
        while let event = source.next(until: nil) {
            switch event {
            case .opened(let description):
                waits = !description.isLive || description.isSegmented
                shared.withLock { $0.description = description }
                tap.opened(readsAhead: description.isLive ? nil : settings.duration)
                reporter.report(
                    ServiceEvent.playConnected.event([
                        .init("protocol", .string(description.transport)),
                        .init("server", .optional(description.server)),
                    ]))
            case .note(let text): reporter.log(.info, text)
            case .fact, .interrupted, .resumed: break
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
                statistics.received(packet)
                guard selected.wants(packet.track) else { continue }
                tap.take(packet)
                note(packet)
                switch queues.push(.packet(packet), to: packet.kind, waits: waits) {
                case .taken: break
                case .dropped: if packet.kind == .video { statistics.dropped(1) }
                case .ended: return
                }
            case .discontinuity(let epoch):
                queues.clear()
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

    private func note(_ packet: Packet) {
        let isFirst = shared.withLock { shared in
            shared.outcome.hadMedia = true
            guard packet.kind == .video, packet.isKeyframe, !shared.firstKeyframe else { return false }
            shared.firstKeyframe = true
            return true
        }
        if isFirst { reporter.report(ServiceEvent.firstKeyframe.event()) }
    }

    private func finish(_ error: SluiceError?) {
        shared.withLock { shared in
            shared.outcome.error = error
            shared.outcome.hasEnded = true
        }
        for kind in [TrackKind.video, .audio] { _ = queues.push(.end, to: kind, waits: false) }
    }
}
