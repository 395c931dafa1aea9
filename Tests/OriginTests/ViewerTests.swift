// Viewers over real sockets: many, slow, patient, and those who ask for something.
import Model
import Net
import TestSupport
import Testing
import Wire

@testable import Origin

@Suite(.serialized, .timeLimit(.minutes(5))) struct ViewerTests {
    private func publisher(_ lab: OriginLab) async throws -> Peer {
        let publisher = try Peer(lab.url(), .publish)
        #expect(await publisher.isEstablished())
        publisher.send(Made.headers + [Made.key(0)])
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.counters.videoFrames == 1 })
        return publisher
    }

    @Test func withoutGOP_theStreamBeginsAtTheNextKeyFrame() async throws {
        let lab = try OriginLab()
        let publisher = try await publisher(lab)
        let viewer = try Peer(lab.url("demo", "?gop=0"), .play)
        #expect(await viewer.until { $0.tags.count == 3 })
        publisher.send([Made.inter(40), Made.key(1000), Made.inter(1040)])
        #expect(await viewer.until { $0.tags.count == 5 })
        #expect(viewer.media == [Made.key(1000), Made.inter(1040)])
    }

    @Test func mergedMessagesArriveTogetherAndComplete() async throws {
        let lab = try OriginLab()
        let publisher = try await publisher(lab)
        let viewer = try Peer(lab.url("demo", "?merge=500ms"), .play)
        #expect(await viewer.until { $0.tags.count == 4 })
        let more = (1...10).map { Made.inter(UInt32($0 * 40)) }
        let began = HostTime.now()
        for tag in more {
            publisher.send([tag])
            await watch(for: .milliseconds(30))
        }
        #expect(await viewer.until { $0.tags.count == 4 + more.count })
        #expect(same(viewer.media.dropFirst(), more))
        // The first of them had to wait for the others.
        let first = try #require(viewer.all.arrivals.dropFirst(4).first)
        #expect(first - began > .milliseconds(450))
    }

    @Test func aStalledViewerLosesWholeGOPs_andIsCutOff_othersLoseNothing() async throws {
        let lab = try OriginLab {
            $0.viewerQueue = .milliseconds(500)
            $0.viewerStall = .seconds(30)
            $0.viewerLostGOPs = 4
            $0.sendBufferBytes = 64 << 10
        }
        let publisher = try await publisher(lab)
        let healthy = try Peer(lab.url(), .play)
        let stalled = try RawPeer(lab, .play, kernelBuffer: 32 << 10)
        #expect(stalled.open())
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 2 })
        // 800 KiB a second, from which the kernel hides half a second.
        let media = Made.stream(from: 40, seconds: 12, size: 16_000)
        let paced = PacedSending(publisher, media, speed: 2)
        #expect(try await eventually(within: .seconds(60)) { try lab.facts()?.counters.cutOffViewers == 1 })
        #expect(await paced.ends())
        #expect(await healthy.until(.seconds(60)) { $0.tags.count == 4 + media.count })
        #expect(same(healthy.media.dropFirst(), media))
        let facts = try #require(try lab.facts())
        #expect(facts.viewers == 1)
        #expect(facts.counters.droppedGOPs >= 4)
    }

    @Test func aSlowViewerGoesOnAtAKeyFrame() async throws {
        let lab = try OriginLab {
            $0.viewerQueue = .milliseconds(500)
            $0.viewerLostGOPs = 1000
            $0.sendBufferBytes = 64 << 10
        }
        let publisher = try await publisher(lab)
        let slow = try RawPeer(lab, .play, kernelBuffer: 32 << 10)
        #expect(slow.open())
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
        let media = Made.stream(from: 40, seconds: 6, size: 16_000)
        let paced = PacedSending(publisher, media, speed: 2)
        #expect(try await eventually(within: .seconds(60)) { try lab.facts()?.counters.droppedGOPs ?? 0 >= 2 })
        #expect(await paced.ends())
        // Now it reads again: everything that was not lost, up to a last key frame that ends the wait.
        let last = Made.key(7000)
        publisher.send([last])
        #expect(slow.read(within: .seconds(30)) { $0.tags.contains(last) })
        let got = slow.tags.filter { !TagFacts($0).isKept }
        let sent = [Made.key(0)] + media + [last]
        // What is missing are whole GOPs: behind each gap there is a key frame.
        var place = 0
        for tag in got {
            let found = try #require(sent[place...].firstIndex(of: tag))
            #expect(found == place || TagFacts(tag).startsGOP)
            place = found + 1
        }
        #expect(got.count < sent.count)
    }

    @Test func aViewerThatTakesNothingIsCutOffAfterAWhile() async throws {
        let lab = try OriginLab {
            $0.viewerQueue = .seconds(60)
            $0.viewerStall = .seconds(1)
            $0.sendBufferBytes = 64 << 10
        }
        let publisher = try await publisher(lab)
        let stalled = try RawPeer(lab, .play, kernelBuffer: 32 << 10)
        #expect(stalled.open())
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
        let paced = PacedSending(publisher, Made.stream(from: 40, seconds: 30, size: 16_000), speed: 2)
        #expect(try await eventually(within: .seconds(60)) { try lab.facts()?.counters.cutOffViewers == 1 })
        paced.stop()
        #expect(try lab.facts()?.counters.droppedGOPs == 0)
    }

    @Test func aViewerWhoseConnectionBreaksHarmsNobody() async throws {
        let lab = try OriginLab { $0.sendBufferBytes = 64 << 10 }
        let publisher = try await publisher(lab)
        let healthy = try Peer(lab.url(), .play)
        var broken: RawPeer? = try RawPeer(lab, .play, kernelBuffer: 32 << 10)
        #expect(broken?.open() == true)
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 2 })
        let media = Made.stream(from: 40, seconds: 4, size: 16_000)
        let paced = PacedSending(publisher, media, speed: 2)
        #expect(await healthy.until { $0.tags.count > 50 })
        // Closing with bytes unread is a reset, and the origin has a write under way.
        broken = nil
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
        #expect(await paced.ends())
        #expect(await healthy.until { $0.tags.count == 4 + media.count })
        #expect(same(healthy.media.dropFirst(), media))
        #expect(try lab.facts()?.counters.cutOffViewers == 0)
    }

    @Test func threeHundredViewersGetEverything() async throws {
        let lab = try OriginLab()
        let publisher = try await publisher(lab)
        let viewers = try (0..<300).map { _ in try Peer(lab.url(), .play, timeout: .seconds(60)) }
        #expect(try await eventually(within: .seconds(60)) { try lab.facts()?.viewers == 300 })
        let media = Made.stream(from: 40, seconds: 3)
        let paced = PacedSending(publisher, media, speed: 1)
        #expect(await paced.ends())
        let wanted = [Made.key(0)] + media
        for viewer in viewers {
            #expect(await viewer.until(.seconds(60)) { $0.tags.count >= wanted.count + 3 })
            #expect(same(viewer.media, wanted))
        }
        let facts = try #require(try lab.facts())
        #expect(facts.counters.peakViewers == 300 && facts.counters.droppedGOPs == 0)
        #expect(facts.counters.cutOffViewers == 0)
    }

    @Test func whoeverLeavesIsNotCountedAnyMore() async throws {
        let lab = try OriginLab()
        let viewer = try Peer(lab.url(), .play)
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
        viewer.client.close()
        #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 0 })
    }

    @Test func aViewerIsKeptForAWhileAndThenToldThatNobodyPublishes() async throws {
        let lab = try OriginLab { $0.viewerPatience = .milliseconds(500) }
        let viewer = try Peer(lab.url(), .play)
        #expect(await viewer.isClosed())
        #expect(viewer.all.codes.contains("NetStream.Play.StreamNotFound"))
        #expect(viewer.all.isEstablished)
    }
}
