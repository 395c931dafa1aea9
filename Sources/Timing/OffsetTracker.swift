// A robust middle of recent offsets, for steering: one late picture must not move the sound.
public import Model

/// The median of the last `capacity` values.
public struct OffsetTracker: Sendable {
    private var values: [Span] = []
    private let capacity: Int

    public init(capacity: Int = 15) { self.capacity = max(1, capacity) }

    public mutating func add(_ value: Span) {
        // Another timeline: what came before says nothing about it.
        if let median, (value - median).magnitude > .seconds(5) { values = [] }
        values.append(value)
        if values.count > capacity { values.removeFirst() }
    }

    public mutating func reset() { values = [] }

    public var median: Span? {
        guard !values.isEmpty else { return nil }
        return values.sorted()[values.count / 2]
    }
}
