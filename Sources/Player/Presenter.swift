// The initial thread's loop: shows pictures at their moment, serves the window, tells the statistics each
// second. It owns the window; it never blocks on anything but the window's own wait.
import Intake
import Media
import Model
import Screen
import Timing

final class Presenter {
    struct Wiring {
        var plan: PlaybackPlan
        var settings: PlaySettings
        var source: any Seeking
        var feed: FeedStage
        var queues: TrackQueues
        var pictures: PictureQueue
        var clock: MediaClock
        var delay: DelayControl
        var statistics: PlayStatistics
        var reporter: any Reporter
        var cancel: CancelFlag
        var output: any PictureOutput
        /// The window was opened before the size of the picture was known.
        var openedBlind: Bool
        var snapshots: SnapshotOutput
        /// The sound output, once it is open.
        var sound: @Sendable () -> (any AudioSink)?
        /// True when the sound stage has written its last sample, or there is none.
        var soundIsDone: @Sendable () -> Bool
    }

    enum Ending { case finished, duration, cancelled, user }

    let wiring: Wiring
    var controls = Controls()
    private var nextStatus = HostTime.now() + .seconds(1)
    /// When the first picture was shown or the first sound written.
    var began: HostTime?
    let opened = HostTime.now()
    var lastSize: (width: Int, height: Int)?
    var lastShown: DecodedPicture?
    /// Where the last seek went.
    var seekTarget: MediaTime?
    /// Since when a picture waits for sound to start the clock.
    var waitingSince: HostTime?
    var starvedSince: HostTime?
    /// Buffered playback.
    var lead = DelayProgress()
    /// Since when sound waits for the first picture.
    var soundSince: HostTime?
    var noteShownUntil: HostTime?
    var ending: Ending?
    /// How many of the source's connections have been seen or heard, beside the first.
    var connectionsBegun = 0
    private var shownConnectionLine: String?

    init(_ wiring: Wiring) {
        self.wiring = wiring
        controls.volume = wiring.settings.volume
    }

    func run() throws(SluiceError) -> Ending {
        while true {
            let now = HostTime.now()
            if wiring.cancel.isSet { return .cancelled }
            if let ending { return ending }
            let nextDue = try present(now)
            beginWithSound(at: now)
            if leavesAtEnd, wiring.feed.shared.read({ $0.interruption?.isEndOfStream ?? false }) {
                wiring.feed.endInput()
            }
            try checkPlayable()
            if isFinished { return .finished }
            if durationReached(now) { return .duration }
            if now >= nextStatus { tick(now) }
            var deadline = nextStatus
            if let nextDue { deadline = min(deadline, nextDue) }
            if let until = noteShownUntil { deadline = min(deadline, until) }
            let line = connectionLine
            if line != shownConnectionLine {
                shownConnectionLine = line
                refreshOverlay()
            }
            if wiring.pictures.isFinished, !staysOpen {
                deadline = min(deadline, now + .milliseconds(20))
            }
            handle(wiring.output.waitEvents(until: deadline))
        }
    }

    private func tick(_ now: HostTime) {
        nextStatus = max(nextStatus + .seconds(1), now)
        wiring.reporter.report(
            wiring.statistics.statusEvent(
                videoCache: wiring.queues.span(.video), audioCache: wiring.queues.span(.audio), now: now))
        if let until = noteShownUntil, now >= until { noteShownUntil = nil }
        refreshOverlay()
    }
}

/// What the presenter asks of a source.
protocol Seeking: AnyObject {
    func seek(to time: MediaTime, epoch: Int)
}
