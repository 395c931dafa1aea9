// Our client against our server, bytes handed over in random pieces: what one sends the other one has.
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPMirrorTests {
    /// Both ends and what happened at each.
    struct Pair {
        var client: RTMPClientSession
        var server: RTMPServerRun
        var events: [RTMPClientSession.Action] = []
        var chance: RTMPChance

        init(_ role: RTMPRole, seed: UInt64, allows: Bool = true, app: String = "live") {
            var settings = rtmpSettings(role)
            settings.app = app
            client = RTMPClientSession(settings)
            server = RTMPServerRun(allows: allows)
            chance = RTMPChance(state: seed)
            toServer(client.start())
        }

        mutating func toServer(_ actions: [RTMPClientSession.Action]) {
            for action in actions {
                if case .send(let bytes) = action { toServer(bytes) } else { events.append(action) }
            }
        }

        mutating func toServer(_ bytes: ByteBuffer) {
            for piece in pieces(bytes) { server.feed(piece) }
            let answers = server.sent
            server.sent = ByteBuffer()
            toClient(answers)
        }

        mutating func toClient(_ bytes: ByteBuffer) {
            guard bytes.readableBytes > 0 else { return }
            for piece in pieces(bytes) { toServer(client.receive(piece)) }
        }

        private mutating func pieces(_ bytes: ByteBuffer) -> [ByteBuffer] {
            var rest = bytes
            var out: [ByteBuffer] = []
            while rest.readableBytes > 0 {
                let most = chance.next(upperBound: 4 as UInt8) == 0 ? 3 : 9000
                let count = min(rest.readableBytes, Int.random(in: 1...most, using: &chance))
                out.append(rest.readSlice(length: count) ?? ByteBuffer())
            }
            return out
        }

        mutating func tags() -> [FLVTag] {
            (0..<60).map { index in
                let length = Int.random(in: 1...(index % 10 == 0 ? 150_000 : 3000), using: &chance)
                return FLVTag(
                    kind: index % 3 == 0 ? .video : .audio, timestamp: 0xFF_FF00 + UInt32(index) * 20,
                    body: buffer((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }))
            }
        }
    }

    @Test(arguments: 0..<6) func whatIsPublished_arrives(seed: UInt64) {
        var pair = Pair(.publish, seed: seed)
        #expect(pair.client.isEstablished && pair.server.session.isPublishing)
        let query = [RTMPStreamName.Parameter("k", "v")]
        #expect(pair.server.events.last == .publish(RTMPStreamName(app: "live", name: "demo", query: query)))
        let tags = pair.tags()
        for tag in tags { pair.toServer(pair.client.send(tag)) }
        #expect(pair.server.tags == tags)
        pair.toServer(pair.client.unpublish())
        #expect(pair.server.events.last == .unpublished)
    }

    @Test(arguments: 0..<6) func whatIsSentToAPlayer_arrives(seed: UInt64) {
        var pair = Pair(.play, seed: seed)
        #expect(pair.client.isEstablished && pair.server.session.isPlaying)
        let tags = pair.tags()
        let writer = RTMPFanoutWriter()
        for (index, tag) in tags.enumerated() {
            pair.toClient(writer.bytes(for: tag))
            if index == 30 { pair.toClient(pair.server.session.ping(now: 9)) }
        }
        #expect(pair.events.compactMap { if case .media(let tag) = $0 { tag } else { nil } } == tags)
        #expect(pair.server.events.contains(.pong(9)))
        pair.toClient(pair.server.session.ending())
        #expect(pair.events.last == .ended(.unpublished))
    }

    @Test(arguments: [RTMPRole.publish, .play]) func refusals_areUnderstood(role: RTMPRole) {
        let pair = Pair(role, seed: 1, allows: false)
        guard case .failed(let failure)? = pair.events.last else { return #expect(Bool(false)) }
        #expect(failure.kind == (role == .publish ? .denied : .notFound))
    }

    @Test func otherApplications_areUnderstood() {
        let pair = Pair(.play, seed: 1, app: "nowhere")
        guard case .failed(let failure)? = pair.events.last else { return #expect(Bool(false)) }
        #expect(failure.kind == .noApp)
        #expect(pair.server.failure?.kind == .noApp)
    }
}
