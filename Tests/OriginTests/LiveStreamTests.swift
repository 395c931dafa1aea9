// Where viewers begin, what they are spared, and how publishers come and go.
import Model
import NIOCore
import Testing
import Wire

@testable import Origin

@Suite struct LiveStreamTests {
    @Test func whoJoinsGetsTheHeadersAndTheGOPAtOnce() throws {
        let lab = try HubLab()
        lab.receive(
            Made.headers + [Made.key(0), Made.inter(40), Made.key(1000), Made.sound(1001), Made.inter(1040)])
        let viewer = lab.viewer()
        var header = Made.videoHeader
        header.timestamp = 1000
        var audio = Made.audioHeader
        audio.timestamp = 1000
        #expect(
            viewer.tags == [
                Made.metadata, header, audio, Made.key(1000), Made.sound(1001), Made.inter(1040),
            ])
        lab.receive([Made.inter(1080)])
        #expect(viewer.tags.last == Made.inter(1080))
    }

    @Test func withoutGOP_theNextKeyFrameIsWaitedFor() throws {
        let lab = try HubLab()
        lab.receive(Made.headers + [Made.key(0), Made.inter(40)])
        let viewer = lab.viewer(gop: false)
        // Decoders can be opened meanwhile.
        #expect(viewer.tags.count == 3)
        lab.receive([Made.sound(60), Made.inter(80)])
        #expect(viewer.tags.count == 3)
        lab.receive([Made.key(1000), Made.sound(1001)])
        #expect(viewer.tags.suffix(2) == [Made.key(1000), Made.sound(1001)])
    }

    @Test func soundAloneBeginsAtOnce() throws {
        let lab = try HubLab()
        lab.receive([Made.audioHeader, Made.sound(0), Made.sound(20)])
        let viewer = lab.viewer()
        lab.receive([Made.sound(40)])
        #expect(viewer.tags.dropFirst() == [Made.sound(40)])
    }

    @Test func whoWaitedForThePublisherMissesNothing() throws {
        let lab = try HubLab()
        let viewer = lab.viewer()
        lab.receive([Made.metadata])
        lab.receive([Made.videoHeader])
        lab.receive([Made.audioHeader])
        lab.receive([Made.sound(0)])
        lab.receive([Made.key(5)])
        #expect(viewer.tags == Made.headers + [Made.sound(0), Made.key(5)])
    }

    @Test func picturesBeforeTheFirstKeyFrameAreLeftOut() throws {
        let lab = try HubLab()
        let viewer = lab.viewer()
        lab.receive([Made.videoHeader, Made.inter(0), Made.inter(40), Made.key(80), Made.inter(120)])
        #expect(viewer.tags == [Made.videoHeader, Made.key(80), Made.inter(120)])
    }

    @Test func picturesThatComeBackInMidGOP_goOnlyToWhoSawItsBeginning() throws {
        let lab = try HubLab()
        let early = lab.viewer()
        lab.receive(Made.headers + [Made.key(0)])
        let sounds = (1...120).map { Made.sound(UInt32($0 * 20)) }
        lab.receive(sounds)
        // The sound has gone on alone for long: who comes now need not wait for a picture.
        lab.receive([Made.sound(2420)])
        let late = lab.viewer()
        lab.receive([Made.sound(2430)])
        #expect(late.tags.last == Made.sound(2430))
        lab.receive([Made.inter(2440), Made.sound(2441)])
        #expect(late.tags.last == Made.sound(2441) && !late.tags.contains(Made.inter(2440)))
        #expect(early.tags.contains(Made.inter(2440)))
        lab.receive([Made.key(3000)])
        #expect(late.tags.last == Made.key(3000))
        lab.receive([Made.inter(3040)])
        #expect(late.tags.last == Made.inter(3040))
    }

    @Test func metadataIsAtTimeZero_alsoInMidStream() throws {
        let lab = try HubLab()
        let viewer = lab.viewer()
        var metadata = Made.metadata
        metadata.timestamp = 5000
        lab.receive([Made.videoHeader, Made.key(4000), metadata, Made.inter(5040)])
        #expect(viewer.tags.contains(Made.metadata))
        #expect(!viewer.tags.contains(metadata))
    }

    @Test func newHeadersInMidStreamReachOldAndNewViewers() throws {
        let lab = try HubLab()
        let early = lab.viewer()
        lab.receive(Made.headers + [Made.key(0)])
        var header = Made.videoHeader
        header.timestamp = 1000
        header.body.setInteger(UInt8(9), at: 7)
        lab.receive([header, Made.key(1000)])
        #expect(early.tags.suffix(2) == [header, Made.key(1000)])
        let late = lab.viewer()
        #expect(late.tags.contains(header) && !late.tags.contains(Made.videoHeader))
    }

    @Test func enhancedHeadersAreKept() throws {
        let lab = try HubLab()
        let hevc = FLVTag(
            kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x90] + Array("hvc1".utf8) + [1, 2, 3]))
        let key = FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x93] + Array("hvc1".utf8) + [4]))
        lab.receive([hevc, key])
        #expect(lab.viewer().tags == [hevc, key])
    }

    @Test func aGOPBeyondItsBoundIsForgotten() throws {
        let lab = try HubLab { $0.gopCache.length = .seconds(2) }
        lab.receive(Made.headers + [Made.key(0)])
        for time in stride(from: UInt32(500), through: 2500, by: 500) { lab.receive([Made.inter(time)]) }
        let viewer = lab.viewer()
        #expect(viewer.tags.count == 3)
        lab.receive([Made.inter(3000)])
        #expect(viewer.tags.count == 3)
        lab.receive([Made.key(3500)])
        #expect(viewer.tags.last == Made.key(3500))
    }

    @Test func theCacheIsBoundedInMessagesAndBytes() {
        for bounds in [GOPCache.Bounds(messages: 3), GOPCache.Bounds(bytes: 5000)] {
            var cache = GOPCache(bounds)
            let tags = [Made.key(0, size: 1000)] + (1...3).map { Made.inter(UInt32($0), size: 1500) }
            for (index, tag) in tags.compactMap({ StreamTag($0) }).enumerated() {
                cache.add(
                    TagBatch([tag], isEntry: index == 0, before: .none, after: .none, arrival: .zero))
                #expect(cache.batches.count == (index < 3 ? index + 1 : 0))
            }
        }
    }

    @Test func onlyOnePublisherAtATime() throws {
        let lab = try HubLab()
        #expect(lab.stream.publish { _ in } == nil)
        lab.publication.end()
        #expect(lab.stream.state == .waiting)
        #expect(lab.stream.publish { _ in } != nil)
        #expect(lab.stream.state == .live)
    }

    @Test func aLostPublisherEndsItsViewersAndTheNextBeginsAnew() throws {
        let lab = try HubLab { $0.fanout.crowd = 0 }
        lab.receive(Made.headers + [Made.key(0)])
        let viewer = lab.viewer()
        // What waited for a picture is not lost with the publisher.
        lab.receive([Made.sound(10)])
        lab.publication.end()
        #expect(viewer.tags.last == Made.sound(10))
        #expect(viewer.ended == .unpublished)
        #expect(lab.stream.facts.viewers == 0)
        let next = try #require(lab.stream.publish { _ in })
        #expect(lab.viewer().tags.isEmpty)
        // The old one has no say any more.
        lab.publication.receive([Made.key(0)])
        #expect(lab.stream.facts.counters.videoFrames == 1)
        next.receive([Made.key(0)])
        #expect(lab.stream.facts.counters.videoFrames == 2)
    }

    @Test func closingTellsThePublisherToo() throws {
        let loop = try HubLab().loop
        let hub = StreamHub(loop: loop, settings: OriginSettings())
        let stream = hub.open("demo")
        var told: Origin.StreamEnd?
        let publication = try #require(stream.publish { told = $0 })
        publication.receive([Made.key(0)])
        let facts = hub.close("demo")
        #expect(told == .closed)
        #expect(facts?.state == .stopped && facts?.counters.videoFrames == 1)
        #expect(hub.stream(named: "demo") == nil)
        #expect(stream.attach(RecordingViewer()) == nil)
        #expect(hub.close("demo") == nil)
    }
}
