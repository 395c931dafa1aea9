// The end of an HTTP/1.1 client pipeline: one request at a time, parts handed to whoever asked. It knows
// nothing of redirects, proxies or meanings.
import Model
import NIOCore
import NIOHTTP1

/// What one request yields. Every call is on the channel's event loop; `finished` or `broken` is the last.
protocol HTTPExchangeReceiver: AnyObject {
    func head(_ head: HTTPResponseHead)
    func body(_ bytes: ByteBuffer, arrival: HostTime)
    func finished(keepAlive: Bool)
    /// The connection ended or the answer was not HTTP, before the answer was complete.
    func broken(_ error: (any Error)?)
}

final class HTTPExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private var receiver: (any HTTPExchangeReceiver)?
    private var keepAlive = false
    private var lastError: (any Error)?
    private var context: ChannelHandlerContext?
    /// Called when an idle connection goes away.
    var onIdleClose: (() -> Void)?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func send(_ head: HTTPRequestHead, to receiver: any HTTPExchangeReceiver) {
        guard let context, context.channel.isActive else { return receiver.broken(nil) }
        self.receiver = receiver
        lastError = nil
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// The receiver hears nothing more.
    func abandon() { receiver = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepAlive = head.isKeepAlive
            receiver?.head(head)
        case .body(let bytes):
            receiver?.body(bytes, arrival: .now())
        case .end:
            let done = receiver
            receiver = nil
            // A close-delimited body ends like this too, also when the close was a reset.
            if let lastError {
                done?.broken(lastError)
            } else {
                done?.finished(keepAlive: keepAlive && context.channel.isActive)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if lastError == nil { lastError = TLSFailure.explained(error, context) }
        // The parser's complaint about a missing end arrives together with the close itself.
        if case .some(HTTPParserError.invalidEOFState) = error as? HTTPParserError { return }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let done = receiver
        receiver = nil
        done?.broken(lastError)
        onIdleClose?()
        onIdleClose = nil
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension HTTPExchangeHandler: Sendable {}
