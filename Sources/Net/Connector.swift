// Opens a TCP connection: name resolution and happy eyeballs by NIO, TCP_NODELAY, a deadline, TLS.
// Says nothing itself; NetworkFailure.swift turns its errors into words.
import Model
import NIOCore
import NIOPosix

enum Connector {
    /// Connects within `timeout` (nil: for ever). Runs on `loop`, which the returned future belongs to as well.
    /// `prepare` sees the channel before it is connected.
    static func connect(
        to endpoint: Endpoint, timeout: Span?, on loop: any EventLoop,
        prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            // Small messages wait for nothing: Nagle cost 0.1 s and more in an RTMP dialogue.
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connectTimeout(timeout.timeAmount)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(QuickAckHandler())
                    try prepare(channel)
                }
            }
        // A literal needs no resolver and no second thread.
        if let literal = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
            return bootstrap.connect(to: literal)
        }
        return bootstrap.connect(host: endpoint.host, port: endpoint.port)
    }
}

extension Optional where Wrapped == Span {
    /// `nil` and zero mean "for ever", which NIO knows only as "very long".
    var timeAmount: TimeAmount {
        guard let self, self > .zero else { return .hours(24 * 3650) }
        return .nanoseconds(self.nanoseconds)
    }
}

extension Span {
    /// "5 s", "1.5 s", "200 ms", for texts.
    var words: String {
        let ms = Int(milliseconds.rounded())
        if ms < 1000 { return "\(ms) ms" }
        let tenths = (ms + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
