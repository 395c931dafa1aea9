// A publication that is written on the publisher's own threads: what does not fit, what comes between, and
// every end that can meet a write.
import Model
import NIOCore
import Testing
import Wire

@testable import Net

@Suite(.timeLimit(.minutes(3))) struct RTMPDirectTests {
    /// Sends numbered tags on a thread of its own until told to stop.
    final class Sender: Sendable {
        private let stop = CancelFlag()
        private let thread: NamedThread

        init(_ client: RTMPClient, size: Int) {
            let stop = stop
            let pause = CancellableWait(stop)
            thread = NamedThread("sender") {
                var number: UInt32 = 0
                while !stop.isSet {
                    // A real publisher waits for the network as well.
                    if client.backlog.tags > 50 {
                        pause.wait(until: .now() + .milliseconds(1))
                        continue
                    }
                    client.send(RTMPDirectTests.tag(number, size: size))
                    number += 1
                }
            }
        }

        func end() {
            stop.set()
            thread.join()
        }
    }

    /// Its bytes say which one it is, and whether something came between them.
    static func tag(_ number: UInt32, size: Int) -> FLVTag {
        var body = ByteBuffer(bytes: [0x27, 1, 0, 0, 0])
        body.writeInteger(number)
        body.writeRepeatingByte(UInt8(truncatingIfNeeded: number &* 7), count: size)
        body.writeInteger(number)
        return FLVTag(kind: .video, timestamp: number, body: body)
    }

    /// The tags that came are the first ones sent, whole and in order.
    func expectWhole(_ server: ScriptedRTMP, size: Int) {
        for (number, message) in server.media.enumerated() {
            let expected = Self.tag(UInt32(number), size: size)
            guard message.timestamp == expected.timestamp, message.payload == expected.body else {
                Issue.record("tag \(number) is not what was sent")
                return
            }
        }
    }

    func publish(_ server: ScriptedRTMP, cancel: CancelFlag? = nil) throws -> (RTMPClient, Inbox<LiveEvent>) {
        let address = try MediaAddress("rtmp://127.0.0.1:\(server.port)/live/x")
        var settings = RTMPClient.Settings(address: address, role: .publish)
        settings.unsentLowWater = 64 << 10
        let inbox = Inbox<LiveEvent>()
        let client = RTMPClient.open(settings, cancel: cancel) { inbox.put($0) }
        guard case .established? = inbox.all(until: isSettled).last else { throw Unexpected(what: "not granted") }
        return (client, inbox)
    }

    /// Waits for what the server comes to know.
    func until(_ condition: () -> Bool) {
        let deadline = HostTime.now() + .seconds(10)
        let never = CancellableWait(CancelFlag())
        while !condition(), HostTime.now() < deadline { never.wait(until: .now() + .milliseconds(5)) }
        #expect(condition())
    }

    @Test func whatDoesNotFitFollowsByTheLoop() async throws {
        let server = try await ScriptedRTMP(
            answer: RTMPClientTests.but(
                "publish", [.status("status", "NetStream.Publish.Start", "go"), .stopReading]))
        let (client, inbox) = try publish(server)
        for number in 0..<300 { client.send(Self.tag(UInt32(number), size: 50_000)) }
        let waiting = client.backlog
        #expect(waiting.tags > 100 && waiting.bytes > 5_000_000 && waiting.media > .milliseconds(100))
        server.resumeReading()
        until { client.backlog.tags == 0 }
        // And again directly, once nothing waits.
        for number in 300..<320 { client.send(Self.tag(UInt32(number), size: 50_000)) }
        client.unpublishAndClose(within: .seconds(8))
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        #expect(server.media.count == 320 && client.bytesSent >= 15_000_000)
        expectWhole(server, size: 50_000)
        await server.close()
    }

    @Test func whatTheLoopWritesComesBetweenTagsOnly() async throws {
        // Byte by byte, so that the answers to these leave one by one, all the time.
        let pings = (0..<200).map { RTMPStep.send(.userControl(.pingRequest(UInt32($0)))) }
        let server = try await ScriptedRTMP(
            drip: true,
            answer: RTMPClientTests.but("publish", [.status("status", "NetStream.Publish.Start", "go")] + pings))
        let (client, inbox) = try publish(server)
        let sender = Sender(client, size: 20_000)
        until { server.others.count { $0.type == .userControl } == 200 && server.media.count > 50 }
        sender.end()
        client.unpublishAndClose(within: .seconds(8))
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        let answers = server.others.filter { $0.type == .userControl }
            .map { $0.payload.getInteger(at: $0.payload.readerIndex + 2, as: UInt32.self) }
        #expect(answers == (0..<200).map { UInt32($0) })
        expectWhole(server, size: 20_000)
        await server.close()
    }

    @Test func closesUnderneathAWriter() async throws {
        let server = try await ScriptedRTMP()
        for round in 1...10 {
            let (client, inbox) = try publish(server)
            let sender = Sender(client, size: 3000)
            until { client.bytesSent > 100_000 }
            client.close()
            guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no close") }
            // The socket is gone for the server too, though a thread is still sending.
            until { server.closed == round }
            sender.end()
        }
        await server.close()
    }

    @Test func aResetUnderneathAWriterIsALostConnection() async throws {
        let server = try await ScriptedRTMP(
            answer: RTMPClientTests.but(
                "publish", [.status("status", "NetStream.Publish.Start", "go"), .resetAfter(tags: 400)]))
        let (client, inbox) = try publish(server)
        let never = CancellableWait(CancelFlag())
        var number: UInt32 = 0
        // Long enough to count as a stream, which half a second does.
        while server.closed == 0, number < 8000 {
            client.send(Self.tag(number, size: 1000))
            number += 1
            never.wait(until: .now() + .milliseconds(2))
        }
        for extra in 0..<20 { client.send(Self.tag(number + UInt32(extra), size: 1000)) }
        guard case .closed(let error?)? = inbox.all(until: isClosed).last else {
            throw Unexpected(what: "no error")
        }
        #expect(error.reason == .connectionLost && error.isMidStream, "\(error)")
        #expect(error.why.contains("reset"), "\(error)")
        await server.close()
    }

    @Test func cancellingUnderneathAWriterIsACleanEnd() async throws {
        let server = try await ScriptedRTMP()
        let cancel = CancelFlag()
        let (client, inbox) = try publish(server, cancel: cancel)
        let sender = Sender(client, size: 3000)
        until { client.bytesSent > 100_000 }
        cancel.set()
        guard case .closed(nil)? = inbox.all(until: isClosed).last else { throw Unexpected(what: "no clean close") }
        sender.end()
        #expect(server.commands.suffix(2).map(\.name) == ["FCUnpublish", "deleteStream"])
        #expect(server.media.count > 30)
        expectWhole(server, size: 3000)
        await server.close()
    }
}
