// Measures how unevenly packets arrive, and where the live edge of a stream is.
public import Model

/// RFC 3550 §6.4.1 on arrival and media time.
public struct JitterEstimator: Sendable {
    private var last: (arrival: HostTime, media: MediaTime)?
    /// The running estimate.
    public private(set) var jitter = Span.zero

    public init() {}

    public mutating func add(arrival: HostTime, media: MediaTime) {
        defer { last = (arrival, media) }
        guard let last else { return }
        let difference = ((arrival - last.arrival) - (media - last.media)).magnitude
        // A jump of the timeline is not jitter.
        guard difference < .seconds(10) else { return }
        jitter = jitter + (difference - jitter) / 16
    }
}

/// The least arrival − media time of the last seconds: what the fastest packets show to be possible.
/// A burst at the start needs no special care, because its end is the fastest part of it.
public struct LiveEdge: Sendable {
    private var buckets: [(start: HostTime, least: Span)] = []
    private let window: Span
    private static let bucketLength = Span.seconds(1)

    public init(window: Span = .seconds(15)) { self.window = window }

    public mutating func add(arrival: HostTime, media: MediaTime) {
        let offset = Span(nanoseconds: arrival.nanoseconds &- media.nanoseconds)
        if let newest = buckets.last, arrival - newest.start < Self.bucketLength {
            buckets[buckets.count - 1].least = min(newest.least, offset)
        } else {
            buckets.append((arrival, offset))
        }
        buckets.removeAll { arrival - $0.start > window }
    }

    /// Forgets everything, for a jump of the timeline or a reconnect.
    public mutating func reset() { buckets = [] }

    /// Host time − media time of the edge.
    public var offset: Span? { buckets.map(\.least).min() }

    /// How far behind the edge something is that is presented at `host` and stamped `media`.
    public func delay(presenting media: MediaTime, at host: HostTime) -> Span? {
        offset.map { Span(nanoseconds: host.nanoseconds &- media.nanoseconds) - $0 }
    }
}
