// What the listeners have in common: the loop, the hub, who may connect, where lines for people go.
import Model
import NIOCore
import NIOPosix

// Safe because what can change in it is touched on `loop` only.
/// Given to each listener when it is bound.
final class OriginCore: @unchecked Sendable {
    let loop: any EventLoop
    let settings: OriginSettings
    let hub: StreamHub
    let ledger: ConnectionLedger
    /// Threads that still use the loop.
    var packagers = 0
    private let reporter: (any Reporter)?

    init(loop: any EventLoop, settings: OriginSettings, reporter: (any Reporter)?) {
        self.loop = loop
        self.settings = settings
        self.reporter = reporter
        hub = StreamHub(loop: loop, settings: settings)
        ledger = ConnectionLedger(settings)
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) { reporter?.log(level, message()) }

    /// A listening socket of `host`, whose connections are admitted by the ledger and then set up by `accept`.
    func listen(
        port: Int, what: String,
        accept: @escaping @Sendable (any Channel, ConnectionLedger.Ticket) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let sendBuffer = CInt(settings.sendBufferBytes)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // A thousand who connect in the same moment are not turned away.
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            // Without it the kernel swallows seconds of a stall, and nobody could tell who is slow.
            .childChannelOption(
                .socketOption(.so_sndbuf), value: ChannelOptions.Types.SocketOption.Value(sendBuffer)
            )
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let ticket = ledger.admit(channel) else {
                        log(.info, "\(what): too many connections, one from \(address(of: channel)) is refused")
                        throw ChannelError.inappropriateOperationForState
                    }
                    try accept(channel, ticket)
                }
            }
            .bind(host: settings.host, port: port)
    }

    func address(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "a local socket" }
}
