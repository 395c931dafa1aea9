// How servers say no, how they end, and what they do wrong.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPRefusalTests {
    static func refusedConnect(_ code: String, _ description: String, level: String = "error") throws
        -> ServerScript
    {
        var server = ServerScript()
        try server.say("_error", 1, [.null, rtmpInformation(code, description, level: level)])
        return server
    }

    static func started(_ role: RTMPRole) throws -> ServerScript {
        var server = ServerScript()
        try server.acceptConnect()
        try server.say("_result", role == .publish ? 4 : 2, [.null, .number(1)])
        return server
    }

    @Test(arguments: [
        ("NetConnection.Connect.Rejected", "no", RTMPFailure.Kind.rejectedConnect, nil as Int?),
        ("NetConnection.Connect.Rejected", "Application (x) is not defined", .noApp, nil),
        ("NetConnection.Connect.InvalidApp", "", .noApp, nil),
        ("NetConnection.Connect.Failed", "", .rejectedConnect, nil),
        ("NetConnection.Connect.Rejected", "access denied", .denied, nil),
        ("NetConnection.Connect.Rejected", "url expired", .expired, nil),
        ("NetConnection.Connect.Rejected", "wrong signature", .badSignature, nil),
        ("NetConnection.Connect.Rejected", "error 20318: live service is not opened", .denied, 20318),
        ("NetConnection.Connect.Rejected", "20406", .denied, 20406),
        ("NetConnection.Connect.Rejected", "[1002]", .denied, 1002),
        ("NetConnection.Connect.Rejected", "code=6012;", .rejectedConnect, 6012),
        ("NetConnection.Connect.Rejected", "code=40000415", .rejectedConnect, 40_000_415),
        ("NetConnection.Connect.Rejected", "port 10021, 203180", .rejectedConnect, nil),
        ("", "", .rejectedConnect, nil),
    ])
    func connectRefused(code: String, text: String, kind: RTMPFailure.Kind, service: Int?) throws {
        let run = RTMPRun(rtmpSettings(.play), try Self.refusedConnect(code, text))
        #expect(
            run.events == [
                .status(level: "error", code: code, description: text),
                .failed(RTMPFailure(kind, code: code, description: text, serviceCode: service)),
            ])
    }

    @Test func refusalAsAResult_isARefusal() throws {
        var server = ServerScript()
        try server.say("_result", 1, [.null, rtmpInformation("NetConnection.Connect.Rejected", level: "error")])
        #expect(RTMPRun(rtmpSettings(.play), server).failure?.kind == .rejectedConnect)
    }

    @Test(arguments: [
        (RTMPRole.publish, "NetStream.Publish.BadName", "Already publishing", RTMPFailure.Kind.nameInUse),
        (.publish, "NetStream.Publish.BadName", "not allowed to publish", .denied),
        (.publish, "NetStream.Publish.Denied", "", .denied), (.publish, "NetStream.Failed", "", .other),
        (.publish, "NetStream.Publish.Failed", "stream is busy", .nameInUse),
        (.publish, "NetConnection.Connect.Closed", "bye", .rejectedConnect),
        (.play, "NetStream.Play.StreamNotFound", "No such stream", .notFound),
        (.play, "NetStream.Play.Failed", "", .other),
        (.play, "NetStream.Play.Failed", "stream not found", .notFound),
        (.play, "NetStream.Play.Failed", "txSecret wrong", .badSignature),
        (.play, "NetStream.Failed", "20318", .denied), (.play, "Own.Code", "", .other),
        (.play, "NetConnection.Connect.Rejected", "", .rejectedConnect),
    ])
    func streamRefused(role: RTMPRole, code: String, text: String, kind: RTMPFailure.Kind) throws {
        for delivery in RTMPDelivery.allCases {
            var server = try Self.started(role)
            try server.status(code, text, level: "error")
            let run = RTMPRun(rtmpSettings(role), server, delivery)
            #expect(run.failure?.kind == kind)
            #expect(run.failure?.code == code)
            #expect(run.events.contains(.status(level: "error", code: code, description: text)))
        }
    }

    @Test(arguments: [
        ("NetStream.Play.StreamNotFound", true), ("NetStream.Play.InsufficientBW", false),
        ("NetStream.Play.Reset", false),
    ])
    func levelStatus_failsOnlyWhereOthersEnd(code: String, fails: Bool) throws {
        var server = try Self.started(.play)
        try server.status(code, level: "status")
        #expect((RTMPRun(rtmpSettings(.play), server).failure != nil) == fails)
    }

    @Test func publisher_isRefusedInMidStream() throws {
        var server = try Self.started(.publish)
        try server.status("NetStream.Publish.Start")
        try server.status("NetStream.Publish.Denied", "quota", level: "error")
        var run = RTMPRun(rtmpSettings(.publish), server)
        #expect(run.failure?.kind == .denied)
        #expect(run.session.send(FLVTag(kind: .audio, timestamp: 0, body: buffer([1]))).readableBytes == 0)
        #expect(run.session.unpublish().readableBytes == 0)
    }

    @Test func errorAnswers_failOnlyWhereTheyMatter() throws {
        var server = ServerScript()
        try server.acceptConnect()
        try server.say("_error", 2, [.null, rtmpInformation("NetConnection.Call.Failed", level: "error")])
        try server.say("_error", 3, [.null, rtmpInformation("NetConnection.Call.Failed", level: "error")])
        try server.say("_error", 77, [.null])
        #expect(RTMPRun(rtmpSettings(.publish), server).failure == nil)
        try server.say(
            "_error", 4, [.null, rtmpInformation("NetConnection.Call.Failed", "no room", level: "error")])
        #expect(RTMPRun(rtmpSettings(.publish), server).failure?.description == "no room")
        var player = try Self.started(.play)
        try player.say("_error", 3, [.null])
        #expect(RTMPRun(rtmpSettings(.play), player).failure?.kind == .notFound)
    }

    @Test func answerWithoutTheNumber_isStillAnAnswer() throws {
        var server = ServerScript()
        try server.say("_result", 0, [.null, rtmpInformation("NetConnection.Connect.Success")])
        #expect(RTMPRun(rtmpSettings(.play), server).events == [.connected(serverName: nil)])
    }

    @Test(arguments: [
        ("NetStream.Play.Stop", RTMPEnd.playStopped), ("NetStream.Play.Complete", .playStopped),
        ("NetStream.Play.UnpublishNotify", .unpublished), ("NetConnection.Connect.Closed", .closedByServer),
    ])
    func statusEnds(code: String, end: RTMPEnd) throws {
        var server = try Self.started(.play)
        try server.status("NetStream.Play.Start")
        try server.status(code)
        #expect(RTMPRun(rtmpSettings(.play), server).events.last == .ended(end))
    }

    @Test func otherEnds() throws {
        var server = try Self.started(.play)
        try server.status("NetStream.Play.Start")
        var stopped = server
        try stopped.data([.string("onPlayStatus"), .object([.init("code", .string("NetStream.Play.Complete"))])])
        #expect(RTMPRun(rtmpSettings(.play), stopped).events.last == .ended(.playStopped))
        var closed = server
        try closed.say("close", 0, [.null])
        #expect(RTMPRun(rtmpSettings(.play), closed).events.last == .ended(.closedByServer))
        var left = server
        try left.say("onFCUnsubscribe", 0, [.null])
        #expect(RTMPRun(rtmpSettings(.play), left).events.last == .ended(.unpublished))
        var early = try Self.started(.play)
        try early.say("close", 0, [.null])
        #expect(RTMPRun(rtmpSettings(.play), early).failure?.kind == .rejectedConnect)
        var foreign = server
        try foreign.say(.userControl(.streamEOF(9)))
        #expect(RTMPRun(rtmpSettings(.play), foreign).events.last == .established)
    }

    static let broken: [(String, String)] = [
        ("02 000000 000004 01 00000000 00000000", "chunk size 0"),
        ("02 000000 000001 05 00000000 00", "WindowAckSize cut short"),
        ("02 000000 000001 06 00000000 00", "SetPeerBandwidth cut short"),
        ("02 000000 000001 04 00000000 00", "user control message cut short"),
        ("03 000000 000001 14 00000000 05", "command without a name"),
        ("03 000000 000000 14 00000000", "command without a name"),
        ("03 000000 000002 14 00000000 0200", "AMF0 value cut short"),
        ("04 000000 000003 16 00000000 080000", "aggregate message cut short"),
        ("C9", "chunk stream 9 begins without a full header"),
    ]

    @Test(arguments: broken) func brokenBytes_failTheSession(text: String, why: String) throws {
        for delivery in RTMPDelivery.allCases {
            var server = ServerScript()
            server.parts.append(octets(text))
            let run = RTMPRun(rtmpSettings(.play), server, delivery)
            #expect(run.events == [.failed(RTMPFailure(.protocolViolation, description: why))])
        }
    }

    @Test(arguments: [AMF0Value.null, .string("1"), .number(-1), .number(.nan), .number(4_294_967_296)])
    func createStreamWithoutANumber_fails(answer: AMF0Value) throws {
        var server = ServerScript()
        try server.acceptConnect()
        try server.say("_result", 2, [.null, answer])
        #expect(RTMPRun(rtmpSettings(.play), server).failure?.kind == .protocolViolation)
    }

    @Test func sessionNotStarted_doesNothing() {
        var session = RTMPClientSession(rtmpSettings(.play))
        #expect(session.receive(octets("03")).isEmpty)
        #expect(session.unpublish().readableBytes == 0)
        #expect(session.start().count == 1)
        #expect(session.start().isEmpty)
    }
}
