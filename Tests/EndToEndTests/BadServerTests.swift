import Model
import TestSupport
import Testing

// Servers that refuse, fall silent, hang up or say no: each gives its own status and reason, in bounded time.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct BadServerTests {
    /// Reads the address in one way or another, or publishes to it.
    enum Role: String, CaseIterable, Sendable {
        case player, publisher, recorder, prober
        static let readers: [Role] = [.player, .recorder, .prober]
    }

    private func run(_ role: Role, _ url: String, timeout: String = "1500ms") async throws -> SluiceRun {
        let words =
            switch role {
            case .player: ["play", url, "--vo", "null", "--ao", "null"]
            case .publisher: ["push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", url]
            case .recorder: ["record", url]
            case .prober: ["probe", url]
            }
        return try await SluiceBinary.run(words + ["--json", "--timeout", timeout], within: .seconds(15))
    }

    @Test(arguments: Role.allCases) func refusedPort(role: Role) async throws {
        let port = try FreePort.tcp()
        expectError(
            try await run(role, "rtmp://127.0.0.1:\(port)/live/x"), 69, ["refused"], within: .seconds(8))
    }

    @Test(arguments: ["http://127.0.0.1:PORT/x.flv", "http://127.0.0.1:PORT/x.m3u8"])
    func refusedHTTPPort(url: String) async throws {
        for role in Role.readers { try await refusedHTTPPort(url, role) }
    }

    private func refusedHTTPPort(_ url: String, _ role: Role) async throws {
        let port = try FreePort.tcp()
        let address = url.split(separator: "PORT").joined(separator: "\(port)")
        expectError(try await run(role, address), 69, ["refused"], within: .seconds(8))
    }

    @Test(arguments: Role.allCases) func silentServer(role: Role) async throws {
        let server = try await ScriptedServer.start(.silence)
        expectError(
            try await run(role, "rtmp://127.0.0.1:\(server.port)/live/x"), 75, ["timeout"], within: .seconds(8))
    }

    @Test(arguments: ["x.flv", "x.m3u8", "x.ts"]) func silentHTTPServer(path: String) async throws {
        let server = try await ScriptedServer.start(.silence)
        expectError(
            try await run(.player, "http://127.0.0.1:\(server.port)/\(path)"), 75, ["timeout"], within: .seconds(8))
    }

    @Test(arguments: Role.allCases) func serverThatAnswersAndFallsSilent(role: Role) async throws {
        let server = try await ScriptedServer.start(.rtmpHandshake)
        expectError(
            try await run(role, "rtmp://127.0.0.1:\(server.port)/live/x"), 75, ["timeout"], within: .seconds(8))
    }

    @Test(arguments: Role.allCases) func serverThatClosesAtOnce(role: Role) async throws {
        let server = try await ScriptedServer.start(.close)
        expectError(
            try await run(role, "rtmp://127.0.0.1:\(server.port)/live/x"), 69, ["refused"], within: .seconds(8))
    }

    @Test(arguments: Role.allCases) func serverOfAnotherKind(role: Role) async throws {
        let server = try await ScriptedServer.start(.say(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)))
        let run = try await run(role, "rtmp://127.0.0.1:\(server.port)/live/x")
        #expect(run.status == 69 || run.status == 75 || run.status == 65, "\(run.errors)")
        #expect(run.errorLines.count == 1)
        #expect(run.took < .seconds(8))
    }

    @Test(arguments: Role.allCases) func unknownApplication(role: Role) async throws {
        let server = try await NginxRTMP.start()
        // nginx hangs up without a word; a server that says so is a test of the session's own.
        expectError(
            try await run(role, server.url("x", application: "nosuch")), 69, ["refused", "no_app"],
            within: .seconds(8))
    }

    @Test(arguments: Role.readers) func streamThatIsNotLive(role: Role) async throws {
        let server = try await NginxRTMP.start()
        expectError(try await run(role, server.url("nobody")), 69, ["not_live"], within: .seconds(8))
    }

    @Test func forbiddenPublisher() async throws {
        let server = try await NginxRTMP.start()
        expectError(
            try await run(.publisher, server.url("x", application: "closed")), 69, ["refused"], within: .seconds(8))
    }

    @Test func nameThatIsAlreadyPublishing() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("taken"))
        #expect(await server.waitForPublisher("taken"))
        expectError(try await run(.publisher, server.url("taken")), 69, ["name_in_use"], within: .seconds(8))
        #expect(publisher.program.isRunning, "the first one is not disturbed")
        await publisher.stop()
    }

    @Test(arguments: Role.allCases) func unknownHost(role: Role) async throws {
        expectError(
            try await run(role, "rtmp://no-such-host.invalid/live/x", timeout: "4s"), 68, ["unknown_host"],
            within: .seconds(8))
    }

    @Test(arguments: [
        ("404 Not Found", Int32(69), "not_live"), ("403 Forbidden", 77, "denied"),
        ("401 Unauthorized", 77, "denied"),
        ("500 Internal Server Error", 75, "server_error"), ("503 Service Unavailable", 75, "server_error"),
    ])
    func httpStatus(line: String, status: Int32, reason: String) async throws {
        let server = try await ScriptedServer.start(
            .respond("HTTP/1.1 \(line)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", body: [], closes: true))
        for path in ["live.flv", "live.m3u8"] {
            for role in Role.readers {
                expectError(
                    try await run(role, "http://127.0.0.1:\(server.port)/\(path)"), status, [reason],
                    within: .seconds(8))
            }
        }
    }

    @Test(arguments: Role.readers) func pageInsteadOfAStream(role: Role) async throws {
        let page = Array("<html><body>hello</body></html>".utf8)
        let server = try await ScriptedServer.start(
            .respond(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.count)\r\n\r\n", body: page,
                closes: true))
        expectError(
            try await run(role, "http://127.0.0.1:\(server.port)/live.flv"), 65, ["corrupt", "no_media"],
            within: .seconds(8))
    }

    @Test(arguments: Role.readers) func headThenSilence_overHTTP(role: Role) async throws {
        let server = try await ScriptedServer.start(
            .respond(
                "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n",
                body: Array("FLV".utf8) + [1, 5, 0, 0, 0, 9, 0, 0, 0, 0], closes: false))
        expectError(
            try await run(role, "http://127.0.0.1:\(server.port)/live.flv"), 69, ["not_live"],
            within: .seconds(8))
    }

    @Test func serverThatGoesAway_underAPublisher() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", "rtmp://127.0.0.1:\(proxy.port)/live/cut",
            "--json",
            "--timeout", "2",
        ])
        #expect(await push.event("status") != nil)
        proxy.cut()
        let run = await push.finish(within: .seconds(10))
        expectError(run, 74, ["connection_lost"], within: .seconds(12))
        #expect((run.result?["video_frames"]?.int ?? 0) > 0)
    }

    @Test func networkThatStandsStill_underAPublisher() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let push = try SluiceBinary.start([
            "push", "testsrc", "rtmp://127.0.0.1:\(proxy.port)/live/still", "--json", "--timeout", "2",
        ])
        #expect(await push.event("status") != nil)
        proxy.stall(.up)
        expectError(await push.finish(within: .seconds(20)), 74, ["connection_lost"], within: .seconds(15))
    }
}
