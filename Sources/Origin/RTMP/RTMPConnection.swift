// One RTMP connection to the origin: the dialogue is Wire's session; here are the socket, the deadlines, and what a
// client may publish or play.
import Model
import NIOCore
import Wire

// Safe because it is touched on the channel's event loop only.
final class RTMPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    let core: OriginCore
    let ticket: ConnectionLedger.Ticket
    var session: RTMPServerSession
    var channel: (any Channel)?
    var deadline: Scheduled<Void>?

    // Publishing.
    var publication: Publication?
    var lastMedia = HostTime.zero
    /// The media of one read.
    private var tags: [FLVTag] = []

    // Playing.
    var stream: LiveStream?
    var attachment: Attachment?
    var outbox: ViewerOutbox?
    var options = ViewerOptions()

    /// What the log calls it.
    var name = ""

    init(_ core: OriginCore, _ ticket: ConnectionLedger.Ticket) {
        self.core = core
        self.ticket = ticket
        var settings = RTMPServerSettings(handshakeRandom: Self.randomBytes())
        settings.app = core.settings.application
        session = RTMPServerSession(settings)
    }

    /// The handshake's bytes need not be secret; a hundred who connect at once share the work of making them.
    private static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
    }

    // MARK: - The socket

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        name = core.address(of: context.channel)
        expectRequest()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for action in session.receive(unwrapInboundIn(data)) { perform(action) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { settle() }

    /// The media of one read go to the hub together.
    func settle() {
        guard !tags.isEmpty else { return }
        let now = HostTime.now()
        lastMedia = now
        let read = tags
        tags.removeAll(keepingCapacity: true)
        publication?.receive(read, now: now)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        unpublish(why: "the connection is gone")
        leave()
        channel = nil
    }

    /// In its turn between the media of a viewer.
    func send(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        if let outbox { return outbox.put(words: bytes) }
        guard let channel else { return }
        guard channel.isWritable else {
            core.log(.info, "rtmp: \(name): asks and does not read the answers, and is closed")
            return channel.close(promise: nil)
        }
        channel.writeAndFlush(bytes, promise: nil)
    }

    /// Sends `bytes` and hangs up, gently: what the client sent meanwhile must not reset the connection.
    func sendLast(_ bytes: ByteBuffer) {
        deadline?.cancel()
        if let outbox { return outbox.finish(bytes) }
        guard let channel else { return }
        channel.writeAndFlush(bytes, promise: nil)
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: ViewerOutbox.farewell) { channel.close(promise: nil) }
    }

    // MARK: - The dialogue

    private func perform(_ action: RTMPServerSession.Action) {
        switch action {
        case .send(let bytes): send(bytes)
        case .connected: break
        case .publish(let name): publish(name)
        case .play(let name): play(name)
        case .media(let tag): if publication != nil { tags.append(tag) }
        case .paused(let isPaused): pause(isPaused)
        case .unpublished:
            unpublish(why: "as it said")
            expectRequest()
        case .stoppedPlaying:
            leave()
            expectRequest()
        case .pong: break
        case .failed(let failure):
            core.log(.info, "rtmp: \(name): \(MediaAddress.redact(failure.description))")
            sendLast(ByteBuffer())
        }
    }

    // MARK: - Deadlines

    /// Until it asks for a stream, a client has little time.
    func expectRequest() {
        watch(core.settings.handshakeDeadline) { connection in
            connection.core.log(.info, "rtmp: \(connection.name): asks for nothing, and is closed")
            connection.channel?.close(promise: nil)
        }
    }

    func watch(_ span: Span, _ act: @escaping @Sendable (RTMPConnection) -> Void) {
        deadline?.cancel()
        deadline = core.loop.scheduleTask(in: .nanoseconds(max(0, span.nanoseconds))) { [weak self] in
            guard let self, self.channel != nil else { return }
            act(self)
        }
    }
}
