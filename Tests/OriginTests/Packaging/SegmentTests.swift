// HLS segments as they come out of the assembler: every packet once, cut where they should be, as long as they say.
import Media
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite struct SegmentTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var name: String
            var arguments: String
            /// Seconds of all segments but the last; empty: not told.
            var lengths: [Double]
            var target: Int
            var testDescription: String { name }
        }

        static let cases: [Case] = [
            Case(
                name: "GOP of 2 s",
                arguments: "\(FLVTape.picture) \(FLVTape.tone) -t 9 \(FLVTape.h264(gop: 50)) \(FLVTape.aac)",
                lengths: [2, 2, 2, 2], target: 2),
            Case(
                name: "GOP of 1 s",
                arguments: "\(FLVTape.picture) \(FLVTape.tone) -t 4.5 \(FLVTape.h264(gop: 25)) \(FLVTape.aac)",
                lengths: [1, 1, 1, 1], target: 1),
            Case(
                name: "GOP of 0.48 s",
                arguments: "\(FLVTape.picture) \(FLVTape.tone) -t 4 \(FLVTape.h264(gop: 12)) \(FLVTape.aac)",
                lengths: [0.96, 0.96, 0.96, 0.96], target: 1),
            Case(
                name: "GOP of 10 s",
                arguments: "\(FLVTape.picture) \(FLVTape.tone) -t 21 \(FLVTape.h264(gop: 250)) \(FLVTape.aac)",
                lengths: [4, 4, 2, 4, 4, 2], target: 4),
            Case(
                name: "B-frames",
                arguments:
                    "\(FLVTape.picture) \(FLVTape.tone) -t 7 \(FLVTape.h264(gop: 50, bFrames: 3)) \(FLVTape.aac)",
                lengths: [2, 2, 2], target: 2),
            Case(
                name: "pictures only", arguments: "\(FLVTape.picture) -t 5 \(FLVTape.h264(gop: 50))",
                lengths: [2, 2],
                target: 2),
            Case(name: "sound only", arguments: "\(FLVTape.tone) -t 5 \(FLVTape.aac)", lengths: [], target: 1),
            Case(
                name: "44.1 kHz",
                arguments: "\(FLVTape.picture) \(FLVTape.tone) -t 5 \(FLVTape.h264(gop: 50)) -c:a aac -ar 44100",
                lengths: [2, 2], target: 2),
        ]

        @Test(arguments: cases) func everyPacketIsInExactlyOne(_ made: Case) async throws {
            let tags = FLVTape.moved(try await FLVTape.make(made.arguments), by: 20_000_000)
            let packaged = Packaged(tags, SegmentAssembler())
            #expect(packaged.failure == nil)
            #expect(packaged.epochs.count == 1 && packaged.hasEnded)
            let epoch = try #require(packaged.epochs.first)
            let before = try FLVTape.packets(tags)
            let (tracks, after) = try FLVTape.demux(epoch.bytes)
            #expect(Set(tracks.map(\.kind)) == Set(before.map(\.kind)))
            for kind in [TrackKind.video, .audio] {
                #expect(after.payloads(kind) == before.payloads(kind), "\(kind)")
                // FLV's milliseconds; sound is counted in samples.
                let worst = zip(before.times(kind), after.times(kind)).map { ($0 - $1).magnitude.milliseconds }
                    .max()
                #expect((worst ?? 0) <= 1.1, "\(kind) is off by \(worst ?? 0) ms")
            }
            #expect(packaged.segments.last?.targetDuration ?? made.target == made.target)
            let lengths = packaged.segments.dropLast().map { ($0.duration.seconds * 100).rounded() / 100 }
            if !made.lengths.isEmpty { #expect(lengths == made.lengths) }
            let total = packaged.segments.reduce(0) { $0 + $1.duration.seconds }
            let kind: TrackKind = tracks.contains { $0.kind == .video } ? .video : .audio
            let times = before.filter { $0.kind == kind }.compactMap(\.orderTime)
            let span = ((times.max() ?? .zero) - (times.min() ?? .zero)).seconds
            #expect(abs(total - span) < 0.1, "\(total) s told, \(span) s there")
            for segment in packaged.segments {
                #expect(Int(segment.duration.seconds.rounded()) <= made.target)
            }
        }

        @Test func eachCanBePlayedByItself() async throws {
            let tags = try await FLVTape.usual(seconds: 7, gop: 50, bFrames: 2)
            let epoch = try #require(Packaged(tags, SegmentAssembler()).epochs.first)
            #expect(epoch.segments.count == 4)
            var ends: [TrackKind: MediaTime] = [:]
            for segment in epoch.segments {
                let bytes = [epoch.initialization.bytes, segment.bytes].flatMap { Array($0.readableBytesView) }
                let packets = try FLVTape.demux(bytes).packets
                let pictures = packets.filter { $0.kind == .video }
                #expect(pictures.first?.isKeyframe == true && segment.isIndependent)
                // Sound begins with the picture, to its own frame, and nothing is there twice or missing in between.
                let picture = try #require(packets.times(.video).min())
                let sound = try #require(packets.times(.audio).min())
                #expect((picture - sound).magnitude < .milliseconds(45))
                for kind in [TrackKind.video, .audio] {
                    let times = packets.times(kind)
                    if let end = ends[kind], let first = times.min() { #expect(first > end) }
                    ends[kind] = times.max()
                }
            }
        }

        @Test func datesGoOnFromTheFirstWithoutASeam() async throws {
            let tags = try await FLVTape.usual(seconds: 9, gop: 50)
            let arrival = HostTime.now() - .seconds(9)
            let segments = Packaged(tags, SegmentAssembler(), arrival: arrival).segments
            #expect(segments.count == 5)
            let expected = WallTime.now() + (arrival - HostTime.now())
            #expect(((segments.first?.start ?? .zero) - expected).magnitude < .milliseconds(60))
            for (a, b) in zip(segments, segments.dropFirst()) {
                #expect((b.start - a.start - a.duration).magnitude < .milliseconds(5))
            }
        }

        @Test func aBurstAtTheStartIsNotTakenForDelay() async throws {
            // As the GOP cache gives it: two seconds at once, then as they come.
            let tags = try await FLVTape.usual(seconds: 6, gop: 75)
            var line = PackagingLine(SegmentAssembler())
            var packaged = Packaged([], SegmentAssembler(), ends: false)
            let joined = HostTime.now()
            for tag in tags {
                let late = Span.milliseconds(Double(max(0, Int(tag.timestamp) - 2000)))
                packaged.take(line.take(.tags([tag], arrival: joined + late)))
            }
            let first = try #require(packaged.segments.first)
            let expected = WallTime.now() + (joined - HostTime.now()) - .seconds(2)
            #expect((first.start - expected).magnitude < .milliseconds(60))
        }
    }
}
