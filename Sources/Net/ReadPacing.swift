// Reads a socket a few times a second instead of whenever something has come: for whoever keeps a stream and
// shows it to nobody. What comes in between waits in the kernel, and is one wake-up and one read.
import Model
import NIOCore

/// First in the pipeline, below TLS; added once the dialogue is over and media come. It holds back the channel's
/// own wish to read. The end of the connection is seen at once, with all that was sent before it.
final class ReadPacing: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let pause: TimeAmount
    private var taken = 0
    private var rest: Scheduled<Void>?

    /// Whoever sends this much between two reads is not kept waiting: half of what Linux takes for a connection
    /// before it is read (tcp_rmem 131072, of which half is the window). The window then grows as it does without us.
    private static let busyBytes = 32 << 10

    init(_ pause: Span) { self.pause = .nanoseconds(pause.nanoseconds) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        taken += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard rest == nil else { return }
        let isBusy = taken >= Self.busyBytes
        taken = 0
        guard !isBusy else { return context.read() }
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        rest = loop.scheduleTask(in: pause) {
            let (pacing, context) = bound.value
            pacing.rest = nil
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func stop() {
        rest?.cancel()
        rest = nil
    }
}

extension Channel {
    /// On the channel's event loop; once.
    func paceReads(_ pause: Span) {
        let operations = pipeline.syncOperations
        try? operations.addHandler(ReadPacing(pause), position: .first)
        // Who reads late is in no haste to acknowledge either.
        if let haste = try? operations.handler(type: QuickAckHandler.self) {
            operations.removeHandler(haste, promise: nil)
        }
    }
}

@available(*, unavailable)
extension ReadPacing: Sendable {}
