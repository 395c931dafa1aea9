// The control socket, from both sides, and the life of the origin that hangs on it.
import Model
import TestSupport
import Testing
import Wire

@testable import Origin

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.timeLimit(.minutes(2))) struct ControlTests {
    @Test func requestsAndRepliesSurviveTheirText() throws {
        for request in [ControlRequest.open(name: "a-b_c.1"), .close(name: "x"), .list, .stop] {
            #expect(ControlRequest(line: request.line.utf8) == request)
        }
        for line in ["", "{}", "{\"request\":\"open\"}", "{\"request\":\"fly\"}", "list", "[1]"] {
            #expect(ControlRequest(line: line.utf8) == nil)
        }
        var counters = StreamCounters()
        counters.peakViewers = 3
        counters.bytesOut = 1 << 40
        counters.droppedGOPs = 2
        counters.since = WallTime(milliseconds: 1_700_000_000_123)
        let facts = StreamFacts(name: "demo", state: .live, viewers: 2, counters)
        let reply = ControlReply(pid: 7, rtmpPort: 1935, httpPort: 8080, streams: [facts])
        #expect(ControlReply(line: reply.line.utf8) == reply)
        #expect(ControlReply(line: "{\"pid\":1}".utf8) == nil)
    }

    @Test(arguments: ["", ".hidden", "a/b", "..", "a b", "ä", "a?b", String(repeating: "x", count: 129)])
    func badNamesAreRefused(name: String) throws {
        #expect(!ControlRequest.isValid(name: name))
        let lab = try OriginLab(streams: [])
        #expect(throws: SluiceError.self) { try lab.ask(.open(name: name)) }
        #expect(try lab.ask(.list).streams.isEmpty)
    }

    @Test func streamsAreOpenedListedAndClosed() throws {
        let lab = try OriginLab(streams: ["b", "a"])
        let list = try lab.ask(.list)
        #expect(list.streams.map(\.name) == ["a", "b"] && list.streams.allSatisfy { $0.state == .waiting })
        #expect(list.rtmpPort == lab.ports.rtmp && list.pid == Int(getpid()))
        #expect(try lab.ask(.close(name: "a")).streams.map(\.state) == [.stopped])
        #expect(try lab.ask(.close(name: "a")).streams.isEmpty)
        #expect(try lab.ask(.list).streams.map(\.name) == ["b"])
    }

    @Test func onlyItsOwnerMayOpenTheSocket() throws {
        let lab = try OriginLab()
        var found = stat()
        #expect(stat(lab.control, &found) == 0)
        #expect(found.st_mode & 0o777 == 0o600)
    }

    @Test func theOriginEndsByItselfAfterTheLastStream() throws {
        let lab = try OriginLab(streams: ["demo"]) { $0.lingers = .milliseconds(300) }
        _ = try lab.ask(.close(name: "demo"))
        lab.server.waitUntilEnded()
        #expect(throws: SluiceError.self) { try lab.ask(.list) }
        #expect(!FreePort.answers(lab.ports.rtmp))
    }

    @Test func anOpenStreamKeepsItAlive() async throws {
        let lab = try OriginLab(streams: ["demo"]) { $0.lingers = .milliseconds(200) }
        await watch(for: .seconds(1))
        #expect(try lab.ask(.list).streams.count == 1)
    }

    @Test func stopEndsItWithItsViewers() async throws {
        let lab = try OriginLab()
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        publisher.send(Made.headers + [Made.key(0)])
        let viewer = try Peer(lab.url(), .play)
        #expect(await viewer.until { $0.tags.count >= 4 })
        _ = try lab.ask(.stop)
        lab.server.waitUntilEnded()
        #expect(await viewer.isClosed())
        #expect(viewer.all.closed == .some(nil))
    }

    @Test func aTakenPortIsNamed() throws {
        let lab = try OriginLab()
        let error = #expect(throws: SluiceError.self) { try OriginLab { $0.rtmpPort = lab.ports.rtmp } }
        #expect(error?.reason == .portInUse)
        #expect(error?.what.contains("\(lab.ports.rtmp)") == true)
    }

    @Test func anAddressThatIsNotOursIsNamed() throws {
        let error = #expect(throws: SluiceError.self) { try OriginLab { $0.host = "192.0.2.1" } }
        #expect(error?.reason == .config)
    }

    @Test func badLinesCloseTheConnection_theOriginGoesOn() throws {
        let lab = try OriginLab()
        for bytes in [Array("nonsense\n".utf8), [UInt8](repeating: 65, count: 10_000)] {
            let server = try PlainUnixSocket(connectingTo: lab.control)
            server.send(bytes)
            #expect(server.isClosedByPeer(within: .seconds(5)))
        }
        #expect(try lab.ask(.list).streams.count == 1)
    }

    // MARK: - The client

    private func failure(of path: String, within limit: Span = .seconds(1), cancel: CancelFlag? = nil)
        -> SluiceError?
    {
        do throws(SluiceError) {
            _ = try ControlClient.send(.list, to: path, within: limit, cancel: cancel)
            return nil
        } catch { return error }
    }

    @Test func withoutAnOrigin_theClientSaysSo() throws {
        let directory = try TempDirectory("control")
        #expect(failure(of: directory.file("none"))?.reason == .notLive)
        #expect(failure(of: directory.file(String(repeating: "x", count: 120)))?.reason == .config)
        // A socket that a killed origin left behind.
        _ = try PlainUnixSocket(listeningAt: directory.file("stale"), staysAlive: false)
        #expect(failure(of: directory.file("stale"))?.reason == .notLive)
    }

    @Test func anOriginThatDoesNotAnswerCostsNoMoreThanTheDeadline() throws {
        let directory = try TempDirectory("control")
        let silent = try PlainUnixSocket(listeningAt: directory.file("control"))
        #expect(failure(of: directory.file("control"), within: .milliseconds(300))?.reason == .timeout)
        // Its backlog is full now and then: nothing is accepted at all.
        let crowd = (0..<4).compactMap { _ in try? PlainUnixSocket(connectingTo: directory.file("control")) }
        #expect(failure(of: directory.file("control"), within: .milliseconds(300))?.reason == .timeout)
        withExtendedLifetime((silent, crowd)) {}
    }

    @Test func theWaitForAnAnswerCanBeCancelled() async throws {
        let directory = try TempDirectory("control")
        let silent = try PlainUnixSocket(listeningAt: directory.file("control"))
        let cancel = CancelFlag()
        _ = NamedThread("test-cancel") {
            CancellableWait(CancelFlag()).wait(until: .now() + .milliseconds(100))
            cancel.set()
        }
        let began = HostTime.now()
        #expect(failure(of: directory.file("control"), within: .seconds(60), cancel: cancel)?.why == "cancelled")
        #expect(HostTime.now() - began < .seconds(30))
        withExtendedLifetime(silent) {}
    }

    @Test func anOriginThatHangsUpIsNamed() throws {
        let directory = try TempDirectory("control")
        let rude = try PlainUnixSocket(listeningAt: directory.file("control"))
        _ = NamedThread("test-hangup") { rude.acceptAndClose(saying: "") }
        #expect(failure(of: directory.file("control"), within: .seconds(10))?.reason == .connectionLost)
        _ = NamedThread("test-hangup") { rude.acceptAndClose(saying: "{}\n") }
        #expect(failure(of: directory.file("control"), within: .seconds(10))?.reason == .serverError)
    }
}
