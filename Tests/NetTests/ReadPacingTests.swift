import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import Net

// A socket that is read a few times a second, without a socket.
@Suite struct ReadPacingTests {
    /// Counts what of the wish to read reaches the socket.
    final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var count = 0
        func read(context: ChannelHandlerContext) { count += 1 }
    }

    let channel = EmbeddedChannel()
    let reads = Reads()

    init() throws {
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        channel.paceReads(.milliseconds(100))
        try channel.pipeline.syncOperations.addHandler(reads, position: .first)
    }

    @Test func aRead_waitsForItsTime() throws {
        try channel.writeInbound(ByteBuffer(repeating: 0, count: 500))
        #expect(try channel.readInbound(as: ByteBuffer.self)?.readableBytes == 500)
        // The channel wishes it after each read; others may, too.
        for _ in 0..<3 { channel.read() }
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(99))
        #expect(reads.count == 0)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(reads.count == 1)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(reads.count == 1)
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
        #expect(reads.count == 2)
        _ = try channel.finish()
    }

    @Test func whoSendsMuch_isNotKeptWaiting() throws {
        for _ in 0..<3 { try channel.writeInbound(ByteBuffer(repeating: 0, count: 12 << 10)) }
        channel.read()
        #expect(reads.count == 1)
        // Counted anew for each read.
        try channel.writeInbound(ByteBuffer(repeating: 0, count: 12 << 10))
        channel.read()
        #expect(reads.count == 1)
        _ = try channel.finish()
    }

    @Test func theEnd_leavesNothingBehind() throws {
        channel.read()
        _ = try channel.finish()
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(reads.count == 0)
    }

    @Test func hasteToAcknowledge_ends() throws {
        let channel = EmbeddedChannel(handler: QuickAckHandler())
        channel.paceReads(.milliseconds(100))
        channel.embeddedEventLoop.run()
        #expect(throws: ChannelPipelineError.self) {
            _ = try channel.pipeline.syncOperations.handler(type: QuickAckHandler.self)
        }
        _ = try channel.finish()
    }
}
