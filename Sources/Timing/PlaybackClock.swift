// Which media time belongs to which host time.
public import Model

/// A line through (host, media) with a slope: 1 while playing, 0 while paused.
public struct PlaybackClock: Sendable {
    private var anchorHost: HostTime
    private var anchorMedia: MediaTime
    public private(set) var isPaused = false

    /// A clock that shows `media` at `host` and runs on at real time.
    public init(media: MediaTime, at host: HostTime) {
        anchorHost = host
        anchorMedia = media
    }

    public func media(at host: HostTime) -> MediaTime {
        isPaused ? anchorMedia : anchorMedia + (host - anchorHost)
    }

    /// When `media` is due; nil while paused.
    public func host(of media: MediaTime) -> HostTime? {
        isPaused ? nil : anchorHost + (media - anchorMedia)
    }

    public mutating func pause(at host: HostTime) {
        guard !isPaused else { return }
        anchorMedia = media(at: host)
        anchorHost = host
        isPaused = true
    }

    public mutating func resume(at host: HostTime) {
        guard isPaused else { return }
        anchorHost = host
        isPaused = false
    }

    /// Moves by a fraction of `error` (positive: the clock is behind), at once when it is large.
    public mutating func correct(by error: Span, gain: Double = 0.1) {
        anchorMedia += error.magnitude > .milliseconds(250) ? error : error * gain
    }
}
