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
        /// Of these, how many `lostHere` has told.
        var told = 0
        var hasVideo = false
    }

    /// Live media that may wait for a slow reader. Beyond it the oldest promise of a live tool, to be
    /// live, is broken anyway.
    static let liveLimit = Span.seconds(10)

    /// Also packets whose stamps stand still take room.
    private static let leastCost = 500_000
    /// The same for a bound in bytes, and about what a packet takes beside its data.
    private static let packetCost = 256

    private let queue: BoundedQueue<Item>
    /// Cost of a byte: 1 where the bound is in bytes; where it is in time, so that 4 MiB fill it.
    private let bytePrice: Int
    private let live = Mutex(LiveState())
    private let isLive: Bool
    private let isTimed: Bool
    private let limit: Int
    private let wantsFacts: Bool

    /// - Parameters:
    ///   - bytes: Bound for sources that can wait; nil makes a live queue, bounded in media time.
    ///   - liveBytes: Bounds a live queue in bytes instead.
    ///   - wantsFacts: Whether `tell` does anything.
    init(bytes: Int?, liveBytes: Int? = nil, wantsFacts: Bool = false) {
        isLive = bytes == nil
        isTimed = isLive && liveBytes == nil
        self.wantsFacts = wantsFacts
        limit = bytes ?? liveBytes ?? Int(Self.liveLimit.nanoseconds)
        queue = BoundedQueue(limit: limit) { $0.cost }
        bytePrice = isTimed ? Int(Self.liveLimit.nanoseconds) / (4 << 20) : 1
    }

    /// Waits for room. False when the reader has gone.
    func pushWaiting(_ event: SourceEvent) -> Bool {
        var cost = 64
        switch event {
        case .packet(let packet): cost += packet.data.count
        case .fact(.playlist(let list)): cost += list.segmentDurations.count * 8
        default: break
        }
        return queue.push(Item(event: event, cost: cost * bytePrice))
    }

    /// Waits for room or not, as the queue does.
    func put(_ event: SourceEvent) { if isLive { pushLive(event) } else { _ = pushWaiting(event) } }

    /// Tells a fact, where facts are wanted: waits for room or not, as the queue does. A live reader that is
    /// too slow for packets does not get more facts either.
    func tell(_ fact: @autoclosure () -> SourceFact) {
        guard wantsFacts else { return }
        if isLive {
            _ = queue.tryPush(Item(event: .fact(fact()), cost: isTimed ? Self.leastCost : Self.packetCost))
        } else {
            _ = pushWaiting(.fact(fact()))
        }
    }

    /// Never waits. Packets that find no room are dropped until the next key frame, and counted.
    func pushLive(_ event: SourceEvent) {
        guard case .packet(let packet) = event else {
            if case .tracks(let tracks) = event {
                live.withLock { $0.hasVideo = tracks.contains { $0.kind == .video } }
            } else if case .end = event {
                tellLoss()
            }
            queue.forcePush(Item(event: event, cost: 0))
            return
        }
        let cost = live.withLock { state -> Int? in
            if state.isDropping {
                let mayResume = packet.kind == .video ? packet.isKeyframe : !state.hasVideo
                guard mayResume, queue.depth.cost < limit / 2 else {
                    state.dropped += 1
                    return nil
                }
                state.isDropping = false
            }
            guard isTimed else { return packet.data.count + Self.packetCost }
            guard packet.kind == .video || !state.hasVideo, let time = packet.orderTime else {
                return Self.leastCost
            }
            let step = state.last.map { time - $0 } ?? .zero
            state.last = time
            return max(Self.leastCost, Int(min(step, .seconds(1)).nanoseconds))
        }
        guard let cost else { return }
        tellLoss()
        if !queue.tryPush(Item(event: event, cost: cost)) {
            live.withLock {
                $0.isDropping = true
                $0.dropped += 1
            }
        }
    }

    /// In front of the first packet that finds room again.
    private func tellLoss() {
        guard wantsFacts else { return }
        let lost = live.withLock { state in
            defer { state.told = state.dropped }
            return state.dropped - state.told
        }
        if lost > 0 { queue.forcePush(Item(event: .fact(.lostHere(packets: lost)), cost: 0)) }
    }

    /// Packets that found no room.
    var dropped: Int { live.withLock(\.dropped) }

    /// The next event; nil at the deadline, and for ever once closed and empty.
    func next(until deadline: HostTime?) -> SourceEvent? {
        guard case .element(let item) = queue.pop(deadline: deadline) else { return nil }
        return item.event
    }

    /// Throws away what waits, for a seek.
    func drain() { queue.drain() }
    func close() { queue.close() }
    var isFinished: Bool { queue.isClosed && queue.depth.count == 0 }
}
