// Publishers over real sockets: who may publish, and how a publisher is lost.
import Model
import Net
import TestSupport
import Testing
import Wire

@testable import Origin

@Suite(.timeLimit(.minutes(3))) struct PublisherTests {
    /// A stream with a publisher and a viewer who has its first key frame.
    private func running(_ lab: OriginLab) async throws -> (publisher: Peer, viewer: Peer) {
        let viewer = try Peer(lab.url(), .play)
        // It is there before anything is sent, however long this process waits for its turn.
        #expect(await viewer.isEstablished())
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        publisher.send(Made.headers + [Made.key(0)])
        #expect(await viewer.until { $0.tags.count >= 4 })
        return (publisher, viewer)
    }

    private func expectEnd(_ viewer: Peer) async {
        #expect(await viewer.isClosed())
        // A clean end, not a lost connection.
        #expect(viewer.all.closed == .some(nil))
        #expect(viewer.all.codes.contains("NetStream.Play.UnpublishNotify"))
    }

    @Test func aSecondPublisherIsRefused_andTheFirstGoesOn() async throws {
        let lab = try OriginLab()
        let (publisher, viewer) = try await running(lab)
        let second = try Peer(lab.url(), .publish)
        #expect(await second.isClosed())
        #expect(second.all.codes.contains("NetStream.Publish.BadName"))
        if case .some(let error) = second.all.closed { #expect(error?.reason == .nameInUse) }
        publisher.send([Made.inter(40)])
        #expect(await viewer.until { $0.tags.last == Made.inter(40) })
    }

    @Test func aStreamThatNobodyOpenedIsNeitherPublishedNorPlayed() async throws {
        let lab = try OriginLab()
        let publisher = try Peer(lab.url("other"), .publish)
        let viewer = try Peer(lab.url("other"), .play)
        #expect(await publisher.isClosed())
        #expect(await viewer.isClosed())
        #expect(publisher.all.codes.contains("NetStream.Publish.Denied"))
        #expect(viewer.all.codes.contains("NetStream.Play.StreamNotFound"))
    }

    @Test func unpublishingEndsTheViewers_andTheNameIsFreeAgain() async throws {
        let lab = try OriginLab()
        let (publisher, viewer) = try await running(lab)
        publisher.client.unpublishAndClose()
        await expectEnd(viewer)
        #expect(try lab.facts()?.state == .waiting)
        let (_, again) = try await running(lab)
        #expect(again.all.tags.contains(Made.key(0)))
        #expect(try lab.facts()?.counters.publications == 2)
    }

    @Test func aPublisherThatHangsUpEndsTheViewers() async throws {
        let lab = try OriginLab()
        let (publisher, viewer) = try await running(lab)
        publisher.client.close()
        await expectEnd(viewer)
    }

    @Test func aSilentPublisherIsLost() async throws {
        let lab = try OriginLab { $0.publisherSilence = .seconds(12) }
        let (publisher, viewer) = try await running(lab)
        await expectEnd(viewer)
        #expect(await publisher.isClosed())
    }

    @Test func aPublisherThatSendsNowAndThenIsNotSilent() async throws {
        let lab = try OriginLab { $0.publisherSilence = .seconds(10) }
        let viewer = try Peer(lab.url(), .play)
        #expect(await viewer.isEstablished())
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        // A key frame, then a picture a second, on a thread that waits for nobody's turn.
        let sending = PacedSending(
            publisher, Made.headers + [Made.key(0)] + (1...12).map { Made.inter(UInt32($0 * 1000)) }, speed: 1)
        #expect(await sending.ends())
        #expect(await viewer.until { $0.tags.last == Made.inter(12000) })
    }

    @Test func closingAStreamEndsBothSides() async throws {
        let lab = try OriginLab()
        let (publisher, viewer) = try await running(lab)
        let reply = try lab.ask(.close(name: "demo"))
        #expect(reply.streams.first?.counters.videoFrames == 1)
        await expectEnd(viewer)
        #expect(await publisher.isClosed())
        #expect(publisher.all.codes.contains("NetStream.Publish.Denied"))
    }
}
