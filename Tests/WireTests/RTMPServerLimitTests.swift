// What a client may make the server keep, and what it may not make it pass on.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPServerLimitTests {
    /// A client that has asked to publish (and was allowed to).
    static func publisher() throws -> (ClientScript, RTMPServerRun) {
        var client = ClientScript()
        try client.connect()
        try client.say(.setChunkSize(1_000_000))
        try client.say("publish", 2, [.null, .string("demo")], stream: 1)
        let run = RTMPServerRun(client)
        client.parts = []
        return (client, run)
    }

    static func header(_ chunkStream: UInt8, length: Int, type: UInt8 = 9) -> ByteBuffer {
        let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        return buffer([chunkStream, 0, 0, 0] + bytes + [type, 1, 0, 0, 0])
    }

    static func violation(_ text: String) -> RTMPFailure { RTMPFailure(.protocolViolation, description: text) }

    @Test func largeMessages_areForPublishersOnly() throws {
        var client = ClientScript()
        try client.connect()
        var run = RTMPServerRun(client)
        run.feed(Self.header(6, length: 65_537))
        #expect(run.failure == Self.violation("message of 65537 bytes is over the limit of 65536"))

        (_, run) = try Self.publisher()
        run.feed(Self.header(6, length: 65_537))
        #expect(run.failure == nil)
        (_, run) = try Self.publisher()
        run.feed(Self.header(6, length: 8 << 20))
        #expect(run.failure == nil)
        run.feed(Self.header(5, length: (8 << 20) + 1))
        // Payload of the first message; then the second one's header.
        run.feed(ByteBuffer(repeating: 0, count: 1_000_000 - 12))
        run.feed(Self.header(5, length: (8 << 20) + 1))
        #expect(run.failure?.description == "message of 8388609 bytes is over the limit of 8388608")
    }

    @Test func afterARefusalOrTheEnd_onlySmallMessagesAreTaken() throws {
        var client = ClientScript()
        try client.connect()
        try client.say("publish", 2, [.null, .string("demo")], stream: 1)
        var run = RTMPServerRun(client, allows: false)
        // The refusal is known by the next message.
        run.feed(try RTMPChunkWriterTests.write([.acknowledgement(0)]))
        run.feed(Self.header(6, length: 65_537))
        #expect(run.failure?.description == "message of 65537 bytes is over the limit of 65536")
    }

    @Test func unfinishedMessages_areCountedTogether() throws {
        var (_, run) = try Self.publisher()
        for id in 5..<20 where run.failure == nil {
            run.feed(Self.header(UInt8(id), length: 1_000_001))
            run.feed(ByteBuffer(repeating: 0, count: 1_000_000))
        }
        #expect(run.failure == Self.violation("too much data in unfinished messages"))
        #expect(run.session.bytesReceived < 14_000_000)
    }

    @Test func chunkStreams_areCounted() throws {
        var (_, run) = try Self.publisher()
        for id in UInt8(0)..<80 where run.failure == nil {
            run.feed(buffer([0, id, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 0xAA]))
        }
        #expect(run.failure == Self.violation("more than 64 chunk streams"))
    }

    @Test(arguments: ["00000000", "80000000", "FFFFFFFF"]) func impossibleChunkSizes_endIt(size: String) throws {
        var (_, run) = try Self.publisher()
        run.feed(octets("02 000000 000004 01 00000000 " + size))
        #expect(run.failure?.kind == .protocolViolation)
    }

    @Test func aGiantChunkSize_costsNothing() throws {
        var (_, run) = try Self.publisher()
        run.feed(octets("02 000000 000004 01 00000000 7FFFFFFF"))
        run.feed(Self.header(6, length: 4 << 20))
        #expect(run.failure == nil)
    }

    @Test func commands_areCounted() throws {
        var settings = rtmpServerSettings()
        settings.limits.commands = 3
        var client = ClientScript()
        try client.connect()
        for number in 2...4 { try client.say("createStream", Double(number), [.null]) }
        let run = RTMPServerRun(client, .message, settings)
        #expect(run.failure == Self.violation("more than 3 commands"))
        #expect(try run.commands().count == 3)
    }

    // MARK: Names

    @Test func longAddresses_areRefused() throws {
        let long = String(repeating: "x", count: 1100)
        for (app, tcUrl) in [("live/" + long, ""), ("live", "rtmp://h/" + long)] {
            var client = ClientScript()
            try client.connect(app, tcUrl: tcUrl)
            let run = RTMPServerRun(client)
            #expect(run.failure?.kind == .rejectedConnect)
            #expect(try run.commands().map(\.name) == ["_error"])
        }
    }

    @Test(arguments: ["", "/", "a\u{1B}[31mb", "a\nb", "a\u{9B}b", "long", "_definst_"])
    func namesThatAreNone_areRefused(name: String) throws {
        let text = name == "long" ? String(repeating: "x", count: 1025) : name
        var client = ClientScript()
        try client.connect()
        try client.say("publish", 2, [.null, .string(text)], stream: 1)
        try client.say("publish", 2, [.null], stream: 1)
        try client.say("play", 2, [.null, .string(text)], stream: 1)
        try client.say("play", 2, [], stream: 1)
        let run = RTMPServerRun(client)
        #expect(run.events == [.connected(app: "live")])
        let code = "NetStream.Publish.BadName"
        let other = "NetStream.Play.StreamNotFound"
        #expect(try run.codes() == [code, code, other, other])
    }

    // MARK: Script data

    static func nested(_ depth: Int) -> AMF0Value {
        (0..<depth).reduce(.number(1)) { inner, _ in .object([.init("a", inner)]) }
    }

    @Test func deepScripts_areNotPassedOn() throws {
        var (client, run) = try Self.publisher()
        try client.data([.string("@setDataFrame"), .string("onMetaData"), Self.nested(16)])
        try client.data([.string("onMetaData"), Self.nested(17)])
        try client.data([.string("onDeep"), .strictArray([Self.nested(16)])])
        try client.data([.string("onText"), .string("x")], time: 40)
        run.feed(client.parts)
        #expect(run.tags.map(\.timestamp) == [0, 40])
        #expect(run.tags.first?.body == AMF0Value.encode([.string("onMetaData"), Self.nested(16)]))
        #expect(run.session.droppedScripts == 2)
    }

    @Test func scriptsThatNobodyCanRead_areNotPassedOn() throws {
        var (client, run) = try Self.publisher()
        for body in ["02", "020005", "0200016109", "11", "020001611104", "00000000000000000000", "0200016108FFFF"] {
            try client.say(
                RTMPMessage(chunkStream: 4, type: .data, stream: 1, timestamp: 0, payload: octets(body)))
        }
        try client.data([.string("onLarge"), .string(String(repeating: "x", count: 1 << 20))])
        run.feed(client.parts)
        #expect(run.tags.isEmpty && run.failure == nil)
        #expect(run.session.droppedScripts == 8)
    }

    @Test func ordersToTheServer_areNotPassedOn() throws {
        var (client, run) = try Self.publisher()
        for name in ["|RtmpSampleAccess", "@clearDataFrame", "onStatus", "onPlayStatus"] {
            try client.data([.string(name), .boolean(true)])
        }
        try client.say(RTMPMessage(chunkStream: 4, type: .audio, stream: 1, timestamp: 1, payload: ByteBuffer()))
        run.feed(client.parts)
        #expect(run.tags.isEmpty && run.session.droppedScripts == 0)
    }

    @Test func deepOrDamagedCommands_endIt() throws {
        var client = ClientScript()
        try client.connect()
        try client.say("createStream", 2, [Self.nested(17)])
        #expect(RTMPServerRun(client).failure == Self.violation("AMF0 values nested deeper than 16"))
    }

    // MARK: Aggregates, Abort, acknowledgements

    @Test func aggregates_areTakenApart() throws {
        var (client, run) = try Self.publisher()
        var payload = octets("09 000002 000010 00 000000 1701 0000000D")
        payload.writeImmutableBuffer(octets("08 000002 000020 00 000000 AF01 0000000D"))
        payload.writeImmutableBuffer(octets("12 000004 000021 00 000000 02000161"))
        try client.say(RTMPMessage(chunkStream: 4, type: .aggregate, stream: 1, timestamp: 100, payload: payload))
        run.feed(client.parts)
        #expect(
            run.tags == [
                FLVTag(kind: .video, timestamp: 100, body: octets("1701")),
                FLVTag(kind: .audio, timestamp: 116, body: octets("AF01")),
                FLVTag(kind: .script, timestamp: 117, body: octets("02000161")),
            ])
    }

    @Test func anAbortedMessage_isForgotten() throws {
        var (_, run) = try Self.publisher()
        run.feed(Self.header(6, length: 1_000_001))
        run.feed(ByteBuffer(repeating: 0, count: 1_000_000))
        run.feed(octets("02 000000 000004 02 00000000 00000006"))
        run.feed(octets("06 000001 000002 09 01000000 1701"))
        #expect(run.tags == [FLVTag(kind: .video, timestamp: 1, body: octets("1701"))])
    }

    @Test func bytes_areAcknowledgedAtHalfTheWindow() throws {
        var (client, run) = try Self.publisher()
        try client.say(.windowAckSize(2000))
        run.feed(client.parts)
        run.sent = ByteBuffer()
        for time in 0..<UInt32(30) {
            client.parts = []
            try client.media(.audio, time, [UInt8](repeating: 1, count: 100))
            run.feed(client.parts)
        }
        var reader = RTMPChunkReader()
        reader.append(run.sent)
        var acks: [UInt32] = []
        while let message = try reader.next() {
            #expect(message.type == .acknowledgement)
            acks.append(message.payload.getInteger(at: 0) ?? 0)
        }
        #expect(acks.count == 3)
        #expect(zip(acks, acks.dropFirst()).allSatisfy { (1000...1200).contains($1 - $0) })
    }

    @Test func acknowledgements_wrap() throws {
        var (client, run) = try Self.publisher()
        run.session.bytesReceived = UInt64(UInt32.max) - 10
        try client.media(.audio, 0, [UInt8](repeating: 1, count: 100))
        run.sent = ByteBuffer()
        run.feed(client.parts)
        var reader = RTMPChunkReader()
        reader.append(run.sent)
        let ack = try #require(try reader.next())
        let count = try #require(client.parts.first?.readableBytes)
        #expect(ack == .acknowledgement(UInt32(count - 11)))
    }

    @Test func times_mayBeExtendedAndWrap() throws {
        var (client, run) = try Self.publisher()
        for time in [UInt32(0xFF_FFFE), 0xFF_FFFF, 0x100_0000, 0xFFFF_FFFF, 3] {
            try client.media(.video, time, [UInt8](repeating: 0x27, count: 3000))
        }
        run.feed(client.parts)
        #expect(run.tags.map(\.timestamp) == [0xFF_FFFE, 0xFF_FFFF, 0x100_0000, 0xFFFF_FFFF, 3])
        #expect(run.tags.allSatisfy { $0.body.readableBytes == 3000 })
    }
}
