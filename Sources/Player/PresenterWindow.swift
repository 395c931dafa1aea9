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

    func seek(by distance: Span) {
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

    func overlayLines() -> [String] {
        var lines = connectionLine.map { [$0] } ?? []
        if noteShownUntil != nil { lines.append(controls.note) }
        if controls.showsHelp { lines += Controls.help }
        if controls.showsStatistics {
            lines += wiring.statistics.overlayLines(videoCache: wiring.queues.span(.video), now: .now())
        }
        return lines
    }

    func refreshOverlay() {
        // A failure to draw is reported with the next picture.
        try? wiring.output.setOverlay(overlayLines())
    }
}
