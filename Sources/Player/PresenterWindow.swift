// What happens in the window: keys, notes, the overlay, seeking. The initial thread's.
import Intake
import Media
import Model
import Screen

extension Presenter {
    func handle(_ events: [WindowEvent]) {
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

    func press(_ key: Key) {
        guard let action = controls.press(key) else { return }
        switch action {
        case .quit: ending = .user
        case .fullscreen: wiring.output.toggleFullscreen()
        case .pause(let paused):
            // Live sound plays on, unheard: it must not be late afterwards.
            if wiring.plan.isLive {
                wiring.sound()?.setMuted(paused || controls.isMuted)
            } else {
                wiring.clock.setPaused(paused, at: .now())
                wiring.sound()?.pause(paused)
            }
            wiring.statistics.forgetLastPicture()
        case .live: lead.wantsLive = true
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

    func seek(by distance: Span) {
        guard wiring.feed.shared.read({ $0.description?.isSeekable == true }), let lastPTS = lastShown?.pts else {
            controls.note = "cannot seek here"
            return
        }
        // Several presses in a row add up, though the first has not arrived yet.
        let from = wiring.clock.media(at: .now()) ?? seekTarget ?? lastPTS
        let length = wiring.feed.shared.read { $0.description?.duration }
        var target = max(.zero, from + distance)
        // Beyond the end there is nothing to see; its last second is where one wants to be.
        if let length { target = min(target, MediaTime.zero + max(.zero, length - .seconds(1))) }
        seekTarget = target
        let epoch = wiring.clock.epoch + 1
        wiring.feed.shared.withLock { $0.seekTarget = target }
        wiring.clock.reset(epoch: epoch)
        wiring.pictures.flush(epoch: epoch)
        waitingSince = nil
        wiring.statistics.forgetLastPicture()
        wiring.source.seek(to: target, epoch: epoch)
    }

    func overlayLines() -> [String] {
        var lines = connectionLine.map { [$0] } ?? []
        if noteShownUntil != nil { lines.append(controls.note) }
        if noteShownUntil != nil || controls.isPaused || controls.showsStatistics { lines += progress }
        if controls.showsHelp { lines += Controls.help }
        if controls.showsStatistics {
            lines += wiring.statistics.overlayLines(videoCache: wiring.queues.span(.video), now: .now())
        }
        return lines
    }

    /// Of files: where one is.
    private var progress: [String] {
        let (isSeekable, duration) = wiring.feed.shared.read { shared in
            (shared.description?.isSeekable == true, shared.description?.duration)
        }
        guard isSeekable, let position = wiring.clock.media(at: .now()) ?? seekTarget ?? lastShown?.pts else {
            return []
        }
        return [ProgressLine.text(position: position - .zero, of: duration)]
    }

    func refreshOverlay() {
        // A failure to draw is reported with the next picture.
        try? wiring.output.setOverlay(overlayLines())
    }
}
