// HTTP-FLV from servers that stream, that stop and that send something else.
import Model
import NIOCore
import Testing
import Wire

@testable import Net

@Suite struct HTTPFLVTests {
    static let head = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nServer: tester/1\r\n\r\n"
    static func tag(_ time: UInt32) -> FLVTag {
        FLVTag(kind: .video, timestamp: time, body: ByteBuffer(bytes: [0x17, 1, 0, 0, 0, 9, 9, 9]))
    }
    static var stream: [UInt8] {
        var bytes: [UInt8] = [0x46, 0x4C, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]
        for index in 0..<3 {
            let body: [UInt8] = [0x17, 1, 0, 0, 0, 9, 9, 9]
            bytes += [9, 0, 0, UInt8(body.count), 0, 0, UInt8(index * 40), 0, 0, 0, 0] + body
            bytes += [0, 0, 0, UInt8(11 + body.count)]
        }
        return bytes
    }

    func play(_ steps: [ServerStep], timeout: Span = .seconds(5)) async throws -> [LiveEvent] {
        let server = try await ScriptedServer.http { _, _ in steps }
        var settings = HTTPFetch.Settings(address: try MediaAddress("http://127.0.0.1:\(server.port)/live/a.flv"))
        settings.proxies = HTTPProxies()
        settings.timeout = timeout
        let inbox = Inbox<LiveEvent>()
        let client = HTTPFLVClient.open(settings) { inbox.put($0) }
        defer { client.close() }
        let events = inbox.all(until: isClosed)
        await server.close()
        return events
    }

    func error(_ events: [LiveEvent]) -> SluiceError? {
        if case .closed(let error)? = events.last { error } else { nil }
    }

    @Test func deliversTags() async throws {
        let events = try await play([.text(Self.head), .drip(Self.stream), .close])
        let tags = events.compactMap { if case .tag(let tag, _) = $0 { tag } else { nil } }
        #expect(tags == [Self.tag(0), Self.tag(40), Self.tag(80)])
        #expect(events.contains { if case .header(true, true) = $0 { true } else { false } })
        #expect(events.contains { if case .connected("tester/1") = $0 { true } else { false } })
        // No length, no last chunk: a close may be an accident.
        #expect(error(events)?.reason == .connectionLost && error(events)?.isMidStream == true)
    }

    @Test func aFulfilledLengthIsACleanEnd() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(Self.stream.count)\r\n\r\n"
        let events = try await play([.text(head), .write(Self.stream)])
        #expect(isClosed(try #require(events.last)) && error(events) == nil)
    }

    @Test func saysWhatItGotInstead() async throws {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>"
        #expect(error(try await play([.text(page)]))?.why == "the server sent text/html, not FLV")
        let list = "HTTP/1.1 200 OK\r\n\r\n#EXTM3U\n"
        #expect(error(try await play([.text(list)]))?.why.contains("playlist") == true)
        for wrong in [page, list] { #expect(error(try await play([.text(wrong)]))?.reason == .corrupt) }
    }

    @Test func grantedAndThenNothingIsNotLive() async throws {
        let silent = try await play([.text(Self.head)], timeout: .seconds(1))
        #expect(error(silent)?.reason == .notLive && error(silent)?.isMidStream == false)
        let headerOnly = try await play(
            [.text(Self.head), .write(Array(Self.stream.prefix(13)))], timeout: .seconds(1))
        #expect(error(headerOnly)?.reason == .notLive)
        #expect(error(try await play([.text(Self.head), .close]))?.reason == .notLive)
    }

    @Test func silenceAfterMediaIsALostConnection() async throws {
        let events = try await play([.text(Self.head), .write(Self.stream)], timeout: .seconds(1))
        #expect(error(events)?.reason == .connectionLost && error(events)?.isMidStream == true)
    }
}
