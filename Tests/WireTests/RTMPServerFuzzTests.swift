// Damaged clients, the same on every run. Nothing may crash, spin, or answer and keep more than what came in.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPServerFuzzTests {
    /// The sessions begin behind the handshake, as the copy of a value.
    @Test(arguments: 0..<4) func damagedClients_endInAnOrdinaryWay(seed: UInt64) throws {
        var chance = RTMPChance(state: seed &+ 500)
        let opened = RTMPServerRun(ClientScript())
        let scripts = try [
            RTMPServerDialogueTests.ffmpegPublish(key: [0x17, 1, 0, 0, 0, 1, 2, 3]),
            RTMPServerPlayTests.ffmpegPlay(), Self.oddities(),
        ].map { Array(concatenated(Array($0.parts.dropFirst(3))).readableBytesView) }
        var finished = 0
        for round in 0..<rounds(4000) {
            let data = chance.mutate(scripts[round % scripts.count])
            var run = opened
            run.allows = round % 5 != 0
            let whole = buffer(data)
            let cut = Int.random(in: 0...data.count, using: &chance)
            run.feed(
                [whole.getSlice(at: 0, length: cut), whole.getSlice(at: cut, length: data.count - cut)].compactMap {
                    $0
                })
            let failures = run.events.filter { if case .failed = $0 { true } else { false } }
            expect(failures.count <= 1 && (failures.isEmpty || run.failure != nil), whole)
            let media = run.tags.reduce(0) { $0 + $1.body.readableBytes }
            expect(media <= data.count && run.tags.count <= data.count, whole)
            expect(run.sent.readableBytes <= 3073 + 1000 + data.count * 16, whole)
            if failures.isEmpty { finished += 1 }
        }
        #expect(finished > 500)
    }

    @Test(arguments: 0..<2) func noise_endsInAnOrdinaryWay(seed: UInt64) {
        var chance = RTMPChance(state: seed &+ 600)
        let opened = RTMPServerRun(ClientScript())
        for _ in 0..<rounds(40_000) {
            var run = opened
            let length = Int.random(in: 0...64, using: &chance)
            run.feed(buffer((0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }))
        }
    }

    @Test func damagedHandshakes_endInAnOrdinaryWay() throws {
        var chance = RTMPChance(state: 700)
        var script = ClientScript()
        try script.connect()
        let whole = Array(concatenated(script.parts).readableBytesView)
        for _ in 0..<rounds(2000) {
            var run = RTMPServerRun()
            run.feed(buffer(chance.mutate(whole)))
            #expect(run.sent.readableBytes < 5000)
        }
    }

    /// The messages that real clients send seldom.
    static func oddities() throws -> ClientScript {
        var client = ClientScript()
        try client.connect("live/_definst_?a=b", [.init("objectEncoding", .number(3))])
        try client.say("publish", 0, [.null, .string("mp4:demo.mp4?x")], stream: 1, amf3: true)
        let aggregate = octets("09 000002 000010 00 000000 1701 0000000D 08 000002 000020 00 000000 AF01")
        try client.say(RTMPMessage(chunkStream: 4, type: .aggregate, stream: 1, timestamp: 9, payload: aggregate))
        try client.media(.video, 0x0100_0000, [UInt8](repeating: 0x27, count: 300))
        try client.say(.setChunkSize(50))
        try client.media(.video, 0x0100_0020, [UInt8](repeating: 0x27, count: 300))
        try client.say(.control(.abort, 6))
        try client.say(.userControl(.pingRequest(4)))
        try client.say(RTMPMessage(chunkStream: 400, type: .dataAMF3, stream: 1, payload: octets("00020001610500")))
        try client.say("publish", 0, [.null, .string("other")], stream: 1)
        try client.say("play", 0, [.null, .string("other")], stream: 1)
        try client.say("closeStream", 0, [.null], stream: 1)
        try client.say("play", 0, [.null, .string("other")], stream: 1)
        try client.say("pause", 0, [.null, .boolean(true)], stream: 1)
        return client
    }

    private func expect(_ holds: Bool, _ input: ByteBuffer) {
        if !holds { Issue.record("broken by \(Array(input.readableBytesView))") }
    }
}
