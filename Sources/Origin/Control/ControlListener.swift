// The control socket: a Unix socket that only its owner can open, one JSON line a request, one a reply.
import Model
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

enum ControlListener {
    /// Longest request, and how long a client may keep its connection without one.
    static let longestLine = 4096
    static let idle = TimeAmount.seconds(10)
    static let clients = 16

    /// A socket that a killed origin left behind is removed.
    static func bind(path: String, run: OriginRun) -> EventLoopFuture<any Channel> {
        // The mode of a socket is that of its creation: nobody can connect between `bind` and a `chmod`.
        let mask = umask(0o177)
        let clients = ControlClients()
        let bound = ServerBootstrap(group: run.core.loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard clients.count < Self.clients else { throw ChannelError.inappropriateOperationForState }
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(run, clients))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
        return bound.always { _ in umask(mask) }
    }
}

// Safe because it is touched on the event loop only.
private final class ControlClients: @unchecked Sendable {
    var count = 0
}

private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let run: OriginRun
    private let clients: ControlClients
    private var line: [UInt8] = []
    private var deadline: Scheduled<Void>?

    init(_ run: OriginRun, _ clients: ControlClients) {
        self.run = run
        self.clients = clients
    }

    func channelActive(context: ChannelHandlerContext) {
        clients.count += 1
        wait(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clients.count -= 1
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in unwrapInboundIn(data).readableBytesView {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                if line.count > ControlListener.longestLine { return context.close(promise: nil) }
                continue
            }
            guard let request = ControlRequest(line: line) else { return context.close(promise: nil) }
            line = []
            let reply = ByteBuffer(string: run.answer(request).line + "\n")
            context.channel.writeAndFlush(reply, promise: nil)
        }
        wait(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func wait(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: ControlListener.idle) { channel.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ControlHandler: Sendable {}
