// How late each packet of one track is against the fastest of the recent past, and where the live edge is.
public import Model

/// One track's arrival − media time (DTS), and the least of it, which is the live edge.
///
/// The edge falls at once and rises by a leak that is a little faster than any crystal drifts, so that the skew
/// between the sender's clock and ours is followed either way and never adds up, while a minute of jitter does
/// not let the floor be forgotten that the line showed before. A line or a sender that has become slower for good
/// (nothing of the last ten seconds came near the edge) gets a new edge in one step.
///
/// A burst at the start needs no special care: each of its packets is faster than the one before, so none is
/// late, and its end is the edge.
public struct ArrivalModel: Sendable {
    /// Rise of the edge per second. Crystals differ by less than 200 ppm; 500 lets those be tracked where only
    /// every other packet shows the edge.
    static let leak = 0.0005
    /// What the edge may lie below everything of the last `memory` before it is given up. Jitter of 0–300 ms,
    /// in order, hides the floor by 150 ms and more for minutes.
    static let shift = Span.milliseconds(400)
    static let memory = Span.seconds(10)
    /// Stamps that step back by more, or step ahead of their arrival by more, belong to another timeline.
    static let rollback = Span.seconds(1)
    static let jump = Span.seconds(3)

    private var last: (arrival: HostTime, media: MediaTime)?
    private var floor: (at: HostTime, offset: Span)?
    /// Least offset of each second.
    private var seconds: [(start: HostTime, least: Span)] = []
    /// When the edge last fell by more than jitter makes it fall.
    private var lastFall: HostTime?
    /// The longest step between two stamps of the timeline, for tracks that are slow by nature.
    private var longestStep = Span.zero
    /// How far the edge has been moved up in steps since the start or the last `reset()`.
    public private(set) var shifted = Span.zero
    /// Timelines that began because stamps jumped or rolled back.
    public private(set) var discontinuities = 0

    public init() {}

    /// Host time − media time of the live edge at the last arrival; nil before the first.
    public var edge: Span? { floor?.offset }

    /// Tells of a packet, in the order of arrival.
    /// - Returns: By how much it is later than the fastest; nil for the first of a timeline, which compares with
    ///   nothing.
    public mutating func add(arrival: HostTime, media: MediaTime) -> Span? {
        if let last {
            let step = media - last.media
            let allowed = max(Self.jump, longestStep * 4)
            if step < -Self.rollback || step - (arrival - last.arrival) > allowed {
                reset()
                discontinuities += 1
            } else {
                longestStep = max(longestStep, min(step, .seconds(10)))
            }
        }
        last = (arrival, media)
        let offset = Span(nanoseconds: arrival.nanoseconds &- media.nanoseconds)
        remember(offset, at: arrival)
        guard let floor else {
            self.floor = (arrival, offset)
            lastFall = arrival
            return nil
        }
        let leaked = floor.offset + max(.zero, arrival - floor.at) * Self.leak
        if offset < leaked - .milliseconds(20) { lastFall = arrival }
        var edge = min(leaked, offset)
        if let first = seconds.first, arrival - first.start >= Self.memory - .seconds(1),
            let least = seconds.map(\.least).min(), least - edge > Self.shift
        {
            shifted += least - edge
            edge = least
        }
        self.floor = (arrival, edge)
        return max(.zero, offset - edge)
    }

    /// Whether packets still come in faster than they play: a burst whose end will be the edge.
    public func isBurst(at now: HostTime) -> Bool { lastFall.map { now - $0 < .milliseconds(150) } ?? false }

    /// Forgets everything, for a reconnect or a jump of the timeline that is known from elsewhere.
    public mutating func reset() {
        last = nil
        floor = nil
        seconds = []
        lastFall = nil
        longestStep = .zero
        shifted = .zero
    }

    private mutating func remember(_ offset: Span, at arrival: HostTime) {
        if let newest = seconds.last, arrival - newest.start < .seconds(1) {
            seconds[seconds.count - 1].least = min(newest.least, offset)
        } else {
            seconds.append((arrival, offset))
            seconds.removeAll { arrival - $0.start > Self.memory }
        }
    }
}
