// One INPUT of the command line at work, and what all of them share.
import Media
import Model
import Timing

/// Reads on a thread of its own until the input ends, the duration is reached or the push is over.
protocol PublishInput: AnyObject, Sendable {
    /// Tracks it can deliver; called once, before `run`, on the initial thread. Waits for the source.
    func open() throws(SluiceError) -> [Track]
    /// - Parameter stages: By `Track.id` of `open`; tracks without a stage are left out.
    func run(_ stages: [Int: any TrackStage], _ context: InputContext) throws(SluiceError)
    /// Ends by itself (a file), as opposed to running for ever (a tone).
    var isFinite: Bool { get }
    /// Frames come, not packets: they can only be encoded.
    var deliversFrames: Bool { get }
    /// Comes at its own pace.
    var isLive: Bool { get }
    func close()
}

/// What the inputs of one push share.
struct InputContext: Sendable {
    var index: Int
    var settings: PublishSettings
    var outlet: Outlet
    var reporter: any Reporter
    /// The push is over.
    var stop: CancelFlag
    var pause: CancellableWait
    /// Host time of media time zero.
    var start: HostTime
    /// Packets leave at the speed they play.
    var isPaced: Bool
    /// Several inputs are read faster than real time and must keep together.
    var keepsTogether: Bool
    /// Media that waits in the target.
    var waiting: @Sendable () -> Span

    /// A file can wait for a slow network, and must: what piles up here would leave in one burst afterwards,
    /// faster than the pacer allows.
    static let mostWaiting = Span.milliseconds(300)

    /// Waits for the moment, and for room in the target. False when the push is over.
    func wait(for due: HostTime) -> Bool {
        while waiting() > Self.mostWaiting {
            guard pause.wait(until: .now() + .milliseconds(20)) else { return false }
        }
        return pause.wait(until: due)
    }

    /// Wall time of a host time, by the clocks as they stand now.
    static func wall(of host: HostTime) -> WallTime { WallTime.now() - (HostTime.now() - host) }

    func isOver(_ time: MediaTime) -> Bool { settings.duration.map { time - .zero >= $0 } ?? false }
}
