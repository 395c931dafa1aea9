// Keeps timestamps strictly monotonic when a source starts again from its beginning.
public import Model

/// Shifts the packets of each pass so that it begins where the pass before ended. All tracks share one
/// shift: sound and picture stay together over any number of loops. A jump inside a pass (recordings that
/// were glued together) is closed in the same way, at whichever track meets it first.
public struct LoopTimeline: Sendable {
    /// A step back of more than this, or a step forward of more than `gap`, is another timeline.
    static let rollback = Span.seconds(1)
    static let gap = Span.seconds(10)

    /// What is added to the stamps; a new one for each pass and each jump.
    private var shifts = [Span.zero]
    /// Which of them a track uses, and its last stamp as the source gave it.
    private var states: [Int: (generation: Int, original: MediaTime)] = [:]
    private var shift: Span { shifts[shifts.count - 1] }
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
        shifts = [shift + max(end - first, .milliseconds(1))]
        states = [:]
        self.end = nil
        self.first = nil
    }

    /// The packet on the continuous timeline.
    public mutating func place(_ packet: Packet) -> Packet {
        guard let original = packet.orderTime else { return packet }
        first = min(first ?? packet.pts ?? original, packet.pts ?? original)
        let step = packet.duration ?? lastStep[packet.track] ?? .zero
        let shift = shift(for: packet, at: original, step: step)
        if shifts.count > 1 {
            // Times of the pass are told in the terms of the latest shift.
            let moved = (packet.pts ?? original) + (shift - self.shift)
            end = max(end ?? moved, moved + step)
        } else {
            end = max(end ?? original, max(original, packet.pts ?? original) + step)
        }
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

    private mutating func shift(for packet: Packet, at original: MediaTime, step: Span) -> Span {
        let latest = shifts.count - 1
        guard let state = states[packet.track] else {
            states[packet.track] = (latest, original)
            return shifts[latest]
        }
        var generation = state.generation
        if original < state.original - Self.rollback || original > state.original + Self.gap {
            if generation == latest {
                // The first track to meet the jump decides where the stream goes on.
                let wanted = (lastOrder[packet.track] ?? .zero) + max(step, .milliseconds(1))
                let change = wanted - original
                first = first.map { $0 + (shifts[latest] - change) }
                end = end.map { $0 + (shifts[latest] - change) }
                shifts.append(change)
                generation = latest + 1
            } else {
                generation = latest
            }
        }
        states[packet.track] = (generation, original)
        return shifts[generation]
    }
}
