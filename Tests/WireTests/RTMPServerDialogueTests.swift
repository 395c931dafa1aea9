// Scripted clients: each one's own order and extras, delivered in every cut. All cuts must end alike.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPServerDialogueTests {
    typealias Action = RTMPServerSession.Action
    static let header: [UInt8] = [0x17, 0, 0, 0, 0, 1]
    static let key: [UInt8] = [0x17, 1, 0, 0, 0] + [UInt8](repeating: 5, count: 9000)
    static let fields = AMF0Value.ecmaArray([.init("width", .number(640))])
    static let metadata = AMF0Value.encode([.string("onMetaData"), fields])

    // MARK: Handshake

    @Test(arguments: RTMPDelivery.allCases) func handshake(delivery: RTMPDelivery) throws {
        let script = ClientScript()
        let run = RTMPServerRun(script, delivery)
        #expect(run.events.isEmpty)
        // Version, time, and a version of zeros, or FFmpeg looks for a signature.
        let random = [UInt8](repeating: 7, count: 1528)
        #expect(run.sent == concatenated([buffer([3, 0, 0, 0, 0, 0, 0, 0, 0] + random), script.parts[1]]))
    }

    @Test func nothingMore_isSaidBeforeC2() throws {
        var script = ClientScript()
        try script.connect()
        let whole = concatenated(script.parts)
        var run = RTMPServerRun()
        run.feed(try #require(whole.getSlice(at: 0, length: 1536)))
        #expect(run.sent.readableBytes == 0)
        run.feed(try #require(whole.getSlice(at: 1536, length: 1)))
        #expect(run.sent.readableBytes == 3073)
        run.feed(try #require(whole.getSlice(at: 1537, length: 1535)))
        #expect(run.sent.readableBytes == 3073)
        run.feed(try #require(whole.getSlice(at: 3072, length: whole.readableBytes - 3072)))
        #expect(run.events == [.connected(app: "live")])
    }

    @Test(arguments: [
        ("474554202F", "the client speaks HTTP, not RTMP"), ("16030100", "the client speaks TLS, not RTMP"),
        ("06", "the client asks for encrypted RTMP (version 6)"),
        ("00", "the client does not speak RTMP (version 0)"),
    ])
    func otherProtocols_areNamedAtOnce(text: String, why: String) {
        var run = RTMPServerRun()
        run.feed([octets(text), octets("03")])
        #expect(run.events == [.failed(RTMPFailure(.handshake, description: why))])
        #expect(run.sent.readableBytes == 0)
    }

    // MARK: Publish

    static func ffmpegPublish(key: [UInt8] = key) throws -> ClientScript {
        var client = ClientScript()
        try client.connect("live", [.init("type", .string("nonprivate"))])
        try client.say(.setChunkSize(60_000))
        try client.say("releaseStream", 2, [.null, .string("demo?k=v")])
        try client.say("FCPublish", 3, [.null, .string("demo?k=v")])
        try client.say("createStream", 4, [.null])
        try client.say("publish", 5, [.null, .string("demo?k=v"), .string("live")], stream: 1)
        try client.data([.string("@setDataFrame"), .string("onMetaData"), fields], time: 23)
        try client.media(.video, 0, header)
        try client.media(.audio, 0, [0xAF, 0, 0x12, 0x10])
        try client.media(.video, 40, key)
        try client.say("FCUnpublish", 6, [.null, .string("demo?k=v")])
        try client.say("deleteStream", 7, [.null, .number(1)])
        return client
    }

    static let demo = RTMPStreamName(app: "live", name: "demo", query: [.init("k", "v")])

    static let published: [Action] = [
        .connected(app: "live"), .publish(demo), .media(FLVTag(kind: .script, timestamp: 0, body: metadata)),
        .media(FLVTag(kind: .video, timestamp: 0, body: buffer(header))),
        .media(FLVTag(kind: .audio, timestamp: 0, body: buffer([0xAF, 0, 0x12, 0x10]))),
        .media(FLVTag(kind: .video, timestamp: 40, body: buffer(key))), .unpublished,
    ]

    @Test(arguments: RTMPDelivery.allCases) func publishFromFFmpeg(delivery: RTMPDelivery) throws {
        let run = RTMPServerRun(try Self.ffmpegPublish(), delivery)
        #expect(run.events == Self.published)
        #expect(run.session.clientName == "LNX 9,0,124,2")
        // All in one packet: the client has left before its owner could be asked.
        guard delivery != .merged else { return }
        let answers = try run.commands()
        #expect(
            answers.map(\.name) == [
                "_result", "_result", "_result", "onFCPublish", "_result", "onStatus", "_result", "onFCUnpublish",
            ])
        #expect(answers.prefix(5).map(\.transaction) == [1, 2, 3, 0, 4])
        #expect(answers[4].arguments == [.null, .number(1)])
        #expect(try run.codes() == ["NetStream.Publish.Start"])
    }

    /// FFmpeg takes over the chunk size that it hears before the answer.
    @Test func chunkSize_comesBeforeTheAnswerToConnect() throws {
        var client = ClientScript()
        try client.connect()
        let run = RTMPServerRun(client)
        let messages = try run.messages()
        #expect(messages.map(\.type) == [.windowAckSize, .setPeerBandwidth, .setChunkSize, .command])
        #expect(messages.map(\.chunkStream) == [2, 2, 2, 3])
        #expect(messages[2].payload == octets("0000EA60"))
        let answer = try RTMPCommand(messages[3])
        #expect(answer.name == "_result" && answer.transaction == 1)
        #expect(answer.arguments.first?["fmsVer"]?.stringValue?.hasPrefix("FMS/") == true)
        #expect(answer.information?["code"] == .string("NetConnection.Connect.Success"))
        #expect(answer.information?["level"] == .string("status"))
        #expect(answer.information?["objectEncoding"] == .number(0))
        #expect(answer.information?["capsEx"] == nil)
    }

    @Test func startOfAPublication_isWordForWord() throws {
        let run = RTMPServerRun(try Self.ffmpegPublish())
        let messages = try run.messages()
        let at = try #require(messages.firstIndex(of: .userControl(.streamBegin(1))))
        let status = messages[at + 1]
        #expect(status.stream == 1)
        let information = AMF0Value.object([
            .init("level", .string("status")), .init("code", .string("NetStream.Publish.Start")),
            .init("description", .string("publishing")),
        ])
        #expect(try RTMPCommand(status) == RTMPCommand("onStatus", 0, [.null, information]))
    }

    /// HaishinKit numbers publish 0, speaks AMF3 when asked to, and waits for the answers of its side calls.
    @Test(arguments: RTMPDelivery.allCases) func publishFromHaishinKit(delivery: RTMPDelivery) throws {
        var client = ClientScript()
        try client.connect("live", [.init("objectEncoding", .number(3))])
        try client.say("releaseStream", 2, [.null, .string("demo?k=v")], amf3: true)
        try client.say("FCPublish", 3, [.null, .string("demo?k=v")], amf3: true)
        try client.say("createStream", 4, [.null], amf3: true)
        try client.say("publish", 0, [.null, .string("demo?k=v"), .string("live")], stream: 1, amf3: true)
        var data = ByteBuffer(integer: 0, as: UInt8.self)
        data.writeImmutableBuffer(AMF0Value.encode([.string("@setDataFrame"), .string("onMetaData"), Self.fields]))
        try client.say(RTMPMessage(chunkStream: 4, type: .dataAMF3, stream: 1, timestamp: 9, payload: data))
        try client.media(.video, 0, Self.header)
        try client.say("closeStream", 0, [.null], stream: 1)
        try client.say("deleteStream", 0, [.null, .number(1)])
        let run = RTMPServerRun(client, delivery)
        #expect(
            run.events == [
                .connected(app: "live"), .publish(Self.demo),
                .media(FLVTag(kind: .script, timestamp: 0, body: Self.metadata)),
                .media(FLVTag(kind: .video, timestamp: 0, body: buffer(Self.header))), .unpublished,
            ])
        let answers = try run.commands()
        #expect(answers.first?.information?["objectEncoding"] == .number(3))
        #expect(answers.filter { $0.name == "_result" }.map(\.transaction) == [1, 2, 3, 4])
        #expect(answers.last?.name == (delivery == .merged ? "_result" : "onStatus"))
    }

    @Test func twoPublicationsBehindEachOther_areTwo() throws {
        var client = try Self.ffmpegPublish()
        try client.say("createStream", 8, [.null])
        try client.say("publish", 9, [.null, .string("other")], stream: 1)
        try client.media(.audio, 0, [0xAF, 1])
        let run = RTMPServerRun(client)
        #expect(run.events.prefix(7) == Self.published[...])
        #expect(run.events.dropFirst(7).first == .publish(RTMPStreamName(app: "live", name: "other")))
        #expect(run.tags.count == 5)
        #expect(run.session.isPublishing)
    }

    @Test func aSecondPublicationAtOnce_isRefusedAndTheFirstGoesOn() throws {
        var client = ClientScript()
        try client.connect()
        try client.say("publish", 2, [.null, .string("demo")], stream: 1)
        try client.say("publish", 3, [.null, .string("other")], stream: 1)
        try client.media(.audio, 0, [0xAF, 1])
        let run = RTMPServerRun(client)
        #expect(try run.codes() == ["NetStream.Publish.Start", "NetStream.Publish.BadName"])
        #expect(run.tags.count == 1 && run.session.isPublishing)
    }

    @Test func unknownCalls_areAnsweredAndForgotten() throws {
        var client = ClientScript()
        try client.say("createStream", 9, [.null])
        try client.connect()
        try client.say("_checkbw", 2, [.null])
        try client.say("somethingElse", 3, [.null, .object([])])
        try client.say("silent", 0, [.null])
        try client.say("getStreamLength", 4, [.null, .string("demo")])
        try client.say("FCSubscribe", 5, [.null, .string("demo")])
        try client.say(RTMPMessage(chunkStream: 3, type: .init(rawValue: 19), payload: buffer([1, 2, 3])))
        try client.say(.acknowledgement(77))
        try client.say(.setPeerBandwidth(9, limit: 1))
        let run = RTMPServerRun(client)
        #expect(run.events == [.connected(app: "live")])
        let answers = try run.commands()
        #expect(answers.map(\.transaction) == [9, 1, 2, 3, 4, 5, 0])
        #expect(answers.map(\.name).dropLast() == Array(repeating: "_result", count: 6)[...])
        #expect(answers[4].arguments == [.null, .number(0)])
        #expect(answers.last?.name == "onFCSubscribe")
    }

    @Test func pings_areAnsweredBothWays() throws {
        var client = ClientScript()
        try client.connect()
        try client.say(.userControl(.pingRequest(77)))
        try client.say(.userControl(.pingResponse(5)))
        var run = RTMPServerRun(client)
        run.say { $0.ping(now: 123_456) }
        #expect(run.events == [.connected(app: "live"), .pong(5)])
        #expect(
            try run.messages().suffix(2) == [.userControl(.pingResponse(77)), .userControl(.pingRequest(123_456))])
    }

    @Test func enhancedClients_hearThatEverythingIsForwarded() throws {
        var client = ClientScript()
        try client.connect("live", [.init("fourCcList", .strictArray([.string("hvc1")]))])
        let information = try #require(try RTMPServerRun(client).commands().first?.information)
        #expect(information["fourCcList"] == .strictArray([.string("*")]))
        #expect(information["videoFourCcInfoMap"]?["*"] == .number(4))
        #expect(information["audioFourCcInfoMap"]?["*"] == .number(4))
        #expect(information["capsEx"] == .number(14))
    }
}
