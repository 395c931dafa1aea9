// Scripted players, what they are told when a stream ends, and how they are refused.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPServerPlayTests {
    static func ffmpegPlay() throws -> ClientScript {
        var client = ClientScript()
        try client.connect()
        try client.say(.windowAckSize(2_500_000))
        try client.say("createStream", 2, [.null])
        try client.say("FCSubscribe", 3, [.null, .string("demo")])
        try client.say("getStreamLength", 4, [.null, .string("demo")])
        try client.say("play", 5, [.null, .string("demo"), .number(-2000)], stream: 1)
        try client.say(.userControl(.setBufferLength(stream: 1, milliseconds: 3000)))
        return client
    }

    @Test(arguments: RTMPDelivery.allCases) func play(delivery: RTMPDelivery) throws {
        var run = RTMPServerRun(try Self.ffmpegPlay(), delivery)
        #expect(run.events == [.connected(app: "live"), .play(RTMPStreamName(app: "live", name: "demo"))])
        #expect(run.session.isPlaying)
        #expect(try run.codes() == ["NetStream.Play.Reset", "NetStream.Play.Start"])
        let messages = try run.messages()
        let at = try #require(messages.firstIndex(of: .userControl(.streamBegin(1))))
        #expect(messages.count == at + 4)
        #expect(messages.dropFirst(at + 1).allSatisfy { $0.stream == 1 && $0.chunkStream == 5 })
        #expect(messages.last?.type == .data)
        #expect(
            messages.last?.payload
                == AMF0Value.encode([.string("|RtmpSampleAccess"), .boolean(true), .boolean(true)]))
        run.say { $0.ending() }
        #expect(try run.codes().last == "NetStream.Play.UnpublishNotify")
        #expect(try run.messages().last == .userControl(.streamEOF(1)))
    }

    @Test func media_goBetweenTheSessionsOwnWords() throws {
        var run = RTMPServerRun(try Self.ffmpegPlay())
        let tag = FLVTag(kind: .video, timestamp: 0x0200_0000, body: ByteBuffer(repeating: 3, count: 130_000))
        run.say { _ in RTMPFanoutWriter().bytes(for: tag) }
        run.say { $0.ping(now: 1) }
        run.say { _ in RTMPFanoutWriter().bytes(for: tag) }
        run.say { $0.ending() }
        let media = try run.messages().filter { $0.type == .video }
        #expect(media.count == 2)
        #expect(media.allSatisfy { $0.payload == tag.body && $0.timestamp == tag.timestamp && $0.stream == 1 })
    }

    @Test(arguments: [true, false]) func refusals_nameTheirCode(publishes: Bool) throws {
        var client = ClientScript()
        try client.connect()
        try client.say("createStream", 2, [.null])
        try client.say(publishes ? "publish" : "play", 3, [.null, .string("demo")], stream: 1)
        try client.media(.audio, 0, [0xAF, 1])
        try client.say(publishes ? "publish" : "play", 4, [.null, .string("other")], stream: 1)
        let run = RTMPServerRun(client, allows: false)
        let code = publishes ? "NetStream.Publish.Denied" : "NetStream.Play.StreamNotFound"
        #expect(try run.codes() == [code, code])
        let status = try #require(try run.commands().last)
        #expect(status.information?["level"] == .string("error"))
        #expect(try run.messages().last?.stream == 1)
        #expect(run.tags.isEmpty && run.session.isIdle)
    }

    @Test(arguments: ["live2", "", "LIVE", "other/live"])
    func otherApplications_areRefused(app: String) throws {
        var client = ClientScript()
        try client.connect(app)
        try client.say("createStream", 2, [.null])
        let run = RTMPServerRun(client)
        #expect(run.failure?.kind == .noApp)
        #expect(try run.commands().map(\.name) == ["_error"])
        #expect(try run.commands().first?.information?["code"] == .string("NetConnection.Connect.InvalidApp"))
    }

    @Test func anyApplication_mayBeAllowed() throws {
        var settings = rtmpServerSettings()
        settings.app = nil
        var client = ClientScript()
        try client.connect("whatever/x")
        #expect(RTMPServerRun(client, .message, settings).events == [.connected(app: "whatever")])
    }

    /// Live is where the player already is, and FFmpeg waits for exactly this.
    @Test func seekAndPause_areConfirmed() throws {
        var client = try Self.ffmpegPlay()
        try client.say("pause", 6, [.null, .boolean(true), .number(100)], stream: 1)
        try client.say("seek", 0, [.null, .number(5000)], stream: 1)
        try client.say("pause", 0, [.null, .boolean(false), .number(100)], stream: 1)
        let run = RTMPServerRun(client)
        #expect(run.events.suffix(2) == [.paused(true), .paused(false)])
        #expect(
            try run.codes().suffix(3) == [
                "NetStream.Pause.Notify", "NetStream.Seek.Notify", "NetStream.Unpause.Notify",
            ])
    }

    @Test(arguments: ["closeStream", "deleteStream", "play"]) func players_mayLeaveAndComeBack(word: String) throws
    {
        var client = try Self.ffmpegPlay()
        try client.say(word, 0, [.null, .boolean(false)], stream: 1)
        try client.say("play", 0, [.null, .string("other")], stream: 1)
        let run = RTMPServerRun(client)
        #expect(run.events.suffix(2) == [.stoppedPlaying, .play(RTMPStreamName(app: "live", name: "other"))])
        #expect(run.session.isPlaying)
    }

    @Test func aPlayersMedia_areNobodys() throws {
        var client = try Self.ffmpegPlay()
        try client.media(.video, 0, [0x17, 0])
        try client.data([.string("onMetaData"), .ecmaArray([])])
        #expect(RTMPServerRun(client).tags.isEmpty)
    }

    @Test func answersThatNobodyWaitsFor_areEmpty() {
        var session = RTMPServerSession(rtmpServerSettings())
        #expect(session.acceptPlay().readableBytes == 0)
        #expect(session.acceptPublish().readableBytes == 0)
        #expect(session.ending().readableBytes == 0)
        #expect(session.refuse(code: "x", description: "y").readableBytes == 0)
    }
}
