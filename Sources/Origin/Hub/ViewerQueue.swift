// What waits for one slow viewer, and what of it is given up: whole GOPs, oldest first. Pure.
import Model
import NIOCore

/// A value. Batches are shared with everybody else; only the references are this viewer's.
struct ViewerQueue {
    enum Item {
        case media(TagBatch, since: HostTime)
        /// Words of the session's own: never given up.
        case words(ByteBuffer)
    }

    private let longest: Span
    private let mostBytes: Int
    private var items: [Item] = []
    private var head = 0
    private(set) var bytes = 0
    /// Media were lost: nothing is taken until a batch comes that one can begin with.
    private var isSkipping = false
    /// The headers that hold behind what was taken and not lost.
    private var headers: HeaderSet?

    init(longest: Span, mostBytes: Int) {
        self.longest = longest
        self.mostBytes = mostBytes
    }

    var isEmpty: Bool { head == items.count }

    /// Whether the next batch may leave at once, without going through the queue.
    var isOpen: Bool { isEmpty && !isSkipping }

    mutating func add(words: ByteBuffer) {
        items.append(.words(words))
        bytes += words.readableBytes
    }

    /// - Returns: How many GOPs are lost by it.
    mutating func add(_ batch: TagBatch, now: HostTime) -> Int {
        if isSkipping {
            guard batch.isEntry else { return 0 }
            isSkipping = false
            resume(at: batch, now)
        }
        append(batch, now)
        guard let oldest = items[head...].lazy.compactMap(\.since).first else { return 0 }
        return now - oldest > longest || bytes > mostBytes ? giveUp(now) : 0
    }

    /// The next one to be written.
    mutating func take() -> Item? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        bytes -= item.bytes
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        }
        return item
    }

    /// Drops everything that waits before the newest entry; all of it, where there is none but in front.
    private mutating func giveUp(_ now: HostTime) -> Int {
        let waiting = items[head...]
        let entry = waiting.lastIndex { $0.batch?.isEntry == true } ?? items.endIndex
        let firstMedia = waiting.firstIndex { $0.batch != nil } ?? head
        // The newest GOP alone is too much: it goes as well, and the next one is waited for.
        let keep = entry > firstMedia ? entry : items.endIndex
        var lost = 0
        var kept: [Item] = []
        for (index, item) in zip(waiting.indices, waiting) {
            guard index < keep, let batch = item.batch else {
                kept.append(item)
                continue
            }
            // A GOP of which the beginning has left already is counted by what is lost of it.
            if batch.isEntry || lost == 0 { lost += 1 }
            if headers == nil { headers = batch.headersBefore }
        }
        items = []
        head = 0
        bytes = 0
        isSkipping = keep == waiting.endIndex
        for item in kept {
            if case .media(let batch, let since) = item {
                if headers != nil { resume(at: batch, since) }
                append(batch, since)
            } else if case .words(let words) = item {
                add(words: words)
            }
        }
        return lost
    }

    /// New headers among what was lost come before the batch that goes on.
    private mutating func resume(at batch: TagBatch, _ now: HostTime) {
        if let headers, headers !== batch.headersBefore, !batch.headersBefore.isEmpty {
            append(batch.headersBefore.batch(at: batch.timestamp, arrival: batch.arrival), now)
        }
        headers = nil
    }

    private mutating func append(_ batch: TagBatch, _ since: HostTime) {
        items.append(.media(batch, since: since))
        bytes += batch.mediaBytes
    }
}

extension ViewerQueue.Item {
    fileprivate var batch: TagBatch? { if case .media(let batch, _) = self { batch } else { nil } }
    fileprivate var since: HostTime? { if case .media(_, let since) = self { since } else { nil } }
    fileprivate var bytes: Int {
        switch self {
        case .media(let batch, _): batch.mediaBytes
        case .words(let words): words.readableBytes
        }
    }
}
