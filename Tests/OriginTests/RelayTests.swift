// From a publisher through the origin to its viewers over real sockets: what arrives, in what order, from where on.
import Model
import NIOCore
import Net
import TestSupport
import Testing
import Wire

@testable import Origin

@Suite(.timeLimit(.minutes(2))) struct RelayTests {
    @Test func everyPacketArrivesByteForByte() async throws {
        let lab = try OriginLab()
        let viewer = try Peer(lab.url(), .play)
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        let media = Made.stream(seconds: 4)
        publisher.send(Made.headers + media)
        #expect(await viewer.until { $0.tags.count >= media.count + 3 })
        #expect(same(viewer.media, media))
        #expect(viewer.all.tags.prefix(3) == Made.headers[...])
        let facts = try lab.facts()
        #expect(facts?.state == .live)
        #expect(facts?.counters.videoFrames == media.filter { $0.kind == .video }.count)
    }

    @Test func whoJoinsLaterBeginsAtTheLastKeyFrame() async throws {
        let lab = try OriginLab()
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        let media = Made.stream(seconds: 2.5)
        publisher.send(Made.headers + media)
        let count = media.filter { $0.kind == .video }.count
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.counters.videoFrames == count })
        let viewer = try Peer(lab.url(), .play)
        let cached = media.filter { $0.timestamp >= 2000 }
        #expect(await viewer.until { $0.tags.count >= cached.count + 3 })
        let more = Made.stream(from: 3000, seconds: 1)
        publisher.send(more)
        #expect(await viewer.until { $0.tags.count >= cached.count + more.count + 3 })
        #expect(same(viewer.media, cached + more))
        // The stream's own stamps: a player sees that the burst is no delay.
        #expect(viewer.all.tags.dropFirst().first?.timestamp == 2000)
        #expect(viewer.all.tags.first?.timestamp == 0)
    }
}
