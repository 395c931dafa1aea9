// Which media time belongs to which host time.
public import Model

/// A line through (host, media) with a slope: the rate while playing (1 unless set), 0 while paused.
public struct PlaybackClock: Sendable {
    private var anchorHost: HostTime
    private var anchorMedia: MediaTime
    public private(set) var isPaused = false
    /// Media time per host time while not paused.
    public private(set) var rate = 1.0

    /// A clock that shows `media` at `host` and runs on at real time.
    public init(media: MediaTime, at host: HostTime) {
        anchorHost = host
        anchorMedia = media
    }

    public func media(at host: HostTime) -> MediaTime {
        guard !isPaused else { return anchorMedia }
        return anchorMedia + (rate == 1 ? host - anchorHost : (host - anchorHost) * rate)
    }

    /// When `media` is due if the rate stays; nil while paused.
    public func host(of media: MediaTime) -> HostTime? {
        guard !isPaused else { return nil }
        return anchorHost + (rate == 1 ? media - anchorMedia : (media - anchorMedia) / rate)
    }

    /// From `host` on media pass at this rate. What was due before stays due when it was, and there is no jump:
    /// `media(at: host)` is the same under both rates. A rate that is not above zero is ignored.
    public mutating func setRate(_ rate: Double, at host: HostTime) {
        guard rate > 0, rate.isFinite, rate != self.rate else { return }
        if !isPaused {
            anchorMedia = media(at: host)
            anchorHost = host
        }
        self.rate = rate
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
