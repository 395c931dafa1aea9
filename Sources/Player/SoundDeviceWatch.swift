// Whether a sound device takes what it is given. A sound server whose sink is being woken up, or a headset out of
// reach, takes nothing for a while: to say then when a sample is heard would be guessing.
import Model
import Screen

struct SoundDeviceWatch {
    enum Judgement: Equatable {
        case runs
        /// It has taken nothing for longer than any device's period.
        case standsStill
        /// It has stood still for so long that nobody waits for it any more; news the first time.
        case isGone(isNews: Bool)
        /// It takes sound again after it was gone; told once.
        case isBack
    }

    /// The longest that a device in order takes between two callbacks, besides its own latency.
    static let tolerance = Span.milliseconds(150)
    /// How long the picture waits for the device.
    static let patience = Span.seconds(3)

    private var isGone = false
    private var last: (at: HostTime, seen: HostTime)?

    /// Asked again and again while there is sound to play.
    /// - Parameter queued: Frames that wait for the device; without any it has nothing to take.
    mutating func judge(_ position: AudioPosition, queued: Int, now: HostTime) -> Judgement {
        if last?.at != position.at { last = (position.at, now) }
        let silence = last.map { now - $0.seen - position.latency } ?? .zero
        guard silence > Self.tolerance, position.state != .paused, queued > 0 else {
            defer { isGone = false }
            return isGone ? .isBack : .runs
        }
        guard isGone || silence > Self.patience else { return .standsStill }
        defer { isGone = true }
        return .isGone(isNews: !isGone)
    }
}
