// HLS playlists: what servers write, what they should not write, and noise.
import Model
import Testing

@testable import Wire

private let base = "https://cdn.example/live/demo/index.m3u8?token=1"

private func media(_ text: String) throws -> MediaPlaylist {
    guard case .media(let list) = try HLSPlaylist.parse(text, baseURL: base) else { throw WireError("not media") }
    return list
}

private func master(_ text: String) throws -> MasterPlaylist {
    guard case .master(let list) = try HLSPlaylist.parse(text, baseURL: base) else { throw WireError("not master") }
    return list
}

@Suite struct HLSPlaylistTests {
    static let live = """
        #EXTM3U
        #EXT-X-VERSION:9
        #EXT-X-TARGETDURATION:4
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=12.0,PART-HOLD-BACK=1.02
        #EXT-X-PART-INF:PART-TARGET=0.33334
        #EXT-X-MEDIA-SEQUENCE:266
        #EXT-X-DISCONTINUITY-SEQUENCE:3
        #EXT-X-MAP:URI="init.mp4",BYTERANGE="720@100"
        #EXT-X-PROGRAM-DATE-TIME:2026-11-20T20:14:42.500+08:00
        #EXTINF:4.00008,first, with a comma
        266.mp4?a=b
        #EXTINF:3.96,
        ../other/267.mp4
        # a remark
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="/init2.mp4"
        #EXT-X-GAP
        #EXTINF:4,
        https://b.example/268.mp4
        #EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:15:00Z
        #EXT-X-KEY:METHOD=AES-128,URI="key?x=1,2",IV=0x00000000000000000000000000000ABC
        #EXTINF:4.0,
        269.mp4
        #EXT-X-PART:DURATION=0.33334,URI="270.0.mp4",INDEPENDENT=YES
        #EXT-X-PART:DURATION=0.25,URI="270.1.mp4"
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI="270.2.mp4"
        """

