import Model
import NIOCore

// One connection of the scripted server.
#if canImport(Glibc)
    import Glibc
#endif

final class ScriptedPeer: ChannelInboundHandler, @unchecked Sendable {
    // Safe because a handler is touched on its channel's event loop only.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let behaviour: ScriptedServer.Behaviour
    private let peers: ServerPeers
    private var head: [UInt8] = []
    private var hasAnswered = false
    private var program: Program?

    init(_ behaviour: ScriptedServer.Behaviour, _ peers: ServerPeers) {
        self.behaviour = behaviour
        self.peers = peers
    }

    func channelActive(context: ChannelHandlerContext) {
        switch behaviour {
        case .close: context.close(promise: nil)
        case .say(let bytes): say(context.channel, bytes)
        case .pour: pour(context.channel)
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) { program?.kill() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        peers.note(buffer.readableBytesView)
        if case .echo = behaviour {
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            return
        }
        guard !hasAnswered, head.count < 1 << 16 else { return }
        head += buffer.readableBytesView
        switch behaviour {
        case .rtmpHandshake:
            // C0 and C1 are 1537 bytes; S2 repeats C1.
            guard head.count >= 1537 else { return }
            hasAnswered = true
            say(
                context.channel,
                [3] + [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 7, count: 1528) + head[1..<1537])
        case .respond(let answer, let body, let closes):
            guard headHasEnded else { return }
            hasAnswered = true
            let channel = context.channel
            say(channel, Array(answer.utf8) + body).whenComplete { _ in
                if closes { channel.close(promise: nil) }
            }
        case .stream(let type, let words):
            guard headHasEnded else { return }
            hasAnswered = true
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n"
            say(context.channel, Array(answer.utf8))
            stream(words, to: context.channel)
        default: break
        }
    }

    private var headHasEnded: Bool { String(decoding: head, as: UTF8.self).contains("\r\n\r\n") }

    @discardableResult
    private func say(_ channel: any Channel, _ bytes: [UInt8]) -> EventLoopFuture<Void> {
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes))
    }

    private func pour(_ channel: any Channel) {
        say(channel, [UInt8](repeating: 0x55, count: 1 << 14)).whenSuccess { self.pour(channel) }
    }

    /// A thread carries the program's bytes over; it waits for each write, so a slow reader slows the program.
    private func stream(_ words: [String], to channel: any Channel) {
        do {
            let pipe = try makePipe()
            let program = try Program(words, output: .descriptor(pipe.write))
            close(pipe.write)
            self.program = program
            _ = NamedThread("test-stream") {
                var block = [UInt8](repeating: 0, count: 1 << 14)
                while true {
                    let count = read(pipe.read, &block, block.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    let chunk = Array("\(String(count, radix: 16))\r\n".utf8) + block[..<count] + [13, 10]
                    let written = BoundedQueue<Bool>(limit: 1)
                    channel.writeAndFlush(channel.allocator.buffer(bytes: chunk)).whenComplete { result in
                        if case .success = result { written.push(true) } else { written.push(false) }
                    }
                    guard case .element(true) = written.pop() else { break }
                }
                close(pipe.read)
                program.kill()
                channel.writeAndFlush(channel.allocator.buffer(string: "0\r\n\r\n")).whenComplete { _ in
                    channel.close(promise: nil)
                }
            }
        } catch {
            channel.close(promise: nil)
        }
    }
}
