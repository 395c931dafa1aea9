// CONNECT through an HTTP proxy (RFC 9110 §9.3.6). Removes itself when the tunnel stands.
import NIOCore

enum ProxyTunnelError: Error {
    /// The proxy's status line, e.g. "HTTP/1.1 403 Forbidden".
    case rejected(status: Int, line: String)
    case notHTTP
}

final class ProxyTunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: String
    private let opened: EventLoopPromise<Void>
    private var answer = ByteBuffer()
    private var isDone = false

    init(to endpoint: Endpoint, headers: [(String, String)], opened: EventLoopPromise<Void>) {
        var text = "CONNECT \(endpoint) HTTP/1.1\r\nHost: \(endpoint)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        request = text + "\r\n"
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isDone else { return context.fireChannelRead(data) }
        answer.writeBuffer(&bytes)
        let text = String(buffer: answer)
        guard text.contains("\r\n\r\n") else {
            if answer.readableBytes > 16384 { fail(context, ProxyTunnelError.notHTTP) }
            return
        }
        let line = text.prefix { $0 != "\r\n" && $0 != "\r" }
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else {
            return fail(context, ProxyTunnelError.notHTTP)
        }
        guard (200..<300).contains(status) else {
            return fail(context, ProxyTunnelError.rejected(status: status, line: String(line)))
        }
        isDone = true
        opened.succeed()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { fail(context, ChannelError.inputClosed) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDone { context.fireErrorCaught(error) } else { fail(context, error) }
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        guard !isDone else { return }
        isDone = true
        opened.fail(error)
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension ProxyTunnelHandler: Sendable {}
