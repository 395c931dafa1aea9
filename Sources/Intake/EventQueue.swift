// Between whatever reads (a thread or the event loop) and the one who consumes. Bounded both ways: a
// file's thread waits for room, a live connection cannot wait and loses whole GOPs instead.
import Model
import Synchronization

final class EventQueue: Sendable {
    private struct Item: Sendable {
        var event: SourceEvent
        var cost: Int
    }
    private struct LiveState {
        var last: MediaTime?
        var isDropping = false
        var dropped = 0
        var hasVideo = false
    }

    /// Live media that may wait for a slow reader. Beyond it the oldest promise of a live tool, to be
    /// live, is broken anyway.
    static let liveLimit = Span.seconds(10)

    /// Also packets whose stamps stand still take room.
    private static let leastCost = 500_000

    private let queue: BoundedQueue<Item>
    /// Cost of a byte: 1 where the bound is in bytes; where it is in time, so that 4 MiB fill it.
    private let bytePrice: Int
    private let live = Mutex(LiveState())

    /// - Parameter bytes: Bound for sources that can wait; nil makes a live queue, bounded in media time.
    init(bytes: Int?) {
        queue = BoundedQueue(limit: bytes ?? Int(Self.liveLimit.nanoseconds)) { $0.cost }
        bytePrice = bytes == nil ? Int(Self.liveLimit.nanoseconds) / (4 << 20) : 1
    }

    /// Waits for room. False when the reader has gone.
    func pushWaiting(_ event: SourceEvent) -> Bool {
        var cost = 64
        if case .packet(let packet) = event { cost += packet.data.count }
        return queue.push(Item(event: event, cost: cost * bytePrice))
    }

    /// Never waits. Packets that find no room are dropped until the next key frame, and counted.
    func pushLive(_ event: SourceEvent) {
        guard case .packet(let packet) = event else {
            if case .tracks(let tracks) = event {
                live.withLock { $0.hasVideo = tracks.contains { $0.kind == .video } }
            }
            queue.forcePush(Item(event: event, cost: 0))
            return
        }
        let cost = live.withLock { state -> Int? in
            if state.isDropping {
                let mayResume = packet.kind == .video ? packet.isKeyframe : !state.hasVideo
                guard mayResume, queue.depth.cost < Int(Self.liveLimit.nanoseconds) / 2 else {
                    state.dropped += 1
                    return nil
                }
                state.isDropping = false
            }
            guard packet.kind == .video || !state.hasVideo, let time = packet.orderTime else {
                return Self.leastCost
            }
            let step = state.last.map { time - $0 } ?? .zero
            state.last = time
            return max(Self.leastCost, Int(min(step, .seconds(1)).nanoseconds))
        }
        guard let cost else { return }
        if !queue.tryPush(Item(event: event, cost: cost)) {
            live.withLock {
                $0.isDropping = true
                $0.dropped += 1
            }
        }
    }

    /// Packets that found no room.
    var dropped: Int { live.withLock(\.dropped) }

    /// The next event; nil at the deadline, and for ever once closed and empty.
    func next(until deadline: HostTime?) -> SourceEvent? {
        guard case .element(let item) = queue.pop(deadline: deadline) else { return nil }
        return item.event
    }

    /// Waits for a moment, or until the queue is closed; for readers that have nothing to do.
    func wait(until deadline: HostTime) { queue.waitForClose(until: deadline) }

    /// Throws away what waits, for a seek.
    func drain() { queue.drain() }
    func close() { queue.close() }
    var isFinished: Bool { queue.isClosed && queue.depth.count == 0 }
}
