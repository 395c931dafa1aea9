// What a new viewer gets at once: everything since the last key frame. Holds batches that were made for the
// viewers anyway, so that a hundred who join share their bytes.
import Model

/// A value. Bounded; a GOP that grows beyond a bound is forgotten, and new viewers wait for the next one.
struct GOPCache {
    struct Bounds: Sendable, Equatable {
        var messages = 8192
        var bytes = 16 << 20
        /// By the stream's own stamps.
        var length = Span.seconds(30)
    }

    private let bounds: Bounds
    /// Empty where there is nothing to begin with.
    private(set) var batches: [TagBatch] = []
    private var messages = 0
    private var bytes = 0

    init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// - Parameter batch: The next one of the stream. Entries with a picture begin anew, those without one leave
    ///   nothing that would be worth keeping.
    mutating func add(_ batch: TagBatch) {
        if batch.isEntry { clear() }
        if batch.isEntry ? !batch.hasPicture : batches.isEmpty { return }
        batches.append(batch)
        messages += batch.tags.count
        bytes += batch.mediaBytes
        let first = batches.first?.timestamp ?? 0
        let length = Int32(bitPattern: batch.timestamp &- first)
        if messages > bounds.messages || bytes > bounds.bytes || .milliseconds(Double(length)) > bounds.length {
            clear()
        }
    }

    mutating func clear() {
        batches.removeAll()
        messages = 0
        bytes = 0
    }
}
