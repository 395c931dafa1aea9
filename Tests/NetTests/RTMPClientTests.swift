// The RTMP client against scripted servers: every stage at which one can refuse, fall silent or hang up.
import Model
import NIOCore
import Testing
import Wire

@testable import Net

struct Unexpected: Error { var what: String }

@Suite(.timeLimit(.minutes(3))) struct RTMPClientTests {
    static let key: [UInt8] = [0x17, 1, 0, 0, 0, 9, 9, 9]

    func open(
        _ port: Int, _ role: RTMPRole, path: String = "live/x",
        adjust: (inout RTMPClient.Settings) -> Void = { _ in }
    ) throws -> (client: RTMPClient, events: Inbox<LiveEvent>) {
        let address = try MediaAddress("rtmp://127.0.0.1:\(port)/\(path)")
        var settings = RTMPClient.Settings(address: address, role: role)
        adjust(&settings)
        let inbox = Inbox<LiveEvent>()
        return (RTMPClient.open(settings) { inbox.put($0) }, inbox)
    }

    func failure(
        _ server: ScriptedRTMP, _ role: RTMPRole, path: String = "live/x",
        adjust: (inout RTMPClient.Settings) -> Void = { _ in }
    ) throws -> SluiceError? {
        let (client, inbox) = try open(server.port, role, path: path, adjust: adjust)
        defer { client.close() }
        if case .closed(let error)? = inbox.all(until: isClosed).last { return error }
        return nil
    }

    /// Friendly, but for one command.
    static func but(_ name: String, _ steps: [RTMPStep]) -> ScriptedRTMP.Answer {
        { command, connection in command.name == name ? steps : ScriptedRTMP.friendly(command, connection) }
    }

    @Test func playsByteByByte() async throws {
        let server = try await ScriptedRTMP(
            drip: true,
            answer: Self.but(
                "play",
                [
                    .status("status", "NetStream.Play.Start", "go"), .tag(.video, 0, Self.key),
                    .tag(.video, 40, Self.key),
                    .status("status", "NetStream.Play.UnpublishNotify", "over"),
                ]))
        let (client, inbox) = try open(server.port, .play)
        let events = inbox.all(until: isClosed)
        let times = events.compactMap { if case .tag(let tag, _) = $0 { tag.timestamp } else { nil } }
        #expect(times == [0, 40])
        #expect(events.contains { if case .connected("FMS/3,0,1,123") = $0 { true } else { false } })
        guard case .reached? = events.first, case .closed(nil)? = events.last else {
            Issue.record("\(events)")
            return
        }
        client.close()
        #expect(inbox.next(within: 0.05) == nil)
        await server.close()
    }

    /// StreamEOF alone may be a publisher's pause; clear words behind it are the end.
    @Test(arguments: [
        ("NetStream.Play.UnpublishNotify", true), ("NetStream.Play.Stop", true), ("NetStream.Play.Complete", true),
        ("NetStream.Play.PublishNotify", false),
    ])
    func wordsBehindAStreamEOF(_ code: String, _ isTheEnd: Bool) async throws {
        let server = try await ScriptedRTMP(
            answer: Self.but(
                "play",
                [
                    .status("status", "NetStream.Play.Start", "go"), .tag(.video, 0, Self.key), .streamEOF,
                    .status("status", code, "over"),
                ]))
        let (client, inbox) = try open(server.port, .play) { $0.endsAtStreamEOF = false }
        guard case .closed(let error)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no end") }
        #expect((error == nil) == isTheEnd, "\(String(describing: error))")
        if let error { #expect(error.reason == .notLive && error.isMidStream) }
        client.close()
        await server.close()
    }

    @Test func aMuteServerIsATimeOut() async throws {
        let server = try await ScriptedServer { _, _ in [] }
        let (client, inbox) = try open(server.port, .play) { $0.connectTimeout = .milliseconds(150) }
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            throw Unexpected(what: "no error")
        }
        #expect(error.reason == .timeout && !error.isMidStream)
        client.close()
        await server.close()
    }

    @Test func aServerOfAnotherProtocolIsNamed() async throws {
        let server = try await ScriptedServer { _, _ in [.text("HTTP/1.1 400 Bad Request\r\n\r\n"), .close] }
        let (client, inbox) = try open(server.port, .play)
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            throw Unexpected(what: "no error")
        }
        #expect(error.reason == .refused)
        client.close()
        await server.close()
    }

    @Test(arguments: [
        ("connect", RTMPRole.play, Reason.timeout), ("connect", .publish, .timeout),
        ("createStream", .publish, .timeout),
        ("publish", .publish, .timeout), ("createStream", .play, .notLive), ("play", .play, .notLive),
    ])
    func silencesHaveTheirReasons(_ command: String, _ role: RTMPRole, _ reason: Reason) async throws {
        let server = try await ScriptedRTMP(answer: Self.but(command, []))
        let error = try failure(server, role) {
            if command == "connect" { $0.connectTimeout = .milliseconds(200) }
            $0.timeout = .milliseconds(200)
        }
        #expect(error?.reason == reason && error?.isMidStream == false, "\(String(describing: error))")
        await server.close()
    }

    @Test(arguments: [
        ("connect", RTMPRole.play, Reason.refused), ("createStream", .play, .refused), ("play", .play, .refused),
        ("publish", .publish, .refused),
    ])
    func silentClosesHaveTheirReasons(_ command: String, _ role: RTMPRole, _ reason: Reason) async throws {
        let server = try await ScriptedRTMP(answer: Self.but(command, [.close]))
        #expect(try failure(server, role)?.reason == reason)
        await server.close()
    }

    @Test func grantedAndThenNothingIsNotLive() async throws {
        let silent = try await ScriptedRTMP()
        let error = try failure(silent, .play) { $0.timeout = .milliseconds(200) }
        #expect(error?.reason == .notLive && error?.isMidStream == false)
        await silent.close()
        let closing = try await ScriptedRTMP(
            answer: Self.but("play", [.status("status", "NetStream.Play.Start", "go"), .close]))
        #expect(try failure(closing, .play)?.reason == .notLive)
        await closing.close()
    }

    @Test func zeroMeansForEver() async throws {
        let server = try await ScriptedRTMP()
        let (client, inbox) = try open(server.port, .play) {
            $0.connectTimeout = .zero
            $0.timeout = .zero
        }
        guard case .established? = inbox.all(until: isSettled).last else { throw Unexpected(what: "not granted") }
        #expect(inbox.next(within: 0.3) == nil)
        client.close()
        guard case .closed(nil)? = inbox.next() else { throw Unexpected(what: "no close") }
        await server.close()
    }

    @Test func mediaThenSilenceOrACloseIsALostConnection() async throws {
        for end in [[], [RTMPStep.close]] {
            let server = try await ScriptedRTMP(
                answer: Self.but(
                    "play", [.status("status", "NetStream.Play.Start", "go"), .tag(.video, 0, Self.key)] + end))
            let error = try failure(server, .play) { $0.timeout = .seconds(1) }
            #expect(error?.reason == .connectionLost && error?.isMidStream == true)
            await server.close()
        }
    }

    @Test(arguments: [
        ("NetStream.Publish.BadName", "Already publishing", Reason.nameInUse),
        ("NetStream.Publish.Denied", "no", .denied), ("NetStream.Failed", "url expired", .expired),
        ("NetStream.Failed", "channels over quota 20101", .quota), ("NetStream.Failed", "error 20318", .denied),
        ("NetStream.Failed", "because", .refused),
    ])
    func repeatsTheServersWords(_ code: String, _ text: String, _ reason: Reason) async throws {
        let server = try await ScriptedRTMP(
            answer: Self.but("publish", [.status("error", code, text + " token=hush")]))
        let error = try failure(server, .publish)
        #expect(error?.reason == reason, "\(String(describing: error))")
        #expect(error?.why.contains(code) == true && error?.why.contains(text) == true)
        #expect(error?.why.contains("hush") == false)
        await server.close()
    }

    @Test func anUnknownApplicationIsSaidSo() async throws {
        let rejection = RTMPStep.call(
            "_error", 1, [.null, RTMPStep.information("error", "NetConnection.Connect.InvalidApp", "no such app")])
        let server = try await ScriptedRTMP(answer: Self.but("connect", [rejection, .close]))
        let error = try failure(server, .play)
        #expect(error?.reason == .noApp && error?.hint?.contains("\"live\"") == true)
        await server.close()
    }

    @Test func readsALongPathTheOtherWay() async throws {
        let server = try await ScriptedRTMP { command, connection in
            command.name == "connect" && connection == 1 ? [.close] : ScriptedRTMP.friendly(command, connection)
        }
        let (client, inbox) = try open(server.port, .publish, path: "live/room/x?k=v")
        guard case .established? = inbox.all(until: isSettled).last else { throw Unexpected(what: "not granted") }
        let apps = server.commands.filter { $0.name == "connect" }.map { $0.arguments.first?["app"]?.stringValue }
        #expect(apps == ["live/room", "live"])
        let publish = server.commands.first { $0.name == "publish" }
        #expect(publish?.arguments.contains(.string("room/x?k=v")) == true)
        client.close()
        await server.close()
    }

    @Test func theFirstRefusalCountsWhenTheOtherReadingFailsToo() async throws {
        let server = try await ScriptedRTMP { command, connection in
            guard connection == 1 else { return [.close] }
            let words = RTMPStep.information("error", "NetConnection.Connect.InvalidApp", "no such app")
            return [.call("_error", command.transaction, [.null, words]), .close]
        }
        let error = try failure(server, .publish, path: "live/room/x")
        #expect(error?.reason == .noApp && error?.why.contains("no such app") == true)
        #expect(server.connections == 2)
        await server.close()
    }

    @Test func logsIn() async throws {
        let server = try await ScriptedRTMP { command, connection in
            guard command.name == "connect" else { return ScriptedRTMP.friendly(command, connection) }
            let app = command.arguments.first?["app"]?.stringValue ?? ""
            func reject(_ text: String) -> [RTMPStep] {
                [
                    .call(
                        "_error", command.transaction,
                        [.null, RTMPStep.information("error", "NetConnection.Connect.Rejected", text)]), .close,
                ]
            }
            if !app.contains("authmod") {
                return reject("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ")
            }
            if !app.contains("response=") {
                return reject(
                    "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=me&salt=abc&challenge=def&opaque=ghi"
                )
            }
            return ScriptedRTMP.friendly(command, connection)
        }
        let address = try MediaAddress("rtmp://me:secret@127.0.0.1:\(server.port)/live/x")
        let inbox = Inbox<LiveEvent>()
        let client = RTMPClient.open(RTMPClient.Settings(address: address, role: .publish)) { inbox.put($0) }
        guard case .established? = inbox.all(until: isSettled).last else { throw Unexpected(what: "not granted") }
        #expect(server.connections == 3)
        client.close()
        // Without a name there is nothing to answer with.
        let error = try failure(server, .publish)
        #expect(error?.reason == .denied && error?.hint?.contains("USER:PASSWORD@") == true)
        await server.close()
    }

    @Test func everythingQueuedArrivesBeforeTheGoodbye() async throws {
        let server = try await ScriptedRTMP()
        let (client, inbox) = try open(server.port, .publish)
        _ = inbox.all(until: isSettled)
        for index in 0..<200 {
            client.send(
                FLVTag(
                    kind: .video, timestamp: UInt32(index * 40), body: ByteBuffer(repeating: 0x27, count: 20_000)))
        }
        client.unpublishAndClose(within: .seconds(5))
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        #expect(server.media.count == 200 && client.bytesSent >= 4_000_000)
        #expect(server.commands.suffix(2).map(\.name) == ["FCUnpublish", "deleteStream"])
        client.send(FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: Self.key)))
        #expect(client.backlog == RTMPClient.Backlog())
        await server.close()
    }

    @Test func aServerThatTakesNothingIsALostConnection() async throws {
        let server = try await ScriptedRTMP(
            answer: Self.but("publish", [.status("status", "NetStream.Publish.Start", "go"), .stopReading]))
        let (client, inbox) = try open(server.port, .publish) {
            $0.timeout = .milliseconds(300)
            $0.unsentLowWater = 64 << 10
        }
        _ = inbox.all(until: isSettled)
        for index in 0..<400 {
            client.send(
                FLVTag(
                    kind: .video, timestamp: UInt32(index * 40), body: ByteBuffer(repeating: 0x27, count: 50_000)))
        }
        #expect(client.backlog.bytes > 1 << 20 && client.backlog.media > .seconds(1))
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            throw Unexpected(what: "no error")
        }
        #expect(error.reason == .connectionLost && error.isMidStream)
        await server.close()
    }

    @Test func aGoodbyeIsBounded() async throws {
        let server = try await ScriptedRTMP(
            answer: Self.but("publish", [.status("status", "NetStream.Publish.Start", "go"), .stopReading]))
        let (client, inbox) = try open(server.port, .publish)
        _ = inbox.all(until: isSettled)
        for index in 0..<400 {
            client.send(
                FLVTag(
                    kind: .video, timestamp: UInt32(index * 40), body: ByteBuffer(repeating: 0x27, count: 50_000)))
        }
        let began = HostTime.now()
        client.unpublishAndClose(within: .milliseconds(200))
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            throw Unexpected(what: "no error")
        }
        #expect(error.reason == .connectionLost && HostTime.now() - began < .seconds(2))
        await server.close()
    }

    @Test func cancellingEndsAPublicationCleanly() async throws {
        let server = try await ScriptedRTMP()
        let cancel = CancelFlag()
        let inbox = Inbox<LiveEvent>()
        let address = try MediaAddress("rtmp://127.0.0.1:\(server.port)/live/x")
        let client = RTMPClient.open(RTMPClient.Settings(address: address, role: .publish), cancel: cancel) {
            inbox.put($0)
        }
        _ = inbox.all(until: isSettled)
        cancel.set()
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        #expect(server.commands.last?.name == "deleteStream")
        client.close()
        await server.close()
    }

    @Test func garbageIsAnErrorAndNoMore() async throws {
        for seed in 0..<24 {
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
            var noise: [UInt8] = []
            for _ in 0..<4000 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                noise.append(UInt8(truncatingIfNeeded: state))
            }
            let hello = [3] + [UInt8](repeating: 0, count: 3072)
            let garbage = noise
            let server = try await ScriptedServer(greeting: [.write(hello), .write(garbage)]) { received, _ in
                received.readableBytes > 3073 ? [.close] : []
            }
            let (client, inbox) = try open(server.port, seed % 2 == 0 ? .play : .publish) {
                $0.connectTimeout = .seconds(1)
            }
            guard case .closed(_?)? = inbox.all(until: isClosed).last else {
                throw Unexpected(what: "seed \(seed)")
            }
            client.close()
            await server.close()
        }
    }

    @Test func speaksRTMPS() async throws {
        let certificate = try TestCertificate()
        let server = try await ScriptedRTMP(tls: certificate.serverContext())
        var settings = RTMPClient.Settings(
            address: try MediaAddress("rtmps://localhost:\(server.port)/live/x"), role: .publish)
        settings.authorities = certificate.file
        let inbox = Inbox<LiveEvent>()
        let client = RTMPClient.open(settings) { inbox.put($0) }
        guard case .established? = inbox.all(until: isSettled).last else { throw Unexpected(what: "not granted") }
        client.send(FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: Self.key)))
        let began = HostTime.now()
        client.unpublishAndClose(within: .seconds(8))
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        #expect(server.media.count == 1)
        // The server's close ended it, not the deadline.
        #expect(HostTime.now() - began < .seconds(4))
        await server.close()
    }
}
