// When a play is over, and what is said then. The initial thread's.
import Intake
import Model
import Screen

extension Presenter {
    var hasWindow: Bool { wiring.output is Window }

    var isFinished: Bool { hasPlayedOut && !staysOpen }

    /// The end of a live stream is the end of the play.
    var leavesAtEnd: Bool { wiring.settings.exitsAtEnd ?? !hasWindow }

    /// A live stream that has ended, and for whose return nobody waits, leaves its last picture in the window
    /// until somebody closes it.
    var staysOpen: Bool {
        guard hasWindow, !leavesAtEnd, lastShown != nil else { return false }
        return wiring.feed.shared.read { shared in
            shared.description?.isLive == true && shared.outcome.error == nil && shared.outcome.hasEnded
        }
    }

    /// What there is to say in the window for as long as it is so.
    var connectionLine: String? {
        if let line = wiring.feed.shared.read({ $0.outcome.hasEnded ? nil : $0.interruption?.line }) { return line }
        return staysOpen && hasPlayedOut ? "the stream has ended   q quit" : nil
    }

    var hasPlayedOut: Bool {
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
    func durationReached(_ now: HostTime) -> Bool {
        guard let duration = wiring.settings.duration,
            wiring.feed.shared.read({ $0.description?.isLive == true })
        else { return false }
        // A stream that never brings a key frame is not watched for longer than was asked either.
        return now - (began ?? opened) >= duration
    }

    /// Nothing of what was chosen can be decoded.
    func checkPlayable() throws(SluiceError) {
        let (video, audio, problems) = wiring.feed.shared.read { ($0.video, $0.audio, $0.unplayable) }
        guard let problem = problems[.video] ?? problems[.audio] else { return }
        if video != nil, problems[.video] == nil { return }
        if audio != nil, problems[.audio] == nil { return }
        throw problem
    }
}
