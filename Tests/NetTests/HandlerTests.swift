import Model
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing

@testable import Net

// Channel handlers without a socket, and the words for what sockets report.
#if canImport(Glibc)
    import Glibc
#endif

@Suite struct HandlerTests {
    func tunnel(_ channel: EmbeddedChannel) throws -> EventLoopFuture<Void> {
        let opened = channel.eventLoop.makePromise(of: Void.self)
        let handler = ProxyTunnelHandler(
            to: Endpoint(host: "::1", port: 443, isTLS: true), headers: [("User-Agent", "t")], opened: opened)
        try channel.pipeline.syncOperations.addHandler(handler)
        return opened.futureResult
    }

    @Test func aTunnelOpensWhateverTheSplit() throws {
        let channel = EmbeddedChannel()
        let opened = try tunnel(channel)
        let request = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: request) == "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nUser-Agent: t\r\n\r\n")
        for byte in "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n".utf8 { try channel.writeInbound(ByteBuffer(bytes: [byte])) }
        channel.embeddedEventLoop.run()
        try opened.wait()
        // It has removed itself: what follows passes.
        try channel.writeInbound(ByteBuffer(string: "inside"))
        #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(string: "inside"))
        _ = try channel.finish()
    }

    @Test(arguments: ["220 mail\r\n\r\n", "HTTP/1.1 407 No\r\n\r\n", String(repeating: "x", count: 20000)])
    func aTunnelFailsClearly(_ answer: String) throws {
        let channel = EmbeddedChannel()
        let opened = try tunnel(channel)
        try channel.writeInbound(ByteBuffer(string: answer))
        #expect(throws: ProxyTunnelError.self) { try opened.wait() }
        _ = try? channel.finish()
    }

    final class Receiver: HTTPExchangeReceiver {
        var log: [String] = []
        func head(_ head: HTTPResponseHead) { log.append("\(head.status.code)") }
        func body(_ bytes: ByteBuffer, arrival: HostTime) { log.append(String(buffer: bytes)) }
        func finished(keepAlive: Bool) { log.append("end \(keepAlive)") }
        func broken(_ error: (any Error)?) { log.append("broken") }
    }

    @Test func anExchangeEndsOnce() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        let handler = HTTPExchangeHandler()
        try channel.pipeline.syncOperations.addHandler(handler)
        let receiver = Receiver()
        for _ in 0..<2 {
            handler.send(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), to: receiver)
            for byte in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab".utf8 {
                try channel.writeInbound(ByteBuffer(bytes: [byte]))
            }
        }
        #expect(receiver.log == ["200", "a", "b", "end true", "200", "a", "b", "end true"])
        var isGone = false
        handler.onIdleClose = { isGone = true }
        channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
        #expect(isGone && receiver.log.count == 8)
        handler.send(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), to: receiver)
        #expect(receiver.log.last == "broken")
    }

    @Test(arguments: [
        (ECONNREFUSED, Reason.refused), (EHOSTUNREACH, .unreachable), (ENETUNREACH, .unreachable),
        (ETIMEDOUT, .timeout), (EACCES, .unreachable),
    ])
    func socketErrorsHaveReasons(_ code: Int32, _ reason: Reason) {
        let failure = NetworkFailure(what: "cannot play x", endpoint: Endpoint(host: "h", port: 1935, isTLS: false))
        let error = failure.connecting(IOError(errnoCode: code, reason: "connect"), timeout: nil)
        #expect(error.reason == reason && error.why.contains("h") && error.why == error.why.lowercased())
        #expect(
            failure.connecting(ChannelError.connectTimeout(.seconds(5)), timeout: .seconds(5)).why.hasSuffix(
                "within 5 s"))
    }

    @Test func lengthsOfTimeInWords() {
        #expect(Span.milliseconds(200).words == "200 ms" && Span.seconds(1.5).words == "1.5 s")
        #expect(Span.seconds(10).words == "10 s")
    }
}
