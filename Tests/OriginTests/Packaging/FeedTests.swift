// The browsers' feed as it comes out of the assembler: one fragment for each picture, at the stream's own times.
import Media
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite struct FeedTests {
        private func boxes(_ bytes: ByteBuffer) -> [String] {
            var names: [String] = []
            var rest = bytes
            while let size: UInt32 = rest.readInteger(), let name = rest.readString(length: 4), size >= 8 {
                names.append(name)
                rest.moveReaderIndex(forwardBy: min(Int(size) - 8, rest.readableBytes))
            }
            return names
        }

        @Test(arguments: [0, 3]) func everyPictureLeavesAsSoonAsItFillsTheTimeline(_ bFrames: Int) async throws {
            let tags = FLVTape.moved(
                try await FLVTape.usual(seconds: 4, gop: 50, bFrames: bFrames), by: 9_000_000)
            let packaged = Packaged(tags, FeedAssembler())
            let epoch = try #require(packaged.epochs.first)
            #expect(packaged.epochs.count == 1)
            #expect(boxes(epoch.initialization.bytes) == ["ftyp", "moov"])
            #expect(epoch.initialization.contentType.hasPrefix("video/mp4; codecs=\"avc1."))
            #expect(epoch.initialization.contentType.hasSuffix(",mp4a.40.2\""))
            for fragment in epoch.fragments {
                let names = boxes(fragment.bytes)
                #expect(names == ["moof", "mdat"] || names == ["moof", "mdat", "moof", "mdat"])
            }
            #expect(epoch.fragments.count { $0.isEntry } == 2)
            let before = try FLVTape.packets(tags)
            let after = try FLVTape.demux(epoch.bytes).packets
            for kind in [TrackKind.video, .audio] {
                #expect(after.payloads(kind) == before.payloads(kind))
                let worst = zip(before.times(kind), after.times(kind)).map { ($0 - $1).magnitude.milliseconds }
                    .max()
                #expect((worst ?? 99) <= 1.1, "\(kind) is off by \(worst ?? 0) ms")
            }
            // One for each picture; with B-frames one for each group that is whole.
            if bFrames == 0 { #expect(epoch.fragments.count >= 100) } else { #expect(epoch.fragments.count < 60) }
            // Played from any fragment on, no picture is shown before the end of the fragments before.
            var end = MediaTime.zero
            for fragment in epoch.fragments {
                let bytes = [epoch.initialization.bytes, fragment.bytes].flatMap { Array($0.readableBytesView) }
                let times = try FLVTape.demux(bytes).packets.times(.video)
                guard let first = times.min(), let last = times.max() else { continue }
                #expect(first > end)
                end = last
            }
        }

        @Test func aPictureDoesNotWaitForItsSuccessor() async throws {
            let tags = try await FLVTape.usual(seconds: 2, gop: 50)
            var line = PackagingLine(FeedAssembler())
            var packaged = Packaged([], FeedAssembler(), ends: false)
            var pictures = 0
            for tag in tags {
                packaged.take(line.take(.tags([tag], arrival: .now())))
                guard [.keyFrame, .interFrame].contains(TagFacts(tag).role) else { continue }
                pictures += 1
                // Until sound has come the epoch is not open.
                if pictures > 3 { #expect((packaged.epochs.first?.fragments.count ?? 0) >= pictures) }
            }
            #expect(pictures == 50)
        }

        @Test func soundAloneLeavesInSmallPieces() async throws {
            let tags = try await FLVTape.make("\(FLVTape.tone) -t 3 \(FLVTape.aac)")
            let epoch = try #require(Packaged(tags, FeedAssembler()).epochs.first)
            #expect(epoch.initialization.contentType == "audio/mp4; codecs=\"mp4a.40.2\"")
            #expect(epoch.fragments.allSatisfy { $0.isEntry })
            #expect(epoch.fragments.count > 60)
        }

        @Test func codecsAreNamedAsBrowsersWant() {
            func name(_ codec: Codec, _ kind: TrackKind, _ bytes: [UInt8]) -> String {
                CodecNames.name(Track(id: 0, kind: kind, codec: codec, configuration: bytes))
            }
            #expect(name(.h264, .video, [1, 0x64, 0x00, 0x1F, 0xFF]) == "avc1.64001f")
            #expect(name(.aac, .audio, [0x12, 0x10]) == "mp4a.40.2")
            #expect(name(.aac, .audio, [0x2B, 0x92, 0x08, 0x00]) == "mp4a.40.5")
            #expect(name(.opus, .audio, []) == "opus")
            #expect(name(.av1, .video, [0x81, 0x08, 0x0C, 0x00]) == "av01.0.08M.08")
            var hevc: [UInt8] = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93]
            hevc += [0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 0]
            #expect(name(.hevc, .video, hevc) == "hvc1.1.6.L93.90")
        }
    }
}
