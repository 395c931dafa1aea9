// What is kept of a presentation, and what a packager's queue gives up: bounds.
import Media
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite struct ShelfTests {
        private func segment(_ size: Int, _ seconds: Double = 2, isDiscontinuity: Bool = false) -> MediaSegment {
            MediaSegment(
                bytes: ByteBuffer(repeating: 7, count: size), duration: .seconds(seconds),
                start: WallTime(seconds: 1000), isDiscontinuity: isDiscontinuity, isIndependent: true,
                targetDuration: 2)
        }

        private func shelf(_ change: (inout HLSShelf.Bounds) -> Void = { _ in }) -> HLSShelf {
            var bounds = HLSShelf.Bounds()
            change(&bounds)
            var shelf = HLSShelf(session: "s", folder: "demo/", bounds: bounds)
            shelf.add(
                MediaInitialization(bytes: ByteBuffer(string: "init"), contentType: "video/mp4; codecs=\"x\""))
            return shelf
        }

        @Test func aRemovedSegmentStaysAsLongAsTheStandardSays() {
            var shelf = shelf()
            var now = HostTime(seconds: 1)
            var leftAt: HostTime?
            for _ in 0..<30 {
                shelf.add(segment(1000), now: now)
                if leftAt == nil, (shelf.value?.mediaSequence ?? 0) > 0 { leftAt = now }
                // Its own two seconds and the twelve of the list.
                let isThere = shelf.item(named: "s-0.m4s") != nil
                if let leftAt { #expect(isThere == (now - leftAt <= .seconds(15))) } else { #expect(isThere) }
                now += .seconds(2)
            }
            #expect(leftAt != nil)
            #expect((shelf.value?.segments.count ?? 0) == 6)
            #expect((shelf.value?.mediaSequence ?? 0) == 24)
            #expect(shelf.size <= 16 * 1000)
        }

        @Test func memoryIsBoundedWhateverTheBitrate() {
            var shelf = shelf { $0.bytes = 1_000_000 }
            for index in 0..<50 {
                shelf.add(segment(200_000), now: HostTime(seconds: Double(index) * 2 + 1))
                #expect(shelf.size <= 1_000_000 + 200_000)
                if index >= 3 { #expect((shelf.value?.duration ?? .zero) >= .seconds(6)) }
            }
        }

        @Test func discontinuitiesAreCountedOnWhenTheyLeave() throws {
            var shelf = shelf()
            for index in 0..<20 {
                if index == 3 {
                    shelf.add(MediaInitialization(bytes: ByteBuffer(string: "two"), contentType: "video/mp4"))
                }
                shelf.add(segment(10, isDiscontinuity: index == 3), now: HostTime(seconds: Double(index) * 2 + 1))
                let text = try #require(shelf.playlist().map { String(buffer: $0) })
                guard case .media(let parsed) = try HLSPlaylist.parse(text, baseURL: "http://h/live/demo.m3u8")
                else {
                    throw LabError("no media playlist")
                }
                for entry in parsed.segments {
                    #expect(entry.discontinuitySequence == (entry.sequence < 3 ? 0 : 1))
                    #expect(entry.map?.uri == "http://h/live/demo/s-init\(entry.sequence < 3 ? 0 : 1).mp4")
                }
            }
            // Nothing that is left needs it.
            #expect(shelf.item(named: "s-init0.mp4") == nil)
            #expect(shelf.item(named: "s-init1.mp4")?.bytes == ByteBuffer(string: "two"))
            for name in ["", "s", "s-", "x-5.m4s", "s--1.m4s", "s-5", "../s-19.m4s"] {
                #expect(shelf.item(named: name) == nil, "\(name)")
            }
        }

        @Test func aThreadThatDoesNotKeepUpLosesWholeGOPs() {
            let tap = PackagerTap()
            func batch(_ tag: FLVTag) -> TagBatch {
                TagBatch(
                    [StreamTag(tag)].compactMap { $0 }, isEntry: TagFacts(tag).startsGOP, before: .none,
                    after: .none, arrival: .now())
            }
            // Twenty GOPs of two megabytes, and nobody takes them.
            for gop in 0..<20 {
                tap.deliver(batch(Made.key(UInt32(gop) * 1000, size: 60_000)))
                for index in 1..<35 { tap.deliver(batch(Made.inter(UInt32(gop * 1000 + index), size: 60_000))) }
            }
            #expect(tap.queuedBytes <= PackagerTap.limit)
            #expect(tap.lostGOPs >= 12)
            var times: [UInt32] = []
            var gaps = 0
            func take() {
                while let item = tap.queue.tryPop() {
                    switch item {
                    case .tags(let tags, _): times += tags.map(\.timestamp)
                    case .gap: gaps += 1
                    case .end: break
                    }
                }
            }
            take()
            #expect(gaps == 1)
            // The rest of a GOP of which the beginning was lost is lost as well.
            tap.deliver(batch(Made.inter(20_500)))
            tap.deliver(batch(Made.key(21_000)))
            take()
            #expect(times.last == 21_000 && !times.contains(20_500))
        }

        @Test func hevcIsPackagedWhereFFmpegCan() async throws {
            let directory = try TempDirectory("hevc")
            let path = directory.file("a.mp4")
            let program = try Program([
                "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t",
                "3",
                "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=50:log-level=none", path,
            ])
            #expect(await program.wait(within: .seconds(60)) == .exited(0), "\(program.errors)")
            let (tracks, packets) = try FLVTape.demux(try #require(contents(ofFile: path)))
            var writer = try FLVTagWriter(tracks: tracks)
            var tags = writer.header()
            for packet in packets { tags += writer.tags(for: packet) }
            for packaged in [Packaged(tags, SegmentAssembler()), Packaged(tags, FeedAssembler())] {
                let epoch = try #require(packaged.epochs.first)
                #expect(epoch.initialization.contentType.contains("hvc1.1.6."))
                let back = try FLVTape.demux(epoch.bytes)
                #expect(back.tracks.first?.codec == .hevc)
                #expect(back.packets.payloads(.video) == packets.payloads(.video))
            }
        }
    }
}
