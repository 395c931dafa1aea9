// One HTTP-FLV viewer: the answer's head and FLV's with truthful flags, then the batches that everybody gets.
import Model
import NIOCore
import NIOHTTP1
import Wire

// Safe because it is touched on the hub's loop only.
final class FLVViewing: StreamViewer, HTTPViewing, @unchecked Sendable {
    /// How long a request waits for a publisher.
    static let patience = TimeAmount.seconds(5)

    private var stream: LiveStream?
    private let channel: any Channel
    private let options: ViewerOptions
    private let isChunked: Bool
    private let outbox: ViewerOutbox
    private var attachment: Attachment?
    private var onRefusal: ((HTTPRefusal) -> Void)?
    private var timer: Scheduled<Void>?
    private var hasBegun = false

    init(
        _ stream: LiveStream, _ channel: any Channel, _ settings: OriginSettings, _ options: ViewerOptions,
        isChunked: Bool
    ) {
        self.stream = stream
        self.channel = channel
        self.options = options
        self.isChunked = isChunked
        outbox = ViewerOutbox(channel, account: stream, settings: settings) { isChunked ? $0.flvChunk : $0.flv }
    }

    var head: HTTPAnswer { HTTPAnswer(.ok, contentType: "video/x-flv", .endless) }

    func begin(onRefusal: @escaping (HTTPRefusal) -> Void) {
        self.onRefusal = onRefusal
        timer = channel.eventLoop.scheduleTask(in: Self.patience) { [weak self] in self?.giveUp() }
        outbox.gather { attachment = stream?.attach(self, options) }
        if attachment == nil { giveUp() }
    }

    /// Nobody publishes: the client hears it in HTTP's words.
    private func giveUp() {
        guard !hasBegun, let refuse = onRefusal else { return }
        leave()
        refuse(.notLive)
    }

    func leave() {
        onRefusal = nil
        timer?.cancel()
        if let attachment { stream?.detach(attachment) }
        attachment = nil
        stream = nil
        outbox.close()
    }

    // MARK: - From the hub

    var queuedBytes: Int { outbox.queuedBytes }

    func deliver(_ batch: TagBatch) {
        if !hasBegun { start(batch) }
        outbox.put(batch)
    }

    func end(_ reason: StreamEnd) {
        attachment = nil
        stream = nil
        guard hasBegun else { return giveUp() }
        outbox.finish(isChunked ? HTTPChunk.last : ByteBuffer())
    }

    private func start(_ batch: TagBatch) {
        hasBegun = true
        onRefusal = nil
        timer?.cancel()
        // Players wait for what is announced, so nothing is that did not come.
        let hasVideo = batch.headersAfter.hasVideo || batch.hasPicture
        let hasAudio = batch.headersAfter.hasAudio || batch.tags.contains { $0.isSound }
        let header = FLVStreamWriter.header(hasAudio: hasAudio, hasVideo: hasVideo)
        outbox.put(words: head.bytes(isHead: false, keepsAlive: false, isChunked: isChunked))
        outbox.put(words: isChunked ? HTTPChunk.framed(header) : header)
    }
}
