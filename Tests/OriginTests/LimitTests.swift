// Who may connect, and for how long one may say nothing.
import Model
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Wire

@testable import Origin

@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    private func channel(_ address: String) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
        return channel
    }

    @Test func connectionsAreBoundedInAll() throws {
        var settings = OriginSettings()
        settings.connections = 2
        let ledger = ConnectionLedger(settings, descriptors: 1000)
        let first = try channel("127.0.0.1")
        ledger.admit(first)?.spoke()
        ledger.admit(try channel("127.0.0.1"))?.spoke()
        #expect(ledger.admit(try channel("127.0.0.1")) == nil)
        _ = try first.finish()
        #expect(ledger.admit(try channel("127.0.0.1")) != nil)
    }

    @Test func descriptorsBoundThemToo() throws {
        let ledger = ConnectionLedger(OriginSettings(), descriptors: 65)
        let only = try channel("127.0.0.1")
        ledger.admit(only)?.spoke()
        #expect(ledger.admit(try channel("127.0.0.1")) == nil)
    }

    @Test func oneAddressHasOnlySoMany_loopbackIsExemptUnlessSet() throws {
        let usual = ConnectionLedger(OriginSettings(), descriptors: 10_000)
        let channels = try (0..<65).map { _ in try channel("192.0.2.1") }
        let tickets = channels.map { usual.admit($0) }
        #expect(tickets.map { $0 != nil } == [Bool](repeating: true, count: 64) + [false])
        #expect(usual.admit(try channel("192.0.2.2")) != nil)
        let local = try (0..<100).map { _ in try channel("127.0.0.1") }
        #expect(local.allSatisfy { usual.admit($0) != nil })

        var settings = OriginSettings()
        settings.connectionsPerAddress = 1
        let strict = ConnectionLedger(settings, descriptors: 10_000)
        let one = try channel("127.0.0.1")
        #expect(strict.admit(one) != nil)
        #expect(strict.admit(try channel("127.0.0.1")) == nil)
        #expect(strict.admit(try channel("127.0.0.2")) != nil)
    }

    @Test func ofTooManySilentOnesTheOldestGoes() throws {
        var settings = OriginSettings()
        settings.silentConnections = 2
        let ledger = ConnectionLedger(settings, descriptors: 1000)
        let channels = try (0..<4).map { _ in try channel("127.0.0.1") }
        ledger.admit(channels[0])?.spoke()
        for channel in channels[1...] { #expect(ledger.admit(channel) != nil) }
        #expect(channels.map(\.isActive) == [true, false, true, true])
        #expect(ledger.refusals == 1)
    }

    @Test func aFullHouseOfSilentOnesGivesWay() throws {
        var settings = OriginSettings()
        settings.connections = 2
        let ledger = ConnectionLedger(settings, descriptors: 1000)
        let channels = try (0..<3).map { _ in try channel("127.0.0.1") }
        for channel in channels { #expect(ledger.admit(channel) != nil) }
        #expect(channels.map(\.isActive) == [false, true, true])
    }

    @Test func whoSaysNothingIsClosed() throws {
        let lab = try OriginLab { $0.handshakeDeadline = .milliseconds(300) }
        let client = try RawClient(port: lab.ports.rtmp)
        #expect(client.receive(within: .seconds(20)) == .ended)
        // Nor does it help to begin.
        let other = try RawClient(port: lab.ports.rtmp)
        _ = other.send([3])
        #expect(other.receive(within: .seconds(20)) == .ended)
    }

    @Test func whoSpeaksAnotherProtocolIsClosedAtOnce() throws {
        let lab = try OriginLab()
        let client = try RawClient(port: lab.ports.rtmp)
        _ = client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(client.receive(within: .seconds(5)) == .ended)
    }

    @Test func connectionsBeyondTheLimitAreRefused_theStreamGoesOn() async throws {
        let lab = try OriginLab { $0.connections = 3 }
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        let viewer = try Peer(lab.url(), .play)
        #expect(await viewer.isEstablished())
        // Control connections are not counted among them.
        let flood = try (0..<20).map { _ in try RawClient(port: lab.ports.rtmp) }
        let gone = flood.filter { [.ended, .reset].contains($0.receive(within: .milliseconds(500))) }
        #expect(gone.count == 19)
        publisher.send(Made.headers + [Made.key(0)])
        #expect(await viewer.until { $0.tags.contains(Made.key(0)) })
    }
}
