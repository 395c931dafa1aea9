// From the hub to one viewer's socket: at once where it has room, else through NIO in order, else given up by whole
// GOPs. Who is too slow for too long is cut off here.
import Model
import NIOCore
import NIOPosix
import Net

#if canImport(Glibc)
    import Glibc
#endif

// Safe because it is touched on the channel's event loop only.
final class ViewerOutbox: @unchecked Sendable {
    /// How much NIO holds at a time; the rest waits where it can still be given up.
    private static let handful = 64 << 10
    /// What the session may say to a viewer who does not read it: a few hundred answers.
    private static let mostWords = 64 << 10
    /// How long a viewer may take to read the end of its stream and to hang up.
    static let farewell = TimeAmount.seconds(2)

    private let channel: any Channel
    private let form: (TagBatch) -> ByteBuffer
    private let settings: OriginSettings
    private let account: LiveStream
    private let socket: BorrowedSocket?
    private var queue: ViewerQueue
    /// What NIO has and has not written yet.
    private var inFlight = 0
    private var progress = HostTime.zero
    /// GOPs lost since the viewer was last up to date.
    private var lost = 0
    /// Bytes of the session's words since then.
    private var words = 0
    private var isGathering = false
    private var isFinishing = false
    private(set) var isOver = false

    /// - Parameter form: The bytes of a batch, in this viewer's protocol.
    init(
        _ channel: any Channel, account: LiveStream, settings: OriginSettings,
        form: @escaping (TagBatch) -> ByteBuffer
    ) {
        self.channel = channel
        self.account = account
        self.settings = settings
        self.form = form
        socket = BorrowedSocket(channel)
        queue = ViewerQueue(longest: settings.viewerQueue, mostBytes: settings.viewerQueueBytes)
    }

    var queuedBytes: Int { inFlight + queue.bytes }

    func put(_ batch: TagBatch, now: HostTime = .now()) {
        guard !isOver, !isFinishing else { return }
        if queue.isOpen, inFlight == 0, !isGathering { return write(form(batch), now) }
        let dropped = queue.add(batch, now: now)
        if dropped > 0 {
            lost += dropped
            account.count(droppedGOPs: dropped)
        }
        if isTooSlow(now) { return cutOff() }
        if inFlight == 0, !isGathering { drain(now) }
    }

    /// What the session says, in its turn.
    func put(words: ByteBuffer) {
        guard !isOver, !isFinishing, words.readableBytes > 0 else { return }
        self.words += words.readableBytes
        if self.words > Self.mostWords { return cutOff() }
        queue.add(words: words)
        if inFlight == 0, !isGathering { drain(.now()) }
    }

    /// What `body` puts leaves together: a GOP cache is a hundred batches.
    func gather(_ body: () -> Void) {
        isGathering = true
        body()
        isGathering = false
        if inFlight == 0 { drain(.now()) }
    }

    /// `words` are the last; then the connection is closed, and cut where the viewer does not take them in time.
    func finish(_ words: ByteBuffer) {
        guard !isOver, !isFinishing else { return }
        put(words: words)
        isFinishing = true
        channel.eventLoop.scheduleTask(in: Self.farewell) { [channel] in channel.close(promise: nil) }
        if inFlight == 0, queue.isEmpty { closeOutput() }
    }

    /// The channel is gone.
    func close() {
        isOver = true
        while queue.take() != nil {}
    }

    // MARK: - Writing

    private func write(_ bytes: ByteBuffer, _ now: HostTime) {
        var rest = bytes
        switch socket?.write(bytes) ?? .wrote(0) {
        case .wrote(let count):
            account.count(bytesOut: count)
            rest.moveReaderIndex(forwardBy: count)
            guard rest.readableBytes > 0 else { return }
            progress = now
            inFlight = rest.readableBytes
            flush(last: rest)
        case .broken:
            isOver = true
            channel.close(promise: nil)
        }
    }

    /// Hands NIO the next few of what waits.
    private func drain(_ now: HostTime) {
        guard !isOver else { return }
        var last: ByteBuffer?
        while inFlight < Self.handful, let item = queue.take() {
            if let last { channel.write(last, promise: nil) }
            let bytes: ByteBuffer =
                switch item {
                case .media(let batch, _): form(batch)
                case .words(let words): words
                }
            inFlight += bytes.readableBytes
            last = bytes
        }
        guard let last else {
            // Up to date.
            lost = 0
            words = 0
            if isFinishing { closeOutput() }
            return
        }
        progress = now
        flush(last: last)
    }

    private func flush(last: ByteBuffer) {
        channel.writeAndFlush(last).whenComplete { [self] result in
            guard !isOver else { return }
            if case .failure = result {
                isOver = true
                return channel.close(promise: nil)
            }
            account.count(bytesOut: inFlight)
            inFlight = 0
            drain(.now())
        }
    }

    /// Half a close: closing both ways with the viewer's messages unread would make the kernel reset the connection
    /// and throw away the end of the stream.
    private func closeOutput() { channel.close(mode: .output, promise: nil) }

    // MARK: - Too slow

    private func isTooSlow(_ now: HostTime) -> Bool {
        lost >= settings.viewerLostGOPs || inFlight > 0 && now - progress > settings.viewerStall
    }

    private func cutOff() {
        isOver = true
        account.countCutOff()
        socket?.discardOnClose()
        channel.close(promise: nil)
    }
}
