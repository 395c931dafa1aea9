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
    private var hasWindow: Bool { wiring.output is Window }
    private var nextStatus = HostTime.now() + .seconds(1)
    private var began: HostTime?
    private let opened = HostTime.now()
    private var lastSize: (width: Int, height: Int)?
    private var lastShown: DecodedPicture?
    private var noteShownUntil: HostTime?
    private var ending: Ending?

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
            if began == nil, wiring.sound()?.writtenFrames ?? 0 > 0 { begin(at: now) }
            try checkPlayable()
            if isFinished { return .finished }
            if durationReached(now) { return .duration }
            if now >= nextStatus { tick(now) }
            var deadline = nextStatus
            if let nextDue { deadline = min(deadline, nextDue) }
            if let until = noteShownUntil { deadline = min(deadline, until) }
            if wiring.pictures.isFinished, controls.note != Self.endNote {
                deadline = min(deadline, now + .milliseconds(20))
            }
            handle(wiring.output.waitEvents(until: deadline))
        }
    }

    // MARK: Pictures

    /// Shows what is due; returns when to look again, nil when only a new picture can change anything.
    private func present(_ now: HostTime) throws(SluiceError) -> HostTime? {
        wiring.plan == .immediate ? try presentNewest(now) : try presentDue()
    }

    private func presentNewest(_ now: HostTime) throws(SluiceError) -> HostTime? {
        guard let (picture, passedOver) = wiring.pictures.takeNewest() else { return nil }
        // While paused pictures flow by unseen: going on means being live at once.
        guard !controls.isPaused else { return nil }
        wiring.statistics.dropped(passedOver)
        try show(picture)
        return nil
    }

    private func presentDue() throws(SluiceError) -> HostTime? {
        while let (first, second) = wiring.pictures.peek() {
            let now = HostTime.now()
            guard let pts = first.pts else {
                if let picture = wiring.pictures.takeFirst() { try show(picture) }
                continue
            }
            startClockIfNobodyElseWill(pts, now)
            // A picture that comes long after its time, with the clock run by nobody: the source stalled.
            if let due = wiring.clock.host(of: pts), second == nil, now - due > .milliseconds(300), !soundRuns {
                wiring.clock.restart(media: pts, at: now)
            }
            let due = wiring.clock.host(of: pts)
            let nextDue = second?.pts.flatMap { wiring.clock.host(of: $0) }
            switch PictureSchedule.decide(due: due, nextDue: nextDue, now: now) {
            case .wait(let until): return until
            case .drop:
                _ = wiring.pictures.takeFirst()
                wiring.statistics.dropped(1)
            case .show:
                if soundIsStarved(now) { return now + .milliseconds(10) }
                if let picture = wiring.pictures.takeFirst() { try show(picture) }
            }
        }
        return nil
    }

    /// Sound starts the clock where there is sound; where none comes, the picture does.
    private func startClockIfNobodyElseWill(_ pts: MediaTime, _ now: HostTime) {
        guard !wiring.clock.isRunning else { return }
        let expectsSound = wiring.feed.shared.read { $0.audio != nil } && !wiring.soundIsDone()
        if waitingSince == nil { waitingSince = now }
        if !expectsSound || now - (waitingSince ?? now) > .milliseconds(1500) {
            wiring.clock.start(media: pts, at: now)
        }
    }
    private var waitingSince: HostTime?

    /// Sound that ran dry is waited for, so that both go on together; not for long, since it may be a hole in
    /// the stream's sound alone.
    private func soundIsStarved(_ now: HostTime) -> Bool {
        guard let sound = wiring.sound(), sound.position.state == .starved, !wiring.soundIsDone() else {
            starvedSince = nil
            return false
        }
        starvedSince = starvedSince ?? now
        return now - (starvedSince ?? now) < Self.soundPatience
    }
    private var starvedSince: HostTime?
    private static let soundPatience = Span.seconds(1)

    private var soundRuns: Bool { wiring.sound().map { $0.position.state == .playing } ?? false }

    private func show(_ picture: DecodedPicture) throws(SluiceError) {
        begin(at: .now())
        adapt(to: picture)
        if wiring.output.wantsConversion(for: picture.frame) { return }
        try wiring.output.show(picture.frame, overlay: overlayLines())
        let host = HostTime.now()
        lastShown = picture
        wiring.clock.pictureShown(picture.pts, at: host)
        if let lag = wiring.statistics.shown(picture, at: host, wall: .now()) {
            wiring.reporter.report(ServiceEvent.lag.event([.init("gap_ms", .number(lag.milliseconds))]))
        }
    }

    /// With the first picture or the first sound, whichever comes first.
    private func begin(at now: HostTime) {
        guard began == nil else { return }
        began = now
        wiring.reporter.report(ServiceEvent.playbackBegins.event())
    }

    /// The window follows the stream's size unless the user has chosen one.
    private func adapt(to picture: DecodedPicture) {
        let size = (width: picture.frame.displayWidth, height: picture.frame.height)
        defer { lastSize = size }
        guard let last = lastSize else {
            if wiring.openedBlind, wiring.settings.size == nil {
                wiring.output.resize(width: size.width, height: size.height)
            }
            return
        }
        guard last != size else { return }
        wiring.reporter.log(.notice, "the picture is now \(size.width)x\(size.height)")
        if wiring.settings.size == nil { wiring.output.resize(width: size.width, height: size.height) }
    }

    // MARK: Time

    private var isFinished: Bool { hasPlayedOut && !staysOpen }

    /// A live stream that has ended leaves its last picture in the window until somebody closes it.
    private var staysOpen: Bool {
        guard hasWindow, !wiring.settings.exitsAtEnd, wiring.plan == .immediate, lastShown != nil,
            wiring.feed.shared.read({ $0.outcome.error == nil && $0.outcome.hasEnded })
        else { return false }
        if controls.note != Self.endNote {
            controls.note = Self.endNote
            noteShownUntil = HostTime(nanoseconds: .max)
            refreshOverlay()
        }
        return true
    }
    private static let endNote = "the stream has ended   q quit"

    private var hasPlayedOut: Bool {
        let (ended, video, audio, isLive) = wiring.feed.shared.read { shared in
            (shared.outcome.hasEnded, shared.video, shared.audio, shared.description?.isLive == true)
        }
        // A duration in media time ends the stages one by one while the source may still wait for room.
        guard ended || (wiring.settings.duration != nil && !isLive && (video != nil || audio != nil)) else {
            return false
        }
        guard video == nil || wiring.pictures.isFinished, audio == nil || wiring.soundIsDone() else { return false }
        guard let sound = wiring.sound(), !controls.isPaused else { return !controls.isPaused }
        switch sound.position.state {
        case .idle, .starved: return true
        case .playing, .paused, .gated: return false
        }
    }

    /// Live input ends by the clock; files end by their media, which the stages watch.
    private func durationReached(_ now: HostTime) -> Bool {
        guard let duration = wiring.settings.duration,
            wiring.feed.shared.read({ $0.description?.isLive == true })
        else { return false }
        // A stream that never brings a key frame is not watched for longer than was asked either.
        return now - (began ?? opened) >= duration
    }

    /// Nothing of what was chosen can be decoded.
    private func checkPlayable() throws(SluiceError) {
        let (video, audio, problems) = wiring.feed.shared.read { ($0.video, $0.audio, $0.unplayable) }
        guard let problem = problems[.video] ?? problems[.audio] else { return }
        if video != nil, problems[.video] == nil { return }
        if audio != nil, problems[.audio] == nil { return }
        throw problem
    }

    private func tick(_ now: HostTime) {
        nextStatus = max(nextStatus + .seconds(1), now)
        wiring.reporter.report(
            wiring.statistics.statusEvent(
                videoCache: wiring.queues.span(.video), audioCache: wiring.queues.span(.audio), now: now))
        if let until = noteShownUntil, now >= until { noteShownUntil = nil }
        refreshOverlay()
    }

    // MARK: Window

    private func handle(_ events: [WindowEvent]) {
        if let until = noteShownUntil, HostTime.now() >= until {
            noteShownUntil = nil
            refreshOverlay()
        }
        for event in events {
            switch event {
            case .quit: ending = .user
            case .key(let key): press(key)
            case .resized, .exposed, .wake: break
            }
        }
    }

    private func press(_ key: Key) {
        guard let action = controls.press(key) else { return }
        switch action {
        case .quit: ending = .user
        case .fullscreen: wiring.output.toggleFullscreen()
        case .pause(let paused):
            wiring.clock.setPaused(paused, at: .now())
            // Live sound plays on, unheard: it must not be late afterwards.
            if wiring.plan == .immediate {
                wiring.sound()?.setMuted(paused || controls.isMuted)
            } else {
                wiring.sound()?.pause(paused)
            }
            wiring.statistics.forgetLastPicture()
        case .live: break
        case .mute(let muted): wiring.sound()?.setMuted(muted)
        case .volume(let percent): wiring.sound()?.setVolume(Float(percent) / 100)
        case .snapshot:
            if let lastShown {
                let name = "sluice-\(WallTime.now().fileStamp).png"
                wiring.snapshots.save(lastShown.frame, to: name)
            }
        case .overlay, .help: break
        case .seek(let distance): seek(by: distance)
        }
        noteShownUntil = .now() + .milliseconds(1500)
        refreshOverlay()
    }

    private func seek(by distance: Span) {
        guard wiring.feed.shared.read({ $0.description?.isSeekable == true }), let lastPTS = lastShown?.pts else {
            controls.note = "cannot seek here"
            return
        }
        let from = wiring.clock.media(at: .now()) ?? lastPTS
        let target = max(.zero, from + distance)
        let epoch = wiring.clock.epoch + 1
        wiring.feed.shared.withLock { $0.seekTarget = target }
        wiring.clock.reset(epoch: epoch)
        wiring.pictures.flush(epoch: epoch)
        waitingSince = nil
        wiring.statistics.forgetLastPicture()
        wiring.source.seek(to: target, epoch: epoch)
    }

    private func overlayLines() -> [String] {
        var lines = noteShownUntil == nil ? [] : [controls.note]
        if controls.showsHelp { lines += Controls.help }
        if controls.showsStatistics {
            lines += wiring.statistics.overlayLines(videoCache: wiring.queues.span(.video), now: .now())
        }
        return lines
    }

    private func refreshOverlay() {
        // A failure to draw is reported with the next picture.
        try? wiring.output.setOverlay(overlayLines())
    }
}

/// What the presenter asks of a source.
protocol Seeking: AnyObject {
    func seek(to time: MediaTime, epoch: Int)
}

extension Frame {
    /// Width as it is shown, pixels made square.
    var displayWidth: Int {
        guard let aspect = sampleAspect?.positiveValue else { return width }
        return max(1, Int((Double(width) * aspect).rounded()))
    }
}
