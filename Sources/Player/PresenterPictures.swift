// Which picture is shown when. The initial thread's.
import Media
import Model
import Screen
import Timing

extension Presenter {
    /// Shows what is due; returns when to look again, nil when only a new picture can change anything.
    func present(_ now: HostTime) throws(SluiceError) -> HostTime? {
        switch wiring.plan {
        case .immediate: return try presentNewest(now)
        case .clocked, .unpaced: return try presentDue()
        case .buffered:
            let next = leadClock(now)
            return min(next, try presentDue() ?? next)
        }
    }

    func presentNewest(_ now: HostTime) throws(SluiceError) -> HostTime? {
        guard let (picture, passedOver) = wiring.pictures.takeNewest() else { return nil }
        // While paused pictures flow by unseen: going on means being live at once.
        guard !controls.isPaused else { return nil }
        wiring.statistics.dropped(passedOver)
        try show(picture)
        return nil
    }

    func presentDue() throws(SluiceError) -> HostTime? {
        while let (first, second) = wiring.pictures.peek() {
            let now = HostTime.now()
            guard let pts = first.pts else {
                if let picture = wiring.pictures.takeFirst() { try show(picture) }
                continue
            }
            if wiring.plan != .buffered { startClockIfNobodyElseWill(pts, now) }
            // A picture that comes long after its time, with the clock run by nobody: the source stalled.
            if wiring.plan != .buffered, let due = wiring.clock.host(of: pts), second == nil,
                now - due > .milliseconds(300), !soundRuns
            {
                wiring.clock.restart(media: pts, at: now)
            }
            let due = wiring.clock.host(of: pts)
            let nextDue = second?.pts.flatMap { wiring.clock.host(of: $0) }
            switch PictureSchedule.decide(due: due, nextDue: nextDue, now: now) {
            case .wait(let until):
                // The first one is not held back by a clock that has yet to begin: better a still than nothing.
                guard lastShown?.epoch != first.epoch else { return until }
                if let picture = wiring.pictures.takeFirst() { try show(picture) }
            case .drop:
                _ = wiring.pictures.takeFirst()
                wiring.statistics.dropped(1)
            case .show:
                if wiring.plan != .buffered, soundIsStarved(now) { return now + .milliseconds(10) }
                guard let picture = wiring.pictures.takeFirst() else { continue }
                // While paused live pictures flow by unseen: going on means being live at once.
                if !(controls.isPaused && wiring.plan == .buffered) { try show(picture) }
            }
        }
        return nil
    }

    /// Sound starts the clock where there is sound; where none comes, the picture does.
    func startClockIfNobodyElseWill(_ pts: MediaTime, _ now: HostTime) {
        guard !wiring.clock.isRunning else { return }
        let expectsSound = wiring.feed.shared.read { $0.audio != nil } && !wiring.soundIsDone()
        if waitingSince == nil { waitingSince = now }
        if !expectsSound || now - (waitingSince ?? now) > .milliseconds(1500) {
            wiring.clock.start(media: pts, at: now)
        }
    }
    /// Sound that ran dry is waited for, so that both go on together; not for long, since it may be a hole in
    /// the stream's sound alone.
    func soundIsStarved(_ now: HostTime) -> Bool {
        guard let sound = wiring.sound(), sound.position.state == .starved, !wiring.soundIsDone() else {
            starvedSince = nil
            return false
        }
        starvedSince = starvedSince ?? now
        return now - (starvedSince ?? now) < Self.soundPatience
    }
    private static let soundPatience = Span.seconds(1)

    var soundRuns: Bool { wiring.sound().map { $0.position.state == .playing } ?? false }

    func show(_ picture: DecodedPicture) throws(SluiceError) {
        begin(at: .now(), epoch: picture.epoch)
        adapt(to: picture)
        if wiring.output.wantsConversion(for: picture.frame) { return }
        try wiring.output.show(picture.frame, overlay: overlayLines())
        let host = HostTime.now()
        lastShown = picture
        if picture.epoch >= wiring.clock.epoch { wiring.clock.pictureShown(picture.pts, at: host) }
        if let lag = wiring.statistics.shown(picture, at: host, wall: .now()) {
            wiring.reporter.report(ServiceEvent.lag.event([.init("gap_ms", .number(lag.milliseconds))]))
        }
    }

    /// With the first picture or the first sound, whichever comes first; again on each connection.
    func begin(at now: HostTime, epoch: Int) {
        let (connections, first) = wiring.feed.shared.withLock { shared in
            if epoch >= shared.connectionEpoch, shared.interruption?.hasReturned == true {
                shared.interruption = nil
            }
            return (shared.connections, shared.connectionEpoch)
        }
        guard began == nil || connections > connectionsBegun, epoch >= first else { return }
        connectionsBegun = connections
        began = began ?? now
        wiring.reporter.report(ServiceEvent.playbackBegins.event())
    }

    /// Sound alone, or sound before the first picture.
    func beginWithSound(at now: HostTime) {
        guard let sound = wiring.sound(), sound.writtenFrames > 0 else { return }
        let (connections, epoch, hasVideo) = wiring.feed.shared.read {
            ($0.connections, $0.connectionEpoch, $0.video != nil)
        }
        let isAgain = connections > connectionsBegun && !hasVideo && sound.position.state == .playing
        if began == nil || isAgain { begin(at: now, epoch: epoch) }
    }

    /// The window follows the stream's size unless the user has chosen one.
    func adapt(to picture: DecodedPicture) {
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
}

extension Frame {
    /// Width as it is shown, pixels made square.
    var displayWidth: Int {
        guard let aspect = sampleAspect?.positiveValue else { return width }
        return max(1, Int((Double(width) * aspect).rounded()))
    }
}
