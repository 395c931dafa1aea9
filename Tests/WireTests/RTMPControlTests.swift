// What runs beside the dialogue: acknowledgements, pings, aggregates, AMF3 wrappers.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPControlTests {
    static func playing() throws -> ServerScript {
        var server = try RTMPRefusalTests.started(.play)
        try server.status("NetStream.Play.Start")
        return server
    }

    @Test(arguments: [
        (RTMPUserControl.streamBegin(1), "0000 00000001"), (.streamEOF(2), "0001 00000002"),
        (.streamDry(3), "0002 00000003"),
        (.setBufferLength(stream: 1, milliseconds: 3000), "0003 00000001 00000BB8"),
        (.streamIsRecorded(4), "0004 00000004"), (.pingRequest(5), "0006 00000005"),
        (.pingResponse(6), "0007 00000006"), (.other(event: 26), "001A"),
    ])
    func userControl_goesBothWays(event: RTMPUserControl, text: String) throws {
        #expect(RTMPMessage.userControl(event).payload == octets(text))
        #expect(try RTMPUserControl(octets(text)) == event)
    }

    @Test func controlMessages_areWordForWord() {
        #expect(RTMPMessage.setPeerBandwidth(1, limit: 2).payload == octets("00000001 02"))
        #expect(RTMPMessage.acknowledgement(0xFFFF_FFFF).payload == octets("FFFFFFFF"))
        #expect(RTMPMessage.setChunkSize(128).chunkStream == 2)
    }

    @Test func ping_isAnsweredWithItsTime() throws {
        var server = ServerScript()
        try server.say(.userControl(.pingRequest(0x0102_0304)))
        try server.say(.userControl(.other(event: 6)))
        let run = RTMPRun(rtmpSettings(.publish), server)
        #expect(try run.messages().last == .userControl(.pingResponse(0x0102_0304)))
        #expect(try run.messages().count == 2)
    }

    @Test func acknowledgement_isSentWithinTheWindow() throws {
        var server = try Self.playing()
        try server.say(.windowAckSize(1000))
        for time in 0..<UInt32(20) { try server.media(.audio, time, [UInt8](repeating: 1, count: 100)) }
        let run = RTMPRun(rtmpSettings(.play), server)
        let acks = try run.messages().filter { $0.type == .acknowledgement }
            .compactMap { $0.payload.getInteger(at: 0, as: UInt32.self) }
        #expect(acks.count >= 3)
        #expect(zip(acks, acks.dropFirst()).allSatisfy { $1 > $0 && $1 - $0 <= 1000 })
        #expect(UInt64(acks.last ?? 0) <= run.session.bytesReceived)
    }

    @Test func acknowledgement_wraps() throws {
        var server = try Self.playing()
        var run = RTMPRun(rtmpSettings(.play), server)
        run.session.bytesReceived = 0xFFFF_FFF0
        run.session.acknowledged = 0xFFFF_FFF0
        run.session.ackWindow = 100
        try server.media(.audio, 0, [UInt8](repeating: 1, count: 88))
        run.feed([try #require(server.parts.last)])
        #expect(run.session.bytesReceived == 0x1_0000_0054)
        #expect(try run.messages().last == .acknowledgement(0x54))
    }

    @Test func window0_isIgnored() throws {
        var server = try Self.playing()
        try server.say(.windowAckSize(0))
        try server.media(.audio, 0, [UInt8](repeating: 1, count: 100))
        #expect(try !RTMPRun(rtmpSettings(.play), server).messages().contains { $0.type == .acknowledgement })
    }

    @Test func peerBandwidth_isAnsweredOnce() throws {
        var server = ServerScript()
        for _ in 0..<3 { try server.say(.setPeerBandwidth(5000, limit: 2)) }
        try server.say(.setPeerBandwidth(6000, limit: 0))
        let answers = try RTMPRun(rtmpSettings(.publish), server).messages().filter { $0.type == .windowAckSize }
        #expect(answers == [.windowAckSize(5000), .windowAckSize(6000)])
    }

    @Test func aggregate_isTakenApart() throws {
        var server = try Self.playing()
        let parts = octets(
            """
            08 000002 0003E8 00 000000 AF01 0000000D
            09 000001 0003FC 00 000000 27 0000000C
            12 000003 000410 00 000000 020000 0000000E
            16 000000 000000 00 000000 0000000B
            08 000001 000006 01 000000 AA
            """)
        try server.say(RTMPMessage(chunkStream: 6, type: .aggregate, stream: 1, timestamp: 5000, payload: parts))
        let run = RTMPRun(rtmpSettings(.play), server)
        #expect(
            run.events.suffix(4) == [
                .media(FLVTag(kind: .audio, timestamp: 5000, body: octets("AF01"))),
                .media(FLVTag(kind: .video, timestamp: 5020, body: octets("27"))),
                .media(FLVTag(kind: .script, timestamp: 5040, body: octets("020000"))),
                .media(FLVTag(kind: .audio, timestamp: 0x0100_0006 &+ 4000, body: octets("AA"))),
            ])
    }

    @Test func amf3Wrapper_holdsTheSameCommands() throws {
        var server = ServerScript()
        for format in ["00", ""] {
            var payload = octets(format)
            payload.writeImmutableBuffer(
                AMF0Value.encode([.string("onStatus"), .number(0), .null, rtmpInformation("A.B", "c")]))
            try server.say(RTMPMessage(chunkStream: 3, type: .commandAMF3, payload: payload))
        }
        let status = RTMPClientSession.Action.status(level: "status", code: "A.B", description: "c")
        #expect(RTMPRun(rtmpSettings(.play), server).events == [status, status])
        // Values in AMF3 proper end the arguments quietly.
        var payload = AMF0Value.encode([.string("x"), .number(0)])
        payload.writeBytes([0x11, 0x0A])
        let command = try RTMPCommand(RTMPMessage(chunkStream: 3, type: .commandAMF3, payload: payload))
        #expect(command == RTMPCommand("x", 0, []))
    }

    @Test func dataMessages_becomeScriptTags() throws {
        var server = try Self.playing()
        let body = RTMPDialogueTests.metadata
        var amf3 = octets("00")
        amf3.writeImmutableBuffer(body)
        try server.say(RTMPMessage(chunkStream: 5, type: .dataAMF3, stream: 1, payload: amf3))
        var relayed = AMF0Value.encode([.string("@setDataFrame")])
        relayed.writeImmutableBuffer(body)
        try server.say(RTMPMessage(chunkStream: 5, type: .data, stream: 1, payload: relayed))
        let tag = RTMPClientSession.Action.media(FLVTag(kind: .script, timestamp: 0, body: body))
        #expect(RTMPRun(rtmpSettings(.play), server).events.suffix(2) == [tag, tag])
    }

    @Test func emptyMedia_areDropped() throws {
        var server = try Self.playing()
        try server.media(.audio, 0, [])
        #expect(RTMPRun(rtmpSettings(.play), server).events.last == .established)
    }

    @Test func mediaBeforeTheyWereAskedFor_areDropped() throws {
        var server = ServerScript()
        try server.media(.audio, 0, [1])
        #expect(RTMPRun(rtmpSettings(.play), server).events.isEmpty)
    }

    @Test func bandwidthProbe_isAnswered() throws {
        var server = ServerScript()
        try server.say("_onbwcheck", 9, [.null])
        try server.say("someCallOfTheirs", 10, [.null])
        #expect(
            try RTMPRun(rtmpSettings(.play), server).commands().last
                == RTMPCommand("_result", 9, [.null, .number(0)]))
    }

    @Test func scriptTags_otherThanMetadata_goAsTheyAre() throws {
        var server = try RTMPRefusalTests.started(.publish)
        try server.status("NetStream.Publish.Start")
        var run = RTMPRun(rtmpSettings(.publish), server)
        let body = AMF0Value.encode([.string("onTextData"), .null])
        run.sent.writeImmutableBuffer(run.session.send(FLVTag(kind: .script, timestamp: 3, body: body)))
        let last = try run.messages().last
        #expect(last?.payload == body)
        #expect(last?.timestamp == 3)
        // Too large for the protocol: nothing is sent, the session goes on.
        let large = ByteBuffer(repeating: 0, count: 1 << 24)
        #expect(run.session.send(FLVTag(kind: .video, timestamp: 4, body: large)).readableBytes == 0)
        #expect(run.session.isEstablished)
    }
}
