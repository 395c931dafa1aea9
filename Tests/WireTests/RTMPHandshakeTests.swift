import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPHandshakeTests {
    static let random = (0..<1528).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test func opening_isVersionTimeZeroRandom() {
        let opening = RTMPClientHandshake().opening(random: Self.random)
        #expect(opening == buffer([3] + [UInt8](repeating: 0, count: 8) + Self.random))
        let short = RTMPClientHandshake().opening(random: [1])
        #expect(short.readableBytes == 1537)
        let long = RTMPClientHandshake().opening(random: [UInt8](repeating: 1, count: 5000))
        #expect(long.readableBytes == 1537)
    }

    // S1 of the signed variant (a version in bytes 4–7) is answered like any other.
    @Test(arguments: RTMPDelivery.allCases, [UInt8(0), 4])
    func anyS1_isSentBackAsItCame(delivery: RTMPDelivery, fill: UInt8) throws {
        var handshake = RTMPClientHandshake()
        let script = ServerScript(s1: fill)
        var answers: [ByteBuffer] = []
        for part in delivery.cut(script.parts + [octets("AABB")]) {
            if let answer = try handshake.receive(part) { answers.append(answer) }
        }
        #expect(answers == [ByteBuffer(repeating: fill, count: 1536)])
        #expect(handshake.isDone)
        #expect(handshake.takeRest() == octets("AABB"))
        #expect(handshake.takeRest().readableBytes == 0)
    }

    @Test func c2_doesNotWaitForS2() throws {
        var handshake = RTMPClientHandshake()
        let script = ServerScript()
        #expect(try handshake.receive(script.parts[0]) == nil)
        #expect(try handshake.receive(script.parts[1])?.readableBytes == 1536)
        #expect(!handshake.isDone)
    }

    @Test(arguments: [
        ("48545450", "the server answers in HTTP, not RTMP"), ("15030300", "the server answers in TLS, not RTMP"),
        ("06", "the server asks for encrypted RTMP (version 6)"),
        ("00", "the server does not speak RTMP (version 0)"),
        ("20", "the server does not speak RTMP (version 32)"),
    ])
    func otherProtocols_areNamed(text: String, why: String) {
        var run = RTMPRun(rtmpSettings(.play))
        run.feed([octets(text)])
        #expect(run.events == [.failed(RTMPFailure(.handshake, description: why))])
        run.feed([octets("03")])
        #expect(run.events.count == 1)
    }

    @Test func connect_waitsForTheWholeHandshake() throws {
        var run = RTMPRun(rtmpSettings(.play))
        let whole = concatenated(ServerScript().parts)
        run.feed([whole.getSlice(at: 0, length: whole.readableBytes - 1) ?? ByteBuffer()])
        #expect(try run.messages().isEmpty)
        run.feed([octets("09")])
        #expect(try run.commands().map(\.name) == ["connect"])
    }
}
