// Viewers of one stream who get the same batches at the same time: those who asked for nothing, and for each length
// of merging one lane more. Decides when what has come in leaves.
import Model
import NIOCore

// Safe because it is touched on `loop` only.
final class FanoutLane: @unchecked Sendable {
    let merge: Span
    private let loop: any EventLoop
    private let policy: FanoutPolicy
    /// Told of each batch before the viewers are.
    private let onBatch: (TagBatch) -> Void

    private(set) var attachments: [Attachment] = []

    private var pending: [StreamTag] = []
    /// Media, not only headers, is among what waits.
    private var hasMedia = false
    private var hasPicture = false
    private var isEntry = false
    private var arrival = HostTime.zero
    private var before = HeaderSet.none
    private var after = HeaderSet.none
    private var timer: Scheduled<Void>?

    init(merge: Span, loop: any EventLoop, policy: FanoutPolicy, onBatch: @escaping (TagBatch) -> Void = { _ in }) {
        self.merge = merge
        self.loop = loop
        self.policy = policy
        self.onBatch = onBatch
    }

    func add(_ attachment: Attachment) { attachments.append(attachment) }

    func remove(_ attachment: Attachment) { attachments.removeAll { $0 === attachment } }

    /// Takes one message. What came before a key frame, or before new headers, leaves first: each GOP begins a batch.
    func take(_ tag: StreamTag, before old: HeaderSet, after new: HeaderSet, isSoundOnly: Bool, now: HostTime) {
        if hasMedia, tag.startsGOP || tag.isHeader { flush() }
        // Pictures that come back in the middle of a GOP are nothing to begin with.
        if isEntry, !hasPicture, tag.isPicture, !tag.startsGOP { flush() }
        if pending.isEmpty {
            arrival = now
            before = old
        }
        if !hasMedia, tag.startsGOP || (isSoundOnly && tag.isSound) { isEntry = true }
        pending.append(tag)
        after = new
        hasMedia = hasMedia || !tag.isHeader
        hasPicture = hasPicture || tag.isPicture
    }

    /// Everything of one read has been taken: what may not wait leaves.
    func settle(isSoundOnly: Bool, now: HostTime) {
        guard !pending.isEmpty else { return }
        let wait = policy.wait(
            merge: merge, viewers: attachments.count, hasPicture: hasPicture, isSoundOnly: isSoundOnly)
        let left = arrival + wait - now
        if left <= .zero { return flush() }
        guard timer == nil else { return }
        timer = loop.scheduleTask(in: .nanoseconds(left.nanoseconds)) { [weak self] in
            self?.timer = nil
            self?.flush()
        }
    }

    /// What waits leaves now.
    func flush() {
        timer?.cancel()
        timer = nil
        guard !pending.isEmpty else { return }
        let batch = TagBatch(pending, isEntry: isEntry, before: before, after: after, arrival: arrival)
        pending = []
        hasMedia = false
        hasPicture = false
        isEntry = false
        onBatch(batch)
        // A copy: whoever finds its connection broken detaches itself meanwhile.
        for attachment in attachments { attachment.take(batch) }
    }

    /// Lets go of all viewers and of what waits.
    func clear() -> [Attachment] {
        timer?.cancel()
        timer = nil
        pending = []
        hasMedia = false
        hasPicture = false
        isEntry = false
        defer { attachments = [] }
        return attachments
    }
}
