// Decides when enough has been observed. A probe ends by itself: every wait here has a limit, and media that do
// not come are not waited for longer than it takes to be sure.
import Intake
import Model

struct ObservationEnd: Sendable {
    enum Step: Equatable {
        case done
        /// Look again at this time at the latest; nil: only another event can change the answer.
        case wait(until: HostTime?)
    }

    /// Pictures that come without a key frame: the longest GOP in use is ten seconds.
    static let keyframePatience = Span.seconds(10)
    /// A picture that was announced and has not begun: servers hold it back until the next key frame.
    static let announcedPatience = keyframePatience
    /// A picture that nothing announced beside sound that comes.
    static let unannouncedPatience = Span.seconds(1)
    /// Sound after the first key frame; its header usually came before.
    static let soundPatience = Span.milliseconds(150)

    /// How long is observed; nil: until headers and the first key frame are known.
    var duration: Span?
    /// Goes on until it is stopped, or for `duration`.
    var follows: Bool

    func step(_ observation: StreamObservation, now: HostTime) -> Step {
        if observation.hasEnded { return .done }
        if let duration { return timed(observation, duration, now) }
        return follows ? .wait(until: nil) : quick(observation, now)
    }

    private func timed(_ observation: StreamObservation, _ duration: Span, _ now: HostTime) -> Step {
        guard let first = observation.firstMedia else { return .wait(until: nil) }
        // Files are read as fast as they can be: their own time counts.
        guard observation.isLive else { return observation.mediaSpan >= duration ? .done : .wait(until: nil) }
        return now >= first + duration ? .done : .wait(until: first + duration)
    }

    private func quick(_ observation: StreamObservation, _ now: HostTime) -> Step {
        guard let first = observation.firstMedia else { return .wait(until: nil) }
        let limits = [pictureLimit(observation, first), soundLimit(observation, first)].compactMap { $0 }
        guard let last = limits.max() else { return .done }
        if observation.isLive { return now >= last ? .done : .wait(until: last) }
        // In files the tracks are known; what is missing must be near.
        return observation.mediaSpan >= Self.keyframePatience ? .done : .wait(until: nil)
    }

    /// Until when the first key frame is waited for; nil: not at all (any more).
    private func pictureLimit(_ observation: StreamObservation, _ first: HostTime) -> HostTime? {
        guard let video = observation.video else {
            guard let isExpected = Self.expects(.video, observation) else {
                return first + Self.unannouncedPatience
            }
            return isExpected ? first + Self.announcedPatience : nil
        }
        guard let keyframe = observation.firstKeyframe else {
            return first + (video.packets > 0 ? Self.keyframePatience : Self.announcedPatience)
        }
        // Transport streams tell the picture's size a moment after it.
        return (video.track.video?.width ?? 0) > 0 ? nil : keyframe + Self.soundPatience
    }

    private func soundLimit(_ observation: StreamObservation, _ first: HostTime) -> HostTime? {
        if let audio = observation.audio, (audio.track.audio?.sampleRate ?? 0) > 0 { return nil }
        if Self.expects(.audio, observation) == false { return nil }
        return (observation.firstKeyframe ?? first) + Self.soundPatience
    }

    /// What the stream's own words say about a track; nil: nothing.
    private static func expects(_ kind: TrackKind, _ observation: StreamObservation) -> Bool? {
        let flag = observation.facts.header.map { kind == .video ? $0.hasVideo : $0.hasAudio }
        guard let claims = observation.facts.claims else { return flag }
        let (this, other) =
            kind == .video ? (claims.hasVideo, claims.hasAudio) : (claims.hasAudio, claims.hasVideo)
        // Metadata that name the other track only come from somebody who knows; flags are often set blindly.
        guard let claim = this ?? (other == true ? false : nil) else { return flag }
        return claim ? true : flag == true ? nil : false
    }
}
