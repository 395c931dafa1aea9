// Percentiles of lengths of time, signed, to the millisecond.
public import Model

/// Counts per millisecond; memory grows with the spread of the values, not with their number.
public struct SpanHistogram: Sendable {
    private var counts: [Int32: Int] = [:]
    public private(set) var count = 0
    /// Values beyond ten minutes are counted at ten minutes.
    private static let limit = 600_000.0

    public init() {}

    public mutating func add(_ value: Span) {
        let ms = max(-Self.limit, min(Self.limit, value.milliseconds.rounded()))
        counts[Int32(ms), default: 0] += 1
        count += 1
    }

    /// Milliseconds below which `share` (0…1) of the values lie; nil without values.
    public func percentile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for key in counts.keys.sorted() {
            seen += counts[key] ?? 0
            if seen >= rank { return Double(key) }
        }
        return nil
    }
}
