// Damaged input, the same on every run. Nothing may crash, spin or grow beyond what came in.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPFuzzTests {
    @Test(arguments: 0..<4) func damagedAMF0_isReadOrRefused_andCanBeWritten(seed: UInt64) throws {
        var chance = RTMPChance(state: seed)
        let seeds = RTMPAMF0Tests.table.map { Array(octets($0.1).readableBytesView) }
        var readable = 0
        for round in 0..<rounds(25_000) {
            var data = buffer(chance.mutate(seeds[round % seeds.count]))
            guard let values = try? AMF0Value.decodeAll(from: &data) else { continue }
            readable += 1
            let once = AMF0Value.encode(values)
            var again = once
            expect(AMF0Value.encode(try AMF0Value.decodeAll(from: &again)) == once, data)
        }
        #expect(readable > 1000)
    }

    @Test(arguments: 0..<4) func damagedChunks_areReadOrRefused(seed: UInt64) throws {
        var chance = RTMPChance(state: seed &+ 100)
        let seeds = try Self.chunkSeeds()
        for round in 0..<rounds(12_000) {
            let data = chance.mutate(seeds[round % seeds.count])
            var reader = RTMPChunkReader()
            reader.append(buffer(data))
            var total = 0
            var count = 0
            while let message = try? reader.next() {
                total += message.payload.readableBytes
                count += 1
            }
            // Each message costs at least one byte of header, each payload byte one byte of input.
            expect(total + count <= data.count, buffer(data))
        }
    }

    /// The session begins behind the handshake, as the copy of a value, and hears damaged servers.
    @Test(arguments: [RTMPRole.play, .publish], 0..<2)
    func damagedServers_endInAnOrdinaryWay(role: RTMPRole, seed: UInt64) throws {
        var chance = RTMPChance(state: seed &+ 200)
        let run = RTMPRun(rtmpSettings(role), ServerScript())
        let scripts = try Self.scripts(role)
        for round in 0..<rounds(2000) {
            let data = chance.mutate(scripts[round % scripts.count])
            var session = run.session
            let whole = buffer(data)
            let cut = Int.random(in: 0...data.count, using: &chance)
            var actions: [RTMPClientSession.Action] = []
            for part in [whole.getSlice(at: 0, length: cut), whole.getSlice(at: cut, length: data.count - cut)] {
                actions += session.receive(part ?? ByteBuffer())
            }
            let failures = actions.filter { if case .failed = $0 { true } else { false } }
            expect(failures.count <= 1, whole)
            let sent = actions.reduce(0) { if case .send(let bytes) = $1 { $0 + bytes.readableBytes } else { $0 } }
            expect(sent <= 2000 + data.count * 8, whole)
            expect(session.calls.count <= 4, whole)
        }
    }

    @Test func damagedHandshakesAndNoise_endInAnOrdinaryWay() {
        var chance = RTMPChance(state: 300)
        for _ in 0..<rounds(3000) {
            var session = RTMPClientSession(rtmpSettings(.play))
            _ = session.start()
            let length = Int.random(in: 0...64, using: &chance)
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }
            for part in [[3], noise] { _ = session.receive(buffer(part)) }
        }
        let opened = RTMPRun(rtmpSettings(.play), ServerScript())
        for _ in 0..<rounds(20_000) {
            var session = opened.session
            let length = Int.random(in: 0...64, using: &chance)
            _ = session.receive(buffer((0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }))
        }
    }

    /// A header that announces 16 MiB costs nothing until the bytes come.
    @Test func announcedLengths_allocateNothing() throws {
        var reader = RTMPChunkReader()
        for id in 3..<60 {
            reader.append(buffer([UInt8(id), 0, 0, 0, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0]))
            reader.append(ByteBuffer(repeating: 0, count: 128))
            #expect(try reader.next() == nil)
        }
        #expect(reader.storedBytes <= 64 * 1024)
    }

    @Test func longStream_keepsNothing() throws {
        var reader = RTMPChunkReader()
        var writer = RTMPChunkWriter()
        for time in 0..<UInt32(2000) {
            var bytes = ByteBuffer()
            try writer.write(
                RTMPMessage(
                    chunkStream: 4, type: .video, stream: 1, timestamp: time,
                    payload: ByteBuffer(repeating: 1, count: 1000)), into: &bytes)
            reader.append(bytes)
            #expect(try reader.next() != nil)
            #expect(try reader.next() == nil)
        }
        #expect(reader.storedBytes <= 8 * 1024)
    }

    /// #expect keeps so much about each use that it would be most of the time here.
    private func expect(_ holds: Bool, _ input: ByteBuffer) {
        if !holds { Issue.record("broken by \(Array(input.readableBytesView))") }
    }

    private static func chunkSeeds() throws -> [[UInt8]] {
        let messages = [
            RTMPChunkReaderTests.message(4, 8, 1, 5, "AABBCC"),
            RTMPChunkReaderTests.message(4, 8, 1, 0x100_0000, "AABB"),
            RTMPChunkReaderTests.message(64, 9, 1, 10, "AA"), .setChunkSize(2), .windowAckSize(100),
            RTMPMessage(chunkStream: 320, type: .video, timestamp: 9, payload: ByteBuffer(repeating: 1, count: 9)),
        ]
        return try [1, 4, 128].map { size in
            let start = try RTMPChunkWriterTests.write([.setChunkSize(size)])
            let rest = try RTMPChunkWriterTests.write(messages.filter { $0.type != .setChunkSize }, chunkSize: size)
            return Array(concatenated([start, rest]).readableBytesView)
        } + [Array(try RTMPChunkWriterTests.write(messages).readableBytesView)]
    }

    private static func scripts(_ role: RTMPRole) throws -> [[UInt8]] {
        let servers =
            role == .publish
            ? [try RTMPDialogueTests.nginxPublish(), try RTMPDialogueTests.srsPublish()]
            : [
                try RTMPDialogueTests.srsPlay(),
                try RTMPRefusalTests.refusedConnect(
                    "NetConnection.Connect.Rejected", RTMPAuthenticationTests.challenge),
            ]
        return servers.map { Array(concatenated(Array($0.parts.dropFirst(3))).readableBytesView) }
    }
}
