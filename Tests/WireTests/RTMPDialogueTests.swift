// Scripted servers: each flavour's own order and extras, delivered in every cut. All cuts must end alike.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPDialogueTests {
    typealias Action = RTMPClientSession.Action
    static let header: [UInt8] = [0x17, 0, 0, 0, 0, 1]
    static let metadata = AMF0Value.encode([.string("onMetaData"), .ecmaArray([.init("width", .number(640))])])
    static let success = Action.status(level: "status", code: "NetStream.Publish.Start", description: "")

    // MARK: Publish

    static func nginxPublish() throws -> ServerScript {
        var server = ServerScript()
        try server.acceptConnect()
        try server.say("_result", 4, [.null, .number(1)])
        try server.status("NetStream.Publish.Start")
        return server
    }

    static func srsPublish() throws -> ServerScript {
        var server = ServerScript()
        try server.say(.windowAckSize(2_500_000))
        try server.say(.setPeerBandwidth(2_500_000, limit: 2))
        try server.say(.setChunkSize(60_000))
        let data = AMF0Value.ecmaArray([.init("srs_sig", .string("SRS")), .init("srs_server", .string("SRS/5.0"))])
        try server.say(
            "_result", 1,
            [
                .object([.init("fmsVer", .string("FMS/3,5,3,888"))]),
                .object([
                    .init("level", .string("status")), .init("code", .string("NetConnection.Connect.Success")),
                    .init("data", data),
                ]),
            ])
        try server.say("onBWDone", 0, [.null])
        try server.say("_result", 2, [.null, .undefined])
        try server.say("_result", 3, [.null, .undefined])
        try server.say("_result", 4, [.null, .number(1)])
        try server.say("onFCPublish", 0, [.null, rtmpInformation("NetStream.Publish.Start")], stream: 1)
        try server.status("NetStream.Publish.Start")
        return server
    }

    static func ffmpegPublish() throws -> ServerScript {
        var server = ServerScript()
        try server.say(.windowAckSize(2_500_000))
        try server.say(.setPeerBandwidth(2_500_000, limit: 2))
        try server.say(.userControl(.streamBegin(0)))
        try server.say(.setChunkSize(128))
        try server.say(
            "_result", 1,
            [
                .object([.init("fmsVer", .string("FMS/3,0,1,123"))]),
                rtmpInformation("NetConnection.Connect.Success"),
            ])
        try server.say("onBWDone", 8192, [.null])
        try server.say("_result", 2, [.null])
        try server.say("onFCPublish", 0, [])
        try server.say("_result", 4, [.null, .number(1)])
        try server.say(.userControl(.streamBegin(1)))
        try server.status("NetStream.Publish.Start")
        return server
    }

    static let publishers: [(String, String, @Sendable () throws -> ServerScript)] = [
        ("nginx", "FMS/3,0,1,123", nginxPublish), ("SRS", "SRS/5.0", srsPublish),
        ("ffmpeg", "FMS/3,0,1,123", ffmpegPublish),
    ]

    @Test(arguments: 0..<3, RTMPDelivery.allCases) func publish(flavour: Int, delivery: RTMPDelivery) throws {
        let (name, server, script) = Self.publishers[flavour]
        var run = RTMPRun(rtmpSettings(.publish), try script(), delivery)
        #expect(run.events == [.connected(serverName: server), Self.success, .established], "\(name)")
        run.sent.writeImmutableBuffer(
            run.session.send(FLVTag(kind: .script, timestamp: 0, body: Self.metadata)))
        run.sent.writeImmutableBuffer(
            run.session.send(FLVTag(kind: .video, timestamp: 40, body: buffer(Self.header))))
        run.sent.writeImmutableBuffer(run.session.unpublish())
        #expect(run.session.send(FLVTag(kind: .video, timestamp: 80, body: buffer([1]))).readableBytes == 0)
        let names = try run.commands().map(\.name).filter { $0 != "_checkbw" }
        #expect(
            names == [
                "connect", "releaseStream", "FCPublish", "createStream", "publish", "FCUnpublish", "deleteStream",
            ])
        let media = try run.messages().filter { [8, 9, 18].contains($0.type.rawValue) }
        #expect(media.map(\.type) == [.data, .video])
        #expect(media.allSatisfy { $0.stream == 1 })
        #expect(media.last?.timestamp == 40)
        var data = try #require(media.first).payload
        #expect(
            try AMF0Value.decodeAll(from: &data) == [
                .string("@setDataFrame"), .string("onMetaData"), .ecmaArray([.init("width", .number(640))]),
            ])
    }

    @Test func publishCommands_areWordForWord() throws {
        let commands = try RTMPRun(rtmpSettings(.publish), Self.nginxPublish()).commands()
        #expect(
            commands == [
                RTMPCommand(
                    "connect", 1,
                    [
                        .object([
                            .init("app", .string("live")), .init("type", .string("nonprivate")),
                            .init("flashVer", .string("FMLE/3.0 (compatible; sluice)")),
                            .init("tcUrl", .string("rtmp://h/live")),
                        ])
                    ]),
                RTMPCommand("releaseStream", 2, [.null, .string("demo?k=v")]),
                RTMPCommand("FCPublish", 3, [.null, .string("demo?k=v")]),
                RTMPCommand("createStream", 4, [.null]),
                RTMPCommand("publish", 5, [.null, .string("demo?k=v"), .string("live")]),
            ])
    }

    @Test func chunkSize_isAnnouncedBeforeItIsUsed() throws {
        let run = RTMPRun(rtmpSettings(.publish), try Self.nginxPublish())
        let sizes = try run.messages().filter { $0.type == .setChunkSize }
        #expect(sizes.map(\.payload) == [octets("0000EA60")])
        var session = run.session
        let body = ByteBuffer(repeating: 1, count: 50_000)
        // One chunk: a full header and the body.
        #expect(session.send(FLVTag(kind: .video, timestamp: 0, body: body)).readableBytes == 50_012)
    }

    // MARK: Play

    static func nginxPlay() throws -> ServerScript {
        var server = ServerScript()
        try server.acceptConnect()
        try server.say("_result", 2, [.null, .number(1)])
        try server.status("NetStream.Play.Start", "Start live")
        try server.data([.string("|RtmpSampleAccess"), .boolean(true), .boolean(true)])
        try server.say(RTMPMessage(chunkStream: 5, type: .data, stream: 1, payload: metadata))
        try server.media(.video, 0, header)
        try server.media(.audio, 0, [0xAF, 0])
        try server.media(.video, 40, [0x27] + [UInt8](repeating: 5, count: 9000))
        try server.say(.userControl(.streamEOF(1)))
        return server
    }

    @Test(arguments: RTMPDelivery.allCases) func playFromNginx(delivery: RTMPDelivery) throws {
        let run = RTMPRun(rtmpSettings(.play), try Self.nginxPlay(), delivery)
        #expect(
            run.events == [
                .connected(serverName: "FMS/3,0,1,123"),
                .status(level: "status", code: "NetStream.Play.Start", description: "Start live"), .established,
                .media(FLVTag(kind: .script, timestamp: 0, body: Self.metadata)),
                .media(FLVTag(kind: .video, timestamp: 0, body: buffer(Self.header))),
                .media(FLVTag(kind: .audio, timestamp: 0, body: buffer([0xAF, 0]))),
                .media(
                    FLVTag(
                        kind: .video, timestamp: 40, body: buffer([0x27] + [UInt8](repeating: 5, count: 9000)))),
                .ended(.streamEOF),
            ])
        let commands = try run.commands()
        #expect(commands.map(\.name) == ["connect", "createStream", "play"])
        #expect(commands.last?.arguments == [.null, .string("demo?k=v"), .number(-2000)])
        let connect = try #require(commands.first?.arguments.first)
        #expect(connect["capabilities"] == .number(15))
        guard case .strictArray(let codecs)? = connect["fourCcList"] else { return #expect(Bool(false)) }
        for name in ["avc1", "hvc1", "av01", "vp09", "Opus"] { #expect(codecs.contains(.string(name))) }
        let messages = try run.messages()
        #expect(messages.contains(.userControl(.setBufferLength(stream: 1, milliseconds: 3000))))
        #expect(messages.filter { $0.type == .windowAckSize }.map(\.payload) == [octets("004C4B40")])
    }

    static func srsPlay(_ stream: UInt32 = 1) throws -> ServerScript {
        var server = ServerScript()
        try server.say(.windowAckSize(2_500_000))
        try server.say(
            "_result", 1,
            [.object([.init("fmsVer", .string("x"))]), rtmpInformation("NetConnection.Connect.Success")])
        try server.say("onBWDone", 0, [.null])
        try server.say("_result", 2, [.null, .number(Double(stream))])
        try server.say(.userControl(.streamBegin(stream)))
        try server.status("NetStream.Play.Reset", stream: stream)
        try server.status("NetStream.Play.Start", stream: stream)
        try server.data([.string("|RtmpSampleAccess"), .boolean(true), .boolean(true)], stream: stream)
        try server.data(
            [.string("onStatus"), .object([.init("code", .string("NetStream.Data.Start"))])], stream: stream)
        try server.media(.audio, 10, [0xAF, 1, 2], stream: stream)
        try server.status("NetStream.Play.UnpublishNotify", stream: stream)
        return server
    }

    @Test(arguments: RTMPDelivery.allCases) func playFromSRS(delivery: RTMPDelivery) throws {
        let run = RTMPRun(rtmpSettings(.play), try Self.srsPlay(), delivery)
        func status(_ code: String) -> Action { .status(level: "status", code: code, description: "") }
        #expect(
            run.events == [
                .connected(serverName: "x"), status("NetStream.Play.Reset"), status("NetStream.Play.Start"),
                .established, status("NetStream.Data.Start"),
                .media(FLVTag(kind: .audio, timestamp: 10, body: buffer([0xAF, 1, 2]))),
                status("NetStream.Play.UnpublishNotify"), .ended(.unpublished),
            ])
        #expect(try run.commands().map(\.name).contains("_checkbw"))
    }

    @Test(arguments: [UInt32(0), 7]) func streamNumber_isTheServersChoice(id: UInt32) throws {
        let run = RTMPRun(rtmpSettings(.play), try Self.srsPlay(id))
        #expect(run.session.streamID == id)
        #expect(run.session.isEstablished)
    }

    /// ffmpeg's own server: chunks of 128, no Play.Start wanted here, media on message stream 0.
    @Test(arguments: RTMPDelivery.allCases) func mediaOnStream0WithoutPlayStart_play(delivery: RTMPDelivery) throws
    {
        var server = ServerScript()
        try server.say("_result", 1, [.null, rtmpInformation("NetConnection.Connect.Success")])
        try server.say("onBWDone", 8192, [.null])
        try server.say("_result", 2, [.null, .number(1)])
        try server.media(.video, 0, Self.header, stream: 0)
        let run = RTMPRun(rtmpSettings(.play), server, delivery)
        #expect(
            run.events == [
                .connected(serverName: nil), .established,
                .media(FLVTag(kind: .video, timestamp: 0, body: buffer(Self.header))),
            ])
    }

    @Test func live_asksForLiveOnly() throws {
        var wanted = rtmpSettings(.play)
        wanted.live = true
        wanted.bufferMilliseconds = 100
        wanted.pageUrl = "http://p"
        wanted.fourCCs = []
        let run = RTMPRun(wanted, try Self.nginxPlay())
        #expect(try run.commands().last?.arguments.last == .number(-1000))
        let connect = try run.commands().first?.arguments.first
        #expect(connect?["pageUrl"] == .string("http://p"))
        #expect(connect?["fourCcList"] == nil)
        #expect(try run.messages().contains(.userControl(.setBufferLength(stream: 1, milliseconds: 100))))
        var goodbye = run
        goodbye.sent.writeImmutableBuffer(goodbye.session.unpublish())
        #expect(try goodbye.commands().last == RTMPCommand("deleteStream", 4, [.null, .number(1)]))
        #expect(goodbye.session.unpublish().readableBytes == 0)
    }

    @Test func publisherComingBack_playsOn() throws {
        var server = try Self.nginxPlay()
        try server.status("NetStream.Play.PublishNotify")
        try server.media(.audio, 50, [0xAF, 1])
        try server.status("NetStream.Play.UnpublishNotify")
        try server.say(.userControl(.streamEOF(1)))
        let run = RTMPRun(rtmpSettings(.play), server)
        let ends = run.events.filter { if case .ended = $0 { true } else { false } }
        #expect(ends == [.ended(.streamEOF), .ended(.unpublished)])
    }
}
