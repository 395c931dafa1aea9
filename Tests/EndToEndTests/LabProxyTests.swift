// The fault proxy does what it says: a test that relies on a stall needs the stall to be real.
import Model
import TestSupport
import Testing

@Suite(.serialized, .takesTurns) struct LabProxyTests {
    private func echoing(_ faults: [FaultProxy.Fault] = []) async throws -> (ScriptedServer, FaultProxy, RawClient)
    {
        let server = try await ScriptedServer.start(.echo)
        let proxy = try await FaultProxy.start(to: server.port, faults: faults)
        return (server, proxy, try RawClient(port: proxy.port))
    }

    @Test func withoutFaults_bytesPassUnchangedAndFast() async throws {
        let (server, proxy, client) = try await echoing()
        defer { withExtendedLifetime((server, proxy)) {} }
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let start = HostTime.now()
        async let back = Task.detached { client.receive(exactly: bytes.count, within: .seconds(10)) }.value
        #expect(client.send(bytes, within: .seconds(10)) == bytes.count)
        #expect(await back == bytes)
        #expect(HostTime.now() - start < .seconds(3))
        let traffic = proxy.traffic
        #expect(traffic.bytesUp == bytes.count)
        #expect(traffic.bytesDown == bytes.count)
        let up = try #require(traffic.firstUp)
        let down = try #require(traffic.firstDown)
        #expect(start <= up && up <= down)
    }

    @Test func stall_stopsTheSenderAndLosesNothing() async throws {
        let server = try await ScriptedServer.start(.echo)
        let proxy = try await FaultProxy.start(to: server.port)
        let client = try RawClient(port: proxy.port, kernelBuffer: 4096)
        #expect(client.send([1]) == 1)
        #expect(client.receive() == .bytes([1]))
        proxy.stall(.up)
        _ = await eventually(within: .milliseconds(50)) { false }
        // The kernel's own small buffers on both sides take some; then nothing more goes.
        let sent = client.send([UInt8](repeating: 2, count: 1 << 20), within: .milliseconds(400))
        #expect(sent < 64 << 10, "the sender feels it: \(sent) bytes went")
        #expect(client.receive(within: .milliseconds(100)) == .nothing)
        proxy.release(.up)
        #expect(client.receive(exactly: sent, within: .seconds(10)).count == sent)
    }

    @Test func hold_swallowsAndThenBursts() async throws {
        let (server, proxy, client) = try await echoing()
        defer { withExtendedLifetime(server) {} }
        #expect(client.send([1]) == 1)
        #expect(client.receive() == .bytes([1]))
        proxy.hold(.up)
        _ = await eventually(within: .milliseconds(50)) { false }
        let bytes = [UInt8](repeating: 3, count: 1 << 19)
        #expect(client.send(bytes, within: .seconds(5)) == bytes.count, "the sender feels nothing")
        #expect(client.receive(within: .milliseconds(200)) == .nothing)
        proxy.release(.up)
        #expect(client.receive(exactly: bytes.count, within: .seconds(10)) == bytes)
    }

    @Test func rate_holdsTheLimit() async throws {
        let server = try await ScriptedServer.start(.pour)
        let proxy = try await FaultProxy.start(
            to: server.port, faults: [.rate(.down, at: .zero, bitsPerSecond: 800_000)])
        let client = try RawClient(port: proxy.port, kernelBuffer: 4096)
        _ = client.receive(exactly: 20_000, within: .seconds(5))
        let start = HostTime.now()
        _ = client.receive(exactly: 100_000, within: .seconds(10))
        let took = (HostTime.now() - start).seconds
        #expect(took > 0.8 && took < 1.4, "100 kB at 800 kbit/s took \(took) s")
        proxy.limit(.down, bitsPerSecond: 0)
        let again = HostTime.now()
        _ = client.receive(exactly: 500_000, within: .seconds(10))
        #expect((HostTime.now() - again).seconds < 2.5)
    }

    @Test func jitter_delaysInOrder() async throws {
        let (server, proxy, client) = try await echoing()
        defer { withExtendedLifetime(server) {} }
        proxy.jitter(.down, upTo: .milliseconds(120))
        var trips: [Double] = []
        for value in UInt8(0)..<12 {
            let start = HostTime.now()
            _ = client.send([value])
            #expect(client.receive() == .bytes([value]))
            trips.append((HostTime.now() - start).milliseconds)
        }
        #expect(trips.allSatisfy { $0 < 250 })
        let greatest = try #require(trips.max())
        let least = try #require(trips.min())
        #expect(greatest - least > 30, "delays differ: \(trips)")
        let bytes = (UInt8(0)..<100).map { $0 }
        for byte in bytes { _ = client.send([byte]) }
        #expect(client.receive(exactly: bytes.count, within: .seconds(15)) == bytes)
    }

    @Test func cut_resetsAndNewConnectionsPass() async throws {
        let (server, proxy, client) = try await echoing()
        defer { withExtendedLifetime(server) {} }
        _ = client.send([1])
        #expect(client.receive() == .bytes([1]))
        proxy.cut()
        #expect(client.receive() == .reset)
        let next = try RawClient(port: proxy.port)
        _ = next.send([2])
        #expect(next.receive() == .bytes([2]))
    }

    @Test func refuse_endsWhenItIsTold() async throws {
        let (server, proxy, first) = try await echoing()
        defer { withExtendedLifetime(server) {} }
        _ = first.send([1])
        #expect(first.receive() == .bytes([1]))
        proxy.refuse()
        _ = await eventually(within: .milliseconds(50)) { false }
        // Accepted by the kernel, reset by the proxy.
        let refused = try RawClient(port: proxy.port)
        _ = refused.send([1])
        let answer = refused.receive()
        #expect(answer == .reset || answer == .ended)
        #expect(proxy.traffic.refused == 1)
        proxy.accept()
        _ = await eventually(within: .milliseconds(50)) { false }
        let next = try RawClient(port: proxy.port)
        _ = next.send([2])
        #expect(next.receive() == .bytes([2]))
    }

    @Test func schedule_countsFromTheFirstConnection() async throws {
        let (server, proxy, client) = try await echoing([
            .stall(.down, at: .milliseconds(300), for: .milliseconds(500)), .cut(at: .milliseconds(1500)),
        ])
        defer { withExtendedLifetime((server, proxy)) {} }
        _ = client.send([1])
        #expect(client.receive() == .bytes([1]))
        _ = await eventually(within: .milliseconds(400)) { false }
        let start = HostTime.now()
        _ = client.send([2])
        #expect(client.receive() == .bytes([2]))
        let waited = (HostTime.now() - start).milliseconds
        #expect(waited > 200 && waited < 700, "stalled for \(waited) ms")
        #expect(client.receive(within: .seconds(3)) == .reset)
    }

    @Test func end_passesThrough() async throws {
        let (server, proxy, client) = try await echoing()
        defer { withExtendedLifetime((server, proxy)) {} }
        _ = client.send([9])
        #expect(client.receive() == .bytes([9]))
        client.finishSending()
        #expect(client.receive(within: .seconds(3)) == .ended)
        #expect(await eventually(within: .seconds(3)) { proxy.traffic.live == 0 })
    }
}
