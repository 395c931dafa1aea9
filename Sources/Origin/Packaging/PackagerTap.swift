// The packager's end in the hub: hands batches to its thread without ever waiting for it. A thread that does not
// keep up loses whole GOPs.
import Model
import NIOCore
import Wire

/// What waits for a packager's thread.
enum PackagerItem: Sendable {
    case tags([FLVTag], arrival: HostTime)
    /// Tags were lost in front of what follows.
    case gap
    case end
}

/// Everything is called on the hub's loop.
final class PackagerTap: StreamViewer {
    /// What may wait for the thread: several seconds of anything that one machine can take in.
    static let limit = 16 << 20

    let queue = BoundedQueue<PackagerItem>(limit: PackagerTap.limit) { item in
        guard case .tags(let tags, _) = item else { return 0 }
        return tags.reduce(256) { $0 + $1.body.readableBytes + 128 }
    }
    /// GOPs that the thread was too slow for.
    private(set) var lostGOPs = 0
    private var isBehind = false
    private let onEnd: () -> Void

    /// - Parameter onEnd: Called when the stream is over; the queue has been told already.
    init(onEnd: @escaping () -> Void = {}) { self.onEnd = onEnd }

    var isCounted: Bool { false }
    var queuedBytes: Int { queue.depth.cost }

    func deliver(_ batch: TagBatch) {
        var tags = batch.tags.map(\.tag)
        if isBehind {
            // The headers may have changed in what was lost.
            guard batch.isEntry else { return }
            tags = batch.headersBefore.tags(at: batch.timestamp).map(\.tag) + tags
        }
        guard queue.tryPush(.tags(tags, arrival: batch.arrival)) else {
            if batch.isEntry || !isBehind { lostGOPs += 1 }
            if !isBehind { queue.forcePush(.gap) }
            isBehind = true
            return
        }
        isBehind = false
    }

    func end(_ reason: StreamEnd) {
        queue.forcePush(.end)
        queue.close()
        onEnd()
    }

    /// Nobody wants the result any more: the thread ends at its next look.
    func cancel() {
        queue.drain()
        queue.close()
    }
}
