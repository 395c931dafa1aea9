// One browser on the live feed: initialisation, everything since the last key frame, then fragment by fragment. Who is
// too slow loses whole GOPs, and is cut off when that does not help.
import Model
import NIOCore
import NIOHTTP1

// Safe because it is touched on the hub's loop only.
final class FeedViewing: StreamViewer, HTTPViewing, @unchecked Sendable {
    private let feed: LiveFeed
    private let channel: any Channel
    private let settings: OriginSettings
    private let isChunked: Bool
    private var attachment: Attachment?
    private var onRefusal: ((HTTPRefusal) -> Void)?
    private var timer: Scheduled<Void>?
    /// Has got nothing yet.
    private(set) var isWaiting = true
    private var isOver = false

    /// Writes that NIO has not finished, their bytes, and when the last of them was, or the oldest began.
    private var writes = 0
    private var inFlight = 0
    private var progress = HostTime.zero
    private var isSkipping = false
    /// GOPs lost since the viewer was last up to date.
    private var lost = 0

    init(_ feed: LiveFeed, _ channel: any Channel, _ settings: OriginSettings, isChunked: Bool) {
        self.feed = feed
        self.channel = channel
        self.settings = settings
        self.isChunked = isChunked
    }

    var head: HTTPAnswer { HTTPAnswer(.ok, contentType: feed.contentType ?? "video/mp4", .endless) }

    func begin(onRefusal: @escaping (HTTPRefusal) -> Void) {
        self.onRefusal = onRefusal
        timer = channel.eventLoop.scheduleTask(in: FLVViewing.patience) { [weak self] in self?.refuse(.notLive) }
        // In the hub it only counts as a viewer: what it gets comes from the packager.
        attachment = feed.stream.attach(self)
        feed.add(self)
    }

    func refuse(_ refusal: HTTPRefusal) {
        guard isWaiting, let refuse = onRefusal else { return }
        leave()
        refuse(refusal)
    }

    func leave() {
        onRefusal = nil
        timer?.cancel()
        isOver = true
        if let attachment { feed.stream.detach(attachment) }
        attachment = nil
        feed.remove(self)
    }

    // MARK: - From the hub, as one who is counted

    var queuedBytes: Int { inFlight }
    func deliver(_ batch: TagBatch) {}
    func end(_ reason: StreamEnd) { attachment = nil }

    // MARK: - From the feed

    /// The first bytes.
    func start(_ initialization: MediaInitialization) {
        guard isWaiting, !isOver else { return }
        isWaiting = false
        onRefusal = nil
        timer?.cancel()
        var answer = head
        answer.contentType = initialization.contentType
        var bytes = answer.bytes(isHead: false, keepsAlive: false, isChunked: isChunked)
        bytes.writeImmutableBuffer(isChunked ? HTTPChunk.framed(initialization.bytes) : initialization.bytes)
        write(bytes)
    }

    func send(_ fragment: LiveFeed.Shared) {
        guard !isWaiting, !isOver else { return }
        let stall = writes > 0 ? HostTime.now() - progress : .zero
        let isLate = stall > settings.viewerQueue || inFlight > settings.viewerQueueBytes
        if fragment.isEntry, isSkipping || isLate {
            isSkipping = isLate
            lost += isLate ? 1 : 0
            if isLate { feed.stream.count(droppedGOPs: 1) }
        } else if isLate, !isSkipping {
            isSkipping = true
            lost += 1
            feed.stream.count(droppedGOPs: 1)
        }
        if stall > settings.viewerStall || lost >= settings.viewerLostGOPs { return cutOff() }
        if !isSkipping { write(isChunked ? fragment.chunk : fragment.plain) }
    }

    /// What it declared is over: the epoch, or the stream.
    func finish() {
        guard !isWaiting, !isOver else { return }
        isOver = true
        let channel = channel
        channel.writeAndFlush(isChunked ? HTTPChunk.last : ByteBuffer()).whenComplete { _ in
            channel.close(mode: .output, promise: nil)
        }
        channel.eventLoop.scheduleTask(in: ViewerOutbox.farewell) { channel.close(promise: nil) }
    }

    private func cutOff() {
        isOver = true
        feed.stream.countCutOff()
        channel.close(promise: nil)
    }

    private func write(_ bytes: ByteBuffer) {
        let size = bytes.readableBytes
        if writes == 0 { progress = .now() }
        writes += 1
        inFlight += size
        channel.writeAndFlush(bytes).whenComplete { [self] _ in
            writes -= 1
            inFlight -= size
            progress = .now()
            if writes == 0 { lost = 0 }
            feed.stream.count(bytesOut: size)
        }
    }
}
