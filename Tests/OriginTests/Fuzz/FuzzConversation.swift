// One connection to the origin, from its first byte to its end: what was read of it as requests, and what it was
// answered, as a client reads it.
import Model
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Origin

struct FuzzConversation {
    /// Heads of requests, in the order in which they were read.
    private(set) var requests: [HTTPRequestHead] = []
    private(set) var answers: [FuzzAnswer] = []

    /// - Parameter isSlow: The client takes nothing until half of `pieces` are sent, and then until the end.
    init(_ origin: FuzzedOrigin, _ pieces: [ByteBuffer], isSlow: Bool = false) {
        let listener = FuzzListener()
        var output: [UInt8] = []
        // Nothing has happened on an open connection for longer than an answer ever takes.
        var isIdle = false
        weak var left: HTTPConnection?
        do {
            let channel = EmbeddedChannel(loop: origin.loop.inner)
            guard let ticket = origin.core.ledger.admit(channel) else { preconditionFailure("nobody is admitted") }
            let connection = HTTPConnection(origin.core, origin.packages, ticket)
            left = connection
            let line = SlowLine(isOpen: !isSlow)
            let pipeline = channel.pipeline.syncOperations
            do {
                try HTTPListener.prepare(channel, connection)
                try pipeline.addHandler(listener, position: .before(connection))
                try pipeline.addHandler(line, position: .first)
                channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            } catch { preconditionFailure("the pipeline: \(error)") }
            for (number, piece) in pieces.enumerated() where channel.isActive {
                _ = try? channel.writeInbound(piece)
                origin.loop.run()
                if number == pieces.count / 2 { line.takeAll() }
            }
            // A viewer gets what comes; who waits for a publisher, or for a segment, is told that there is none.
            for _ in 0..<2 where origin.viewers > 0 {
                origin.flow()
                origin.loop.advance(seconds: 1)
            }
            for _ in 0..<3 where channel.isActive {
                line.takeAll()
                Self.collect(channel, &output)
                let size = output.count
                origin.loop.advance(seconds: 6)
                Self.collect(channel, &output)
                isIdle = channel.isActive && !isSlow && origin.viewers == 0 && output.count == size
            }
            line.takeAll()
            _ = try? channel.finish()
            Self.collect(channel, &output)
        }
        // Longer than any deadline of a connection that is gone.
        origin.loop.advance(seconds: 20)
        precondition(left == nil, "a connection outlives its channel")
        precondition(origin.viewers == 0 && origin.core.ledger.connections == 0, "something is left behind")
        requests = listener.heads
        answers = FuzzAnswer.read(output, to: requests, session: origin.session)
        precondition(!isIdle || answers.count >= requests.count, "a request is never answered")
    }

    private static func collect(_ channel: EmbeddedChannel, _ output: inout [UInt8]) {
        while let bytes = try? channel.readOutbound(as: ByteBuffer.self) {
            output.append(contentsOf: bytes.readableBytesView)
        }
    }
}

/// Writes down the requests on their way to the origin's handler.
private final class FuzzListener: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private(set) var heads: [HTTPRequestHead] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { heads.append(head) }
        context.fireChannelRead(data)
    }
}

/// A network that takes nothing while it is not open.
private final class SlowLine: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private var isOpen: Bool
    private var held: [(data: NIOAny, promise: EventLoopPromise<Void>?)] = []
    private var context: ChannelHandlerContext?

    init(isOpen: Bool) { self.isOpen = isOpen }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isOpen { return context.write(data, promise: promise) }
        held.append((data, promise))
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let lost = held
        held = []
        isOpen = true
        context.close(mode: mode, promise: promise)
        for write in lost { write.promise?.fail(ChannelError.ioOnClosedChannel) }
    }

    /// What waits now; not what is written because of it.
    func takeAll() {
        guard let context, !isOpen else { return }
        let waiting = held
        held = []
        for write in waiting { context.write(write.data, promise: write.promise) }
        context.flush()
    }
}
