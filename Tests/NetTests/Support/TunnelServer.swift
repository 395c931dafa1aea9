// An HTTP proxy that grants every CONNECT and then plays the server at the other end of the tunnel.
import NIOCore
import NIOPosix
import NIOSSL

final class TunnelServer: Sendable {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ certificate: TestCertificate) async throws {
        let context = try certificate.serverContext()
        channel = try await ServerBootstrap(group: ScriptedServer.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Granting(context))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async { try? await channel.close() }

    private final class Granting: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let tls: NIOSSLContext
        init(_ tls: NIOSSLContext) { self.tls = tls }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            let pipeline = context.pipeline.syncOperations
            try? pipeline.addHandler(NIOSSLServerHandler(context: tls))
            try? pipeline.addHandler(Inside())
            pipeline.removeHandler(self, promise: nil)
        }
    }

    private final class Inside: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ninside")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
