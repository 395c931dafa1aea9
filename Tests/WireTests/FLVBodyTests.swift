// Video and audio tag bodies, both ways.
import Model
import NIOCore
import Testing

@testable import Wire

private func buffer(_ text: String) -> ByteBuffer { ByteBuffer(bytes: hex(text)) }

@Suite struct FLVBodyTests {
    static let video: [(String, VideoTagBody)] = [
        (
            "17 00 000000 0164001f",
            VideoTagBody(codec: .h264, frameType: .keyframe, packet: .sequenceHeader, data: buffer("0164001f"))
        ),
        (
            "27 01 0000a0 aabb",
            VideoTagBody(
                codec: .h264, frameType: .inter, packet: .coded, compositionOffset: 160, data: buffer("aabb"))
        ),
        (
            "27 01 ffffd8 aa",
            VideoTagBody(
                codec: .h264, frameType: .inter, packet: .coded, compositionOffset: -40, data: buffer("aa"))
        ),
        (
            "17 02 000000",
            VideoTagBody(codec: .h264, frameType: .keyframe, packet: .endOfSequence, data: buffer(""))
        ),
        (
            "1c 01 000028 cc",
            VideoTagBody(
                codec: .hevc, frameType: .keyframe, packet: .coded, compositionOffset: 40, data: buffer("cc"))
        ),
        ("12 01 02", VideoTagBody(codec: .flv1, frameType: .keyframe, packet: .coded, data: buffer("0102"))),
        ("57 00", VideoTagBody(codec: .h264, frameType: .command, packet: .command, data: buffer("00"))),
        (
            "90 68766331 0101",
            VideoTagBody(
                codec: .hevc, frameType: .keyframe, packet: .sequenceHeader, data: buffer("0101"), form: .enhanced)
        ),
        (
            "a1 68766331 800000 dd",
            VideoTagBody(
                codec: .hevc, frameType: .inter, packet: .coded, compositionOffset: -0x80_0000, data: buffer("dd"),
                form: .enhanced)
        ),
        (
            "a3 61766331 dd",
            VideoTagBody(codec: .h264, frameType: .inter, packet: .coded, data: buffer("dd"), form: .enhanced)
        ),
        (
            "91 61763031 0a0b0c0d",
            VideoTagBody(
                codec: .av1, frameType: .keyframe, packet: .coded, data: buffer("0a0b0c0d"), form: .enhanced)
        ),
        (
            "91 76703039 01",
            VideoTagBody(codec: .vp9, frameType: .keyframe, packet: .coded, data: buffer("01"), form: .enhanced)
        ),
        (
            "92 68766331",
            VideoTagBody(
                codec: .hevc, frameType: .keyframe, packet: .endOfSequence, data: buffer(""), form: .enhanced)
        ),
        (
            "94 68766331 0200",
            VideoTagBody(
                codec: .hevc, frameType: .keyframe, packet: .metadata, data: buffer("0200"), form: .enhanced)
        ),
        (
            "d0 01",
            VideoTagBody(
                codec: Codec(rawValue: "none"), frameType: .command, packet: .command, data: buffer("01"),
                form: .enhanced)
        ),
    ]

    @Test(arguments: 0..<15) func videoBothWays(_ index: Int) throws {
        let (bytes, body) = Self.video[index]
        #expect(try VideoTagBody(parsing: buffer(bytes)) == body)
        #expect(try body.serialised() == buffer(bytes))
    }

    static let audio: [(String, AudioTagBody)] = [
        ("af 00 1190", AudioTagBody(codec: .aac, packet: .sequenceHeader, data: buffer("1190"))),
        ("af 01 2110", AudioTagBody(codec: .aac, packet: .coded, data: buffer("2110"))),
        ("2f fffb", AudioTagBody(codec: .mp3, packet: .coded, data: buffer("fffb"))),
        (
            "26 fffb",
            AudioTagBody(codec: .mp3, packet: .coded, sampleRate: 11025, channels: 1, data: buffer("fffb"))
        ),
        ("e2 fffb", AudioTagBody(codec: .mp3, packet: .coded, sampleRate: 8000, channels: 1, data: buffer("fffb"))),
        (
            "90 4f707573 4f",
            AudioTagBody(
                codec: .opus, packet: .sequenceHeader, sampleRate: 48000, channels: 0, data: buffer("4f"),
                form: .enhanced)
        ),
        (
            "91 6d703461 21",
            AudioTagBody(
                codec: .aac, packet: .coded, sampleRate: 0, channels: 0, data: buffer("21"), form: .enhanced)
        ),
        (
            "92 664c6143",
            AudioTagBody(
                codec: .flac, packet: .endOfSequence, sampleRate: 0, channels: 0, data: buffer(""), form: .enhanced)
        ),
        (
            "94 65632d33 01",
            AudioTagBody(
                codec: .eac3, packet: .multichannelConfig, sampleRate: 0, channels: 0, data: buffer("01"),
                form: .enhanced)
        ),
    ]

    @Test(arguments: 0..<9) func audioBothWays(_ index: Int) throws {
        let (bytes, body) = Self.audio[index]
        #expect(try AudioTagBody(parsing: buffer(bytes)) == body)
        #expect(try body.serialised() == buffer(bytes))
    }

    @Test func modifiersAreSkipped() throws {
        // One nanosecond offset (3 bytes), then 256 bytes of an unknown modifier in the long form.
        let long = "ff 00ff" + String(repeating: "ee", count: 256)
        let body = try VideoTagBody(parsing: buffer("a7 02 000102 07" + long + "11 68766331 000005 aa"))
        #expect(body.packet == .coded && body.compositionOffset == 5 && body.data == buffer("aa"))
        let audio = try AudioTagBody(parsing: buffer("97 02 000102 01 4f707573 bb"))
        #expect(audio.codec == .opus && audio.packet == .coded && audio.data == buffer("bb"))
    }

    @Test(arguments: [
        ("", "empty"), ("1d 01", "codec id 13"), ("17", "cut short"), ("17 01 0000", "cut short"),
        ("17 03 000000", "packet type 3"), ("96 00 68766331", "multitrack"), ("90 78787878", "\"xxxx\""),
        ("90 6876", "cut short"), ("95 61763031", "packet type 5"), ("97 02 00", "cut short"),
        ("a1 61766331 00", "cut"),
    ]) func videoRefusals(_ bytes: String, _ message: String) {
        let error = #expect(throws: WireError.self) { try VideoTagBody(parsing: buffer(bytes)) }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("", "empty"), ("af", "cut short"), ("af 02", "packet type 2"), ("df 00", "sound format 13"),
        ("95 00 4f707573", "multitrack"), ("90 00ff0102", "\"????\""), ("96 4f707573", "packet type 6"),
    ]) func audioRefusals(_ bytes: String, _ message: String) {
        let error = #expect(throws: WireError.self) { try AudioTagBody(parsing: buffer(bytes)) }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test func whatHasNoNameIsNotWritten() {
        let body = VideoTagBody(codec: .av1, frameType: .keyframe, packet: .coded, data: buffer("00"))
        #expect(throws: WireError.self) { try body.serialised() }
        let opus = AudioTagBody(codec: .opus, packet: .coded, data: buffer("00"))
        #expect(throws: WireError.self) { try opus.serialised() }
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<rounds(20000) {
            let bytes = ByteBuffer(bytes: random.bytes(Int.random(in: 0...12, using: &random)))
            if let body = try? VideoTagBody(parsing: bytes) { _ = try? body.serialised() }
            if let body = try? AudioTagBody(parsing: bytes) { _ = try? body.serialised() }
        }
    }
}