    static func expectLive(_ text: String) throws {
        let list = try media(text)
        #expect(list.version == 9 && list.targetDuration == .seconds(4) && list.isLive && list.kind == nil)
        #expect(list.mediaSequence == 266 && list.discontinuitySequence == 3 && list.nextSequence == 270)
        #expect(list.serverControl?.canBlockReload == true && list.serverControl?.holdBack == .seconds(12))
        #expect(list.serverControl?.partHoldBack == .seconds(1.02) && list.partTarget == .seconds(0.33334))
        #expect(list.trailingPartsDuration == .seconds(0.58334))
        try #require(list.segments.count == 4)
        let segments = list.segments
        #expect(segments.map(\.sequence) == [266, 267, 268, 269])
        #expect(segments.map(\.discontinuitySequence) == [3, 3, 4, 4])
        #expect(
            segments.map(\.uri) == [
                "https://cdn.example/live/demo/266.mp4?a=b", "https://cdn.example/live/other/267.mp4",
                "https://b.example/268.mp4", "https://cdn.example/live/demo/269.mp4",
            ])
        #expect(segments[0].duration == .seconds(4.00008) && segments[0].title == "first, with a comma")
        #expect(segments[1].title == nil)
        let first = WallTime(nanoseconds: 1_795_176_882_500_000_000)
        #expect(segments[0].programDateTime == first && segments[0].hasOwnDateTime)
        #expect(segments[1].programDateTime == first + .seconds(4.00008) && !segments[1].hasOwnDateTime)
        #expect(segments[2].programDateTime == nil && segments[2].isDiscontinuity && segments[2].isGap)
        #expect(segments[3].programDateTime == WallTime(nanoseconds: 1_795_176_900_000_000_000))
        let range = MediaPlaylist.ByteRange(length: 720, offset: 100)
        #expect(segments[1].map == .init(uri: "https://cdn.example/live/demo/init.mp4", byteRange: range))
        #expect(segments[2].map == .init(uri: "https://cdn.example/init2.mp4"))
        #expect(segments[2].key == nil && segments[3].key?.method == "AES-128")
        #expect(segments[3].key?.uri == "https://cdn.example/live/demo/key?x=1,2")
        #expect(segments[3].key?.initializationVector == [UInt8](repeating: 0, count: 14) + [0x0A, 0xBC])
    }

    @Test func readsALivePlaylist() throws {
        try Self.expectLive(Self.live)
        let dos = Self.live.split(separator: "\n").joined(separator: "\r\n")
        try Self.expectLive("\u{FEFF}" + dos + "\r\n\r\n")
    }

    @Test func byteRangesContinue() throws {
        let list = try media(
            """
            #EXTM3U
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXTINF:9.5
            #EXT-X-BYTERANGE:1000@500
            all.ts
            #EXT-X-BYTERANGE:200
            #EXTINF:10
            all.ts
            #EXT-X-BYTERANGE:300
            #EXTINF:10
            other.ts
            #EXT-X-ENDLIST
            """)
        #expect(list.segments.map { $0.byteRange?.offset } == [500, 1500, 0])
        #expect(list.segments.map { $0.byteRange?.length } == [1000, 200, 300])
        #expect(list.isEnded && list.kind == .vod && !list.isLive && list.targetDuration == .seconds(10))
        #expect(list.duration == .seconds(29.5))
    }

    @Test func absurdByteRangesAreLeftOut() throws {
        for range in ["9223372036854775807", "10@9223372036854775807", "-1", "1@-1", "1@2@3", "x", ""] {
            let list = try media("#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:\(range)\na.ts")
            #expect(list.segments.first.map { $0.byteRange == nil } == true, "\(range)")
        }
    }

    @Test func emptyLivePlaylistIsOne() throws {
        let list = try media("#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
        #expect(list.segments.isEmpty && list.isLive)
    }

    static let choice = """
        #EXTM3U
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,URI="en.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="Deutsch, Ton",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6/x",URI="de.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="muxed",NAME="in it",DEFAULT=YES
        #EXT-X-STREAM-INF:BANDWIDTH=65000,CODECS="mp4a.40.5"
        sound.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=1280000,AVERAGE-BANDWIDTH=1000000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="aud",FRAME-RATE=25.000
        low/i.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=7680000,RESOLUTION=1920x1080,AUDIO="muxed"
        //other.example/hi.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=2560000,RESOLUTION=1280x720
        ?q=mid
        #EXT-X-STREAM-INF:BANDWIDTH=3560000,RESOLUTION=1280x720
        /abs.m3u8
        """

    @Test func readsAMasterPlaylist() throws {
        let list = try master(Self.choice)
        #expect(list.hasIndependentSegments && list.variants.count == 5 && list.renditions.count == 3)
        #expect(
            list.variants.map(\.uri) == [
                "https://cdn.example/live/demo/sound.m3u8", "https://cdn.example/live/demo/low/i.m3u8",
                "https://other.example/hi.m3u8", "https://cdn.example/live/demo/index.m3u8?q=mid",
                "https://cdn.example/abs.m3u8",
            ])
        let low = list.variants[1]
        #expect(low.bandwidth == 1_280_000 && low.averageBandwidth == 1_000_000 && low.frameRate == 25)
        #expect(low.width == 640 && low.height == 360 && low.codecs == ["avc1.4d401e", "mp4a.40.2"])
        #expect(list.variants[0].isAudioOnly && !low.isAudioOnly)
        let sound = try #require(list.audioRendition(for: low))
        #expect(sound.name == "Deutsch, Ton" && sound.channels == 6 && sound.uri?.hasSuffix("/de.m3u8") == true)
        #expect(list.audioRendition(for: list.variants[2]) == nil)
        #expect(list.audioRendition(for: list.variants[3]) == nil)
    }

    @Test(arguments: [
        (MasterPlaylist.Selection.best, 7_680_000), (.worst, 1_280_000), (.height(1080), 7_680_000),
        (.height(720), 3_560_000), (.height(1000), 3_560_000), (.height(480), 1_280_000), (.height(144), 1_280_000),
        (.height(4320), 7_680_000),
    ]) func selects(_ selection: MasterPlaylist.Selection, _ bandwidth: Int) throws {
        #expect(try master(Self.choice).variant(matching: selection)?.bandwidth == bandwidth)
    }

    @Test func selectsAmongLittle() throws {
        #expect(MasterPlaylist().variant(matching: .best) == nil)
        let sound = try master("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"mp4a.40.2\"\na.m3u8")
        #expect(sound.variant(matching: .height(720))?.bandwidth == 1)
    }

    @Test(arguments: [
        ("", "empty"), ("<html>", "#EXTM3U"), ("#EXTM3U\n", "neither"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:x", "target duration"),
        ("#EXTM3U\n#EXTINF:nan,\na.ts", "segment duration"), ("#EXTM3U\n#EXTINF:1e9,\na.ts", "segment duration"),
        ("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9223372036854775807", "media sequence"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXTINF:1,\nb", "mixes"),
    ]) func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: WireError.self) { try HLSPlaylist.parse(text, baseURL: base) }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 17)
        for text in [Self.live, Self.choice] {
            let whole = Array(text.utf8)
            for count in 0..<whole.count {
                _ = try? HLSPlaylist.parse(String(decoding: whole[..<count], as: UTF8.self), baseURL: base)
            }
            for _ in 0..<rounds(1500) {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                        [0, 0x0A, 0x22, 0x2C, 0x2D, 0x39, 0x3A, 0x3D, 0x40, 0xCC, 0xFF].randomElement(
                            using: &random) ?? 0
                }
                _ = try? HLSPlaylist.parse(String(decoding: bytes, as: UTF8.self), baseURL: base)
            }
        }
    }
}
