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

    static func bind(path: String, run: OriginRun) -> EventLoopFuture<any Channel> {
        let socket: CInt
        do { socket = try boundSocket(path) } catch { return run.core.loop.makeFailedFuture(error) }
        let clients = ControlClients()
        return ServerBootstrap(group: run.core.loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard clients.count < Self.clients else { throw ChannelError.inappropriateOperationForState }
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(run, clients))
                }
            }
            .withBoundSocket(socket)
    }

    /// A socket that a killed origin left behind is removed. Linux gives the file the mode that the socket has when it
    /// is bound, so there is no moment at which somebody else could connect, and the process's umask, which is all its
    /// threads', stays as it is.
    private static func boundSocket(_ path: String) throws(IOError) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw IOError(errnoCode: ENAMETOOLONG, reason: "bind")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        var found = stat()
        if lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let handle = socket(AF_UNIX, kind, 0)
        guard handle >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                fchmod(handle, 0o600) == 0
                    && Glibc.bind(handle, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && listen(handle, 16) == 0
            }
        }
        guard !status else { return handle }
        let code = errno
        close(handle)
        throw IOError(errnoCode: code, reason: "bind")
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
