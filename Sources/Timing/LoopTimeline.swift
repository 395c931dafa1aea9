// Keeps timestamps strictly monotonic when a source starts again from its beginning.
public import Model

/// Shifts the packets of each pass so that it begins where the pass before ended. All tracks share one
/// shift: sound and picture stay together over any number of loops.
public struct LoopTimeline: Sendable {
    private var shift = Span.zero
    /// Earliest presentation of the pass: the next one is put so that its pictures follow without a gap,
    /// even where B-frames let decoding begin before.
    private var first: MediaTime?
    private var end: MediaTime?
    private var lastOrder: [Int: MediaTime] = [:]
    private var lastStep: [Int: Span] = [:]

    public init() {}

    /// Call between the last packet of a pass and the first of the next.
    public mutating func nextPass() {
        guard let first, let end else { return }
        shift = shift + max(end - first, .milliseconds(1))
        self.end = nil
        self.first = nil
    }

    /// The packet on the continuous timeline.
    public mutating func place(_ packet: Packet) -> Packet {
        guard let original = packet.orderTime else { return packet }
        first = min(first ?? packet.pts ?? original, packet.pts ?? original)
        let step = packet.duration ?? lastStep[packet.track] ?? .zero
        end = max(end ?? original, max(original, packet.pts ?? original) + step)
        var moved = packet
        moved.pts = packet.pts.map { $0 + shift }
        moved.dts = packet.dts.map { $0 + shift }
        guard var order = moved.orderTime else { return moved }
        if let last = lastOrder[packet.track] {
            if order <= last {
                // A source that repeats or steps back a little still leaves in order.
                order = last + .microseconds(1)
                if moved.dts != nil { moved.dts = order } else { moved.pts = order }
                if let pts = moved.pts, pts < order { moved.pts = order }
            } else {
                lastStep[packet.track] = order - last
            }
        }
        lastOrder[packet.track] = order
        return moved
    }
}
