// The part that a tag plays, byte for byte; and damaged tags, which play none.
import Model
import NIOCore
import Testing

@testable import Wire

@Suite struct TagFactsTests {
    typealias Role = TagFacts.Role

    static func facts(_ kind: FLVTag.Kind, _ bytes: String) -> TagFacts {
        TagFacts(FLVTag(kind: kind, timestamp: 0, body: octets(bytes)))
    }

    @Test(arguments: [
        ("1700000000", Role.videoHeader, Codec.h264 as Codec?), ("1701000000", .keyFrame, .h264),
        ("2701000000", .interFrame, .h264), ("3701000000", .interFrame, .h264), ("4701000000", .keyFrame, .h264),
        ("1702000000", .endOfSequence, .h264), ("57010000", .unknown, .h264), ("17", .unknown, .h264),
        ("1705", .unknown, .h264), ("1C00000000", .videoHeader, .hevc), ("1C01000000", .keyFrame, .hevc),
        ("2C01000000", .interFrame, .hevc), ("12", .keyFrame, .flv1), ("22", .interFrame, .flv1),
        ("1F", .keyFrame, nil), ("", .unknown, nil),
    ])
    func classicPictures(bytes: String, role: Role, codec: Codec?) {
        let facts = Self.facts(.video, bytes)
        #expect(facts == TagFacts(role, codec: codec))
        #expect(facts.startsGOP == (role == .keyFrame))
    }

    // hvc1 68766331, av01 61763031, vp09 76703039
    @Test(arguments: [
        ("90 68766331 01", Role.videoHeader, Codec.hevc as Codec?, 0),
        ("91 68766331 000000", .keyFrame, .hevc, 0), ("93 68766331", .keyFrame, .hevc, 0),
        ("A1 68766331 000000", .interFrame, .hevc, 0), ("A3 68766331", .interFrame, .hevc, 0),
        ("90 61763031", .videoHeader, .av1, 0), ("91 61763031", .keyFrame, .av1, 0),
        ("A1 76703039", .interFrame, .vp9, 0), ("95 61763031", .videoHeader, .av1, 0),
        ("92 61763031", .endOfSequence, .av1, 0), ("94 68766331 02", .videoInfo, .hevc, 0),
        // a codec that nobody here knows is passed on all the same
        ("91 78797A31", .keyFrame, nil, 0), ("D1 00", .unknown, nil, 0), ("91 687663", .unknown, nil, 0),
        ("98 68766331", .unknown, .hevc, 0),
        // modifier of 3 bytes, then coded frames
        ("97 02 000001 01 68766331 000000", .keyFrame, .hevc, 0), ("97 02 0000", .unknown, nil, 0),
        ("97 FF 0002 000000 00 61763031", .videoHeader, .av1, 0),
        // multitrack: one track, several of one codec, several of several
        ("96 01 68766331 00 000000", .keyFrame, .hevc, 0), ("96 01 68766331 03 000000", .keyFrame, .hevc, 3),
        ("96 00 61763031 01", .videoHeader, .av1, 1), ("96 10 68766331 00", .videoHeader, .hevc, 256),
        ("96 21 00", .keyFrame, nil, 256), ("96 01 68766331", .unknown, nil, 0), ("96", .unknown, nil, 0),
        ("97 02 000001 06 01 68766331 02", .keyFrame, .hevc, 2),
        // a command: what looks like multitrack behind it is none, metadata are
        ("D6 54 B0", .unknown, nil, 0), ("D6 04 68766331 00", .unknown, nil, 0),
        ("D4 68766331 02", .videoInfo, .hevc, 0),
    ])
    func enhancedPictures(bytes: String, role: Role, codec: Codec?, track: Int) {
        let facts = Self.facts(.video, bytes)
        #expect(facts.role == role && facts.codec == codec && facts.track == track && facts.isEnhanced)
        #expect(facts.startsGOP == (role == .keyFrame && track % 256 == 0))
    }

    // Opus 4F707573, mp4a 6D703461
    @Test(arguments: [
        ("AF00", Role.audioHeader, Codec.aac as Codec?, false), ("AF01", .sound, .aac, false),
        ("AF", .unknown, .aac, false), ("AF07", .unknown, .aac, false), ("2F", .sound, .mp3, false),
        ("CF", .unknown, nil, false), ("90 4F707573", .audioHeader, .opus, true),
        ("91 4F707573 FC", .sound, .opus, true), ("92 4F707573", .endOfSequence, .opus, true),
        ("94 6D703461 00", .audioInfo, .aac, true), ("90 6D703461", .audioHeader, .aac, true),
        ("91 4F7075", .unknown, nil, true), ("93 4F707573", .unknown, .opus, true),
        ("95 00 4F707573 01", .audioHeader, .opus, true), ("97 00 00 01 4F707573", .sound, .opus, true),
    ])
    func sound(bytes: String, role: Role, codec: Codec?, isEnhanced: Bool) {
        let facts = Self.facts(.audio, bytes)
        #expect(facts.role == role && facts.codec == codec && facts.isEnhanced == isEnhanced)
        #expect(!facts.startsGOP)
    }

    @Test func scripts() {
        func facts(_ name: String) -> TagFacts {
            TagFacts(FLVTag(kind: .script, timestamp: 0, body: AMF0Value.encode([.string(name), .null])))
        }
        #expect(facts("onMetaData").isMetadata && facts("onMetaData").isKept)
        #expect(facts("onTextData").role == .script && !facts("onTextData").isKept)
        #expect(Self.facts(.script, "").role == .unknown)
        #expect(Self.facts(.script, "FF").role == .script)
    }

    /// What the body parsers can read, they and this read alike.
    @Test func readsAlike_asTheParsers() {
        var chance = RTMPChance(state: 400)
        let seeds = [
            "1701000000AA", "9168766331000000AA", "AF01AA", "914F707573AA", "970200000101 68766331 000000",
        ]
        .map { Array(octets($0).readableBytesView) }
        var read = 0
        for round in 0..<rounds(20_000) {
            let body = buffer(chance.mutate(seeds[round % seeds.count]))
            let video = TagFacts(FLVTag(kind: .video, timestamp: 0, body: body))
            if let parsed = try? VideoTagBody(parsing: body) {
                read += 1
                let role: Role =
                    switch parsed.packet {
                    case .sequenceHeader: .videoHeader
                    case .coded: parsed.isKeyframe ? .keyFrame : .interFrame
                    case .endOfSequence: .endOfSequence
                    case .metadata: .videoInfo
                    case .command: .unknown
                    }
                let codec = video.role == .unknown && parsed.form == .enhanced ? parsed.codec : video.codec
                if video.role != role || codec != parsed.codec {
                    Issue.record("\(body.readableBytesView.map { $0 })")
                }
            }
            let audio = TagFacts(FLVTag(kind: .audio, timestamp: 0, body: body))
            if let parsed = try? AudioTagBody(parsing: body) {
                read += 1
                let role: Role =
                    switch parsed.packet {
                    case .sequenceHeader: .audioHeader
                    case .coded: .sound
                    case .endOfSequence: .endOfSequence
                    case .multichannelConfig: .audioInfo
                    }
                if audio.role != role || audio.codec != parsed.codec {
                    Issue.record("\(body.readableBytesView.map { $0 })")
                }
            }
        }
        #expect(read > 1000)
    }
}
