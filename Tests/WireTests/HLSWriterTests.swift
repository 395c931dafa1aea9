// Playlists that we write, read back by the parser that reads others'.
import Model
import Testing

@testable import Wire

@Suite struct HLSWriterTests {
    static let begin = WallTime(nanoseconds: 1_795_192_482_123_456_789)

    /// Three segments, the last one behind a discontinuity.
    static func live() -> MediaPlaylist {
        var list = MediaPlaylist()
        list.version = 7
        list.targetDuration = .seconds(2)
        list.mediaSequence = 41
        list.discontinuitySequence = 3
        list.hasIndependentSegments = true
        for index in 0..<3 {
            var segment = MediaPlaylist.Segment(
                uri: "demo/\(41 + index).m4s", sequence: 41 + index, discontinuitySequence: index < 2 ? 3 : 4,
                duration: Span(nanoseconds: 1_960_000_000 + Int64(index) * 1000))
            segment.map = MediaPlaylist.Map(uri: index < 2 ? "demo/init-3.mp4" : "demo/init-4.mp4")
            segment.isDiscontinuity = index == 2
            segment.programDateTime = begin + Span.seconds(Double(2 * index))
            list.segments.append(segment)
        }
        return list
    }

    static func reread(_ list: MediaPlaylist) throws -> MediaPlaylist {
        let text = HLSPlaylistWriter.text(of: list)
        guard case .media(let read) = try HLSPlaylist.parse(text, baseURL: "") else {
            throw WireError("not a media playlist")
        }
        return read
    }

    @Test func text_isWordForWord() {
        #expect(
            HLSPlaylistWriter.text(of: Self.live()) == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:2
                #EXT-X-MEDIA-SEQUENCE:41
                #EXT-X-DISCONTINUITY-SEQUENCE:3
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MAP:URI="demo/init-3.mp4"
                #EXT-X-PROGRAM-DATE-TIME:2026-11-20T16:34:42.123Z
                #EXTINF:1.960000,
                demo/41.m4s
                #EXT-X-PROGRAM-DATE-TIME:2026-11-20T16:34:44.123Z
                #EXTINF:1.960001,
                demo/42.m4s
                #EXT-X-MAP:URI="demo/init-4.mp4"
                #EXT-X-DISCONTINUITY
                #EXT-X-PROGRAM-DATE-TIME:2026-11-20T16:34:46.123Z
                #EXTINF:1.960002,
                demo/43.m4s

                """)
    }

    @Test func everythingWritten_isReadBack() throws {
        var list = Self.live()
        list.isEnded = true
        list.kind = .event
        list.startOffset = .seconds(-4.5)
        list.segments[0].title = "first, with a comma"
        list.segments[1].isGap = true
        list.segments[1].byteRange = .init(length: 700, offset: 20)
        list.segments[2].map?.byteRange = .init(length: 720, offset: 100)
        var read = try Self.reread(list)
        // Whole milliseconds; and it says for every segment that the time was stated.
        for index in list.segments.indices {
            list.segments[index].hasOwnDateTime = true
            let time = try #require(list.segments[index].programDateTime)
            list.segments[index].programDateTime = WallTime(nanoseconds: time.nanoseconds / 1_000_000 * 1_000_000)
            // Names are resolved against the address.
            read.segments[index].uri = list.segments[index].uri
            #expect(read.segments[index].map?.uri.hasSuffix(list.segments[index].map?.uri ?? "?") == true)
            read.segments[index].map?.uri = list.segments[index].map?.uri ?? ""
        }
        #expect(read == list)
    }

    @Test func targetDuration_isNeverExceeded() throws {
        var list = Self.live()
        list.segments[1].duration = .seconds(2.6)
        #expect(try Self.reread(list).targetDuration == .seconds(3))
        list.segments[1].duration = .seconds(2.4)
        #expect(try Self.reread(list).targetDuration == .seconds(2))
        list.targetDuration = .seconds(3.2)
        #expect(try Self.reread(list).targetDuration == .seconds(4))
    }

    @Test func emptyList_isAPlaylist() throws {
        var list = MediaPlaylist()
        list.targetDuration = .seconds(2)
        let read = try Self.reread(list)
        #expect(read.segments.isEmpty && read.targetDuration == .seconds(2) && read.isLive)
    }

    /// A name from outside cannot add lines or attributes.
    @Test(arguments: ["a\n#EXT-X-ENDLIST", "a\"b", "a\r", "a\u{7F}"]) func oddNames_areLeftOut(uri: String) throws {
        var list = Self.live()
        list.segments[0].uri = uri
        list.segments[1].map?.uri = uri
        list.segments[2].title = uri
        let read = try Self.reread(list)
        #expect(read.segments.map(\.sequence).count == 1 && !read.isEnded)
        #expect(read.segments.first?.title == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_001, "2000-03-01T00:00:00.001Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_798_761_599_500, "2026-12-31T23:59:59.500Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func dates_areCivil(milliseconds: Int64, text: String) {
        #expect(WallTime(nanoseconds: milliseconds * 1_000_000).iso8601 == text)
    }

    @Test func dates_areReadBack() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<2000 {
            let time = WallTime(nanoseconds: Int64.random(in: 0...9_000_000_000_000, using: &random) * 1_000_000)
            #expect(WallTime(iso8601: time.iso8601[...]) == time)
        }
    }
}
