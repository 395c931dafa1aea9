// Where an epoch ends: other parameters, other tracks, another clock. What a discontinuity must and must not lose.
import Media
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite struct EpochTests {
        private func kinds(_ packaged: Packaged) throws -> [Set<TrackKind>] {
            try packaged.epochs.map { Set(try FLVTape.demux($0.bytes).tracks.map(\.kind)) }
        }

        private func count(_ packaged: Packaged, _ kind: TrackKind) throws -> Int {
            try packaged.epochs.reduce(0) { $0 + (try FLVTape.demux($1.bytes).packets.count { $0.kind == kind }) }
        }

        @Test func anotherSizeIsAnotherEpoch() async throws {
            let first = try await FLVTape.usual(seconds: 3, gop: 50)
            let second = try await FLVTape.make(
                "-f lavfi -i testsrc2=size=480x270:rate=25 \(FLVTape.tone) -t 3 \(FLVTape.h264(gop: 50)) \(FLVTape.aac)"
            )
            let tags = first + FLVTape.moved(second, by: 3000)
            for packaged in [Packaged(tags, SegmentAssembler()), Packaged(tags, FeedAssembler())] {
                #expect(packaged.epochs.count == 2)
                let sizes = try packaged.epochs.map { epoch in
                    try FLVTape.demux(epoch.bytes).tracks.first { $0.kind == .video }?.video?.width
                }
                #expect(sizes == [320, 480])
                #expect(try count(packaged, .video) == 150)
            }
            let segments = Packaged(tags, SegmentAssembler()).segments
            #expect(segments.map(\.isDiscontinuity) == [false, false, true, false])
        }

        @Test func repeatedHeadersAreNoChange() async throws {
            let tags = try await FLVTape.usual(seconds: 4, gop: 25)
            let headers = tags.filter { TagFacts($0).isKept }
            let repeated = tags.flatMap { tag -> [FLVTag] in
                guard TagFacts(tag).startsGOP else { return [tag] }
                return FLVTape.moved(headers, by: tag.timestamp) + [tag]
            }
            let packaged = Packaged(repeated, SegmentAssembler())
            #expect(packaged.epochs.count == 1)
            #expect(try count(packaged, .video) == 100)
        }

        @Test func lateSoundBeginsAtTheNextKeyFrame() async throws {
            let tags = try await FLVTape.usual(seconds: 6, gop: 50)
            let late = tags.filter { $0.kind != .audio || $0.timestamp >= 2500 }
            let headers = tags.filter { TagFacts($0).isAudioHeader }
            let at = try #require(late.firstIndex { $0.kind == .audio && !TagFacts($0).isKept })
            var stream = late.filter { !TagFacts($0).isAudioHeader }
            stream.insert(contentsOf: FLVTape.moved(headers, by: 2500), at: at)
            let packaged = Packaged(stream, SegmentAssembler())
            #expect(try kinds(packaged) == [[.video], [.video, .audio]])
            #expect(try count(packaged, .video) == 150)
            let second = try FLVTape.demux(try #require(packaged.epochs.last).bytes).packets
            #expect(abs((second.times(.video).min() ?? .zero).seconds - 4) < 0.045)
            #expect(abs((second.times(.audio).min() ?? .zero).seconds - 4) < 0.045)
        }

        @Test func soundThatDiesIsNotDeclaredAnyMore() async throws {
            let tags = try await FLVTape.usual(seconds: 9, gop: 50)
            let packaged = Packaged(tags.filter { $0.kind != .audio || $0.timestamp < 1500 }, FeedAssembler())
            #expect(try kinds(packaged) == [[.video, .audio], [.video]])
            #expect(packaged.epochs.last?.initialization.contentType.contains("mp4a") == false)
            #expect(try count(packaged, .video) == 225)
        }

        @Test func declaredButSilentSoundIsLeftOut() async throws {
            let tags = try await FLVTape.usual(seconds: 3, gop: 50)
            let packaged = Packaged(tags.filter { $0.kind != .audio || TagFacts($0).isKept }, FeedAssembler())
            #expect(try kinds(packaged) == [[.video]])
            #expect(try count(packaged, .video) == 75)
        }

        @Test func aClockThatStartsAgainIsADiscontinuity() async throws {
            let tags = try await FLVTape.usual(seconds: 4, gop: 50)
            let packaged = Packaged(FLVTape.moved(tags, by: 500_000) + tags, SegmentAssembler())
            #expect(packaged.epochs.count == 2)
            #expect(try count(packaged, .video) == 200)
            #expect(packaged.segments.map(\.isDiscontinuity) == [false, false, true, false])
            let second = try FLVTape.demux(try #require(packaged.epochs.last).bytes).packets
            #expect((second.times(.video).min() ?? .zero).seconds < 0.045)
        }

        @Test func timesOfMonthsWrapWithoutASeam() async throws {
            let tags = FLVTape.moved(try await FLVTape.usual(seconds: 6, gop: 50), by: 0xFFFF_FFFF - 3000)
            let packaged = Packaged(tags, SegmentAssembler())
            #expect(packaged.epochs.count == 1)
            #expect(try count(packaged, .video) == 150)
            #expect(packaged.segments.map { $0.duration.seconds.rounded() } == [2, 2, 2])
        }

        @Test func aHoleBelongsToNoSegment() async throws {
            let tags = try await FLVTape.usual(seconds: 6, gop: 50)
            let holed = tags.map { tag in
                var moved = tag
                if tag.timestamp >= 3000 { moved.timestamp += 6000 }
                return moved
            }
            let packaged = Packaged(holed, SegmentAssembler())
            #expect(packaged.epochs.count == 1)
            #expect(try count(packaged, .video) == 150)
            #expect(packaged.segments.allSatisfy { $0.duration < .seconds(2.5) })
            #expect(abs(packaged.segments.reduce(0) { $0 + $1.duration.seconds } - 6) < 0.1)
        }

        @Test func aGapBeginsAtTheNextKeyFrame() async throws {
            let tags = try await FLVTape.usual(seconds: 6, gop: 50)
            var line = PackagingLine(SegmentAssembler())
            var packaged = Packaged([], SegmentAssembler(), ends: false)
            for tag in tags where tag.timestamp < 1000 || tag.timestamp >= 4000 || TagFacts(tag).isKept {
                if TagFacts(tag).startsGOP, tag.timestamp >= 4000 { packaged.take(line.take(.gap)) }
                packaged.take(line.take(.tags([tag], arrival: .now())))
            }
            packaged.take(line.take(.end))
            #expect(packaged.epochs.count == 2)
            #expect(try count(packaged, .video) == 75)
        }

        @Test func whatMP4HasNoPlaceForIsLeftOutOrRefused() async throws {
            let tags = try await FLVTape.make("\(FLVTape.picture) \(FLVTape.tone) -t 2 -c:v flv1 \(FLVTape.aac)")
            let packaged = Packaged(tags, SegmentAssembler())
            #expect(try kinds(packaged) == [[.audio]])
            let old = Packaged(
                try await FLVTape.make("\(FLVTape.picture) -t 2 -c:v flv1"), SegmentAssembler())
            #expect(old.epochs.isEmpty && old.hasEnded)
        }

        @Test func damagedTagsHarmNothing() async throws {
            let tags = try await FLVTape.usual(seconds: 3, gop: 25)
            let damaged = tags.enumerated().flatMap { index, tag -> [FLVTag] in
                guard index % 20 == 5, !TagFacts(tag).isKept else { return [tag] }
                var broken = tag
                broken.body = tag.body.getSlice(at: tag.body.readerIndex, length: 1) ?? tag.body
                return [broken, tag]
            }
            let packaged = Packaged(damaged, SegmentAssembler())
            #expect(packaged.failure == nil)
            #expect(try count(packaged, .video) == 75)
        }
    }
}
