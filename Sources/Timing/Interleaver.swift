// Puts the packets of several tracks in order for targets that are not paced (files, pipes).
public import Model

/// Merges by order time. A packet leaves once every other running track has one waiting, or when the
/// tracks are further apart than `patience` (a track that is silent must not hold up the others).
public struct Interleaver: Sendable {
    private var queues: [Int: [Packet]] = [:]
    private var ended: Set<Int> = []
    private let patience: Span

    public init(tracks: [Int], patience: Span = .seconds(10)) {
        for track in tracks { queues[track] = [] }
        self.patience = patience
    }

    /// Adds a packet and returns those that may leave now, in order.
    public mutating func add(_ packet: Packet) -> [Packet] {
        queues[packet.track, default: []].append(packet)
        return ready()
    }

    /// The track has ended: nobody waits for it any more.
    public mutating func end(track: Int) -> [Packet] {
        ended.insert(track)
        return ready()
    }

    /// Everything that is left, in order.
    public mutating func finish() -> [Packet] {
        ended.formUnion(queues.keys)
        return ready()
    }

    private mutating func ready() -> [Packet] {
        var out: [Packet] = []
        while let first = earliest() {
            let waiting = queues.contains { $0.value.isEmpty && !ended.contains($0.key) }
            if waiting, newest() - (queues[first]?.first?.orderTime ?? .zero) < patience { break }
            if let packet = queues[first]?.removeFirst() { out.append(packet) }
        }
        return out
    }

    private func earliest() -> Int? {
        queues.compactMap { id, queue in queue.first.map { (id, $0.orderTime ?? .zero) } }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    private func newest() -> MediaTime { queues.values.compactMap { $0.last?.orderTime }.max() ?? .zero }
}
