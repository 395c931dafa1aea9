// The RTMP client against a real nginx-rtmp, with ffmpeg and ffprobe on the other side.
import Model
import NIOCore
import Net
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(3))) struct RTMPServerTests {
    static func open(
        _ url: String, _ role: RTMPRole, timeout: Span = .seconds(5), cancel: CancelFlag? = nil
    ) throws -> (client: RTMPClient, events: Inbox<LiveEvent>) {
        var settings = RTMPClient.Settings(address: try MediaAddress(url), role: role)
        settings.timeout = timeout
        let inbox = Inbox<LiveEvent>()
        return (RTMPClient.open(settings, cancel: cancel) { inbox.put($0) }, inbox)
    }

    @Test func playsWhatFFmpegPublishes() async throws {
        let server = try await NginxRTMP()
        defer { server.stop() }
        let publisher = try server.publish("live/a")
        defer { publisher.stop(9) }
        let tags = try playedTags(server.url("live/a"), count: 50)
        #expect(tags.contains { $0.kind == .video } && tags.contains { $0.kind == .audio })
        #expect(tags.contains { $0.kind == .script })
    }

    /// Plays, again and again until somebody publishes, and returns the first `count` tags.
    func playedTags(_ url: String, count: Int) throws -> [FLVTag] {
        let deadline = HostTime.now() + .seconds(20)
        while HostTime.now() < deadline {
            let (client, inbox) = try Self.open(url, .play, timeout: .seconds(1))
            defer { client.close() }
            var seen = 0
            let events = inbox.all(within: 15) { event in
                if case .tag = event { seen += 1 }
                if case .closed = event { return true }
                return seen == count
            }
            let tags = events.compactMap { event -> FLVTag? in
                if case .tag(let tag, _) = event { tag } else { nil }
            }
            if tags.count >= count {
                #expect(client.bytesReceived > 0)
                return tags
            }
        }
        return []
    }

    @Test func publishesWhatFFprobeReads() async throws {
        let server = try await NginxRTMP()
        defer { server.stop() }
        let source = try server.publish("live/source")
        defer { source.stop(9) }
        // A relay: what comes in from one name goes out under another.
        let (target, targetEvents) = try Self.open(server.url("live/copy"), .publish)
        guard case .established? = targetEvents.all(until: isSettled).last else {
            Issue.record("publishing was not granted")
            return
        }
        let settings = RTMPClient.Settings(address: try MediaAddress(server.url("live/source")), role: .play)
        let relay = RTMPClient.open(settings) { if case .tag(let tag, _) = $0 { target.send(tag) } }
        let report = server.directory + "/probe"
        let status = try ChildProcess.run(
            [
                "timeout", "20", "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv",
                server.url("live/copy"),
            ], output: report)
        #expect(status == 0)
        #expect(readFile(report).contains("h264,320") && readFile(report).contains("aac"))
        relay.close()
        #expect(target.bytesSent > 0)
        target.unpublishAndClose()
        guard case .closed(nil)? = targetEvents.all(within: 3, until: isClosed).last else {
            Issue.record("no clean close")
            return
        }
        #expect(target.backlog == RTMPClient.Backlog())
    }

    @Test func theEndOfAPublicationIsACleanEnd() async throws {
        let server = try await NginxRTMP()
        defer { server.stop() }
        let (target, targetEvents) = try Self.open(server.url("live/short"), .publish)
        _ = targetEvents.all(until: isSettled)
        let (client, inbox) = try Self.open(server.url("live/short"), .play)
        _ = inbox.all(until: isSettled)
        target.send(
            FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x17, 0, 0, 0, 0, 1, 66, 0, 30, 255])))
        for frame in 0..<20 {
            let body = ByteBuffer(bytes: [0x17, 1, 0, 0, 0] + [UInt8](repeating: UInt8(frame), count: 3000))
            target.send(FLVTag(kind: .video, timestamp: UInt32(frame * 40), body: body))
        }
        target.unpublishAndClose()
        let events = inbox.all(until: isClosed)
        let last = events.compactMap { if case .tag(let tag, _) = $0, tag.kind == .video { tag } else { nil } }.last
        #expect(last?.timestamp == UInt32(760))
        guard case .closed(nil)? = events.last else {
            Issue.record("not a clean end: \(String(describing: events.last))")
            return
        }
        client.close()
    }

    @Test func saysWhatIsWrong() async throws {
        let server = try await NginxRTMP()
        defer { server.stop() }
        // nginx hangs up on an unknown application without a word.
        let noApp = try failure(server.url("nowhere/x"), .play)
        #expect(noApp?.reason == .refused && noApp?.hint?.contains("\"nowhere\"") == true)
        let notLive = try failure(server.url("live/nobody"), .play, timeout: .milliseconds(500))
        #expect(notLive?.reason == .notLive && notLive?.isMidStream == false)
        let (first, firstEvents) = try Self.open(server.url("live/taken"), .publish)
        _ = firstEvents.all(until: isSettled)
        let taken = try failure(server.url("live/taken"), .publish)
        #expect(taken?.reason == .nameInUse && taken?.why.contains("NetStream.Publish.BadName") == true)
        first.close()
        let guarded = try failure(server.url("guarded/x"), .publish)
        #expect(guarded?.reason == .refused, "\(String(describing: guarded))")
        let nobody = try MutePort()
        let refused = try failure("rtmp://127.0.0.1:\(nobody.number)/live/x", .play)
        #expect(refused?.reason == .refused)
        #expect(try failure("rtmp://no-such-host.invalid/live/x", .play)?.reason == .unknownHost)
    }

    @Test func aServerThatDiesIsALostConnection() async throws {
        let server = try await NginxRTMP()
        defer { server.stop() }
        let publisher = try server.publish("live/a")
        defer { publisher.stop(9) }
        _ = try playedTags(server.url("live/a"), count: 5)
        let (client, inbox) = try Self.open(server.url("live/a"), .play)
        defer { client.close() }
        _ = inbox.all { if case .tag(let tag, _) = $0 { tag.kind == .video } else { false } }
        server.stop()
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            Issue.record("no error")
            return
        }
        #expect(error.reason == .connectionLost && error.isMidStream)
    }

    func failure(_ url: String, _ role: RTMPRole, timeout: Span = .seconds(5)) throws -> SluiceError? {
        let (client, inbox) = try Self.open(url, role, timeout: timeout)
        defer { client.close() }
        guard case .closed(let error)? = inbox.all(until: isClosed).last else { return nil }
        return error
    }
}

func isClosed(_ event: LiveEvent) -> Bool { if case .closed = event { true } else { false } }

func isSettled(_ event: LiveEvent) -> Bool {
    switch event {
    case .established, .closed: true
    default: false
    }
}
