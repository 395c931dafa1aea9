// AudioSpecificConfig and ADTS headers. Expected values were read with ffprobe where a file is named.
import Model
import Testing

@testable import Wire

@Suite struct AACTests {
    struct Expected: Sendable {
        var bytes: String
        var type, rate, channels: Int
        var profile: String?
        var outRate: Int
        var outChannels: Int
        var frame = 1024
        /// The bytes come back when it is written again.
        var isCanonical = true
    }

    static let table = [
        // bbb-360p.mp4: LC with a sync extension that says "no SBR"; bigbuckbunny.mp4: 5.1.
        Expected(
            bytes: "119056e500", type: 2, rate: 48000, channels: 2, profile: "LC", outRate: 48000, outChannels: 2,
            isCanonical: false),
        Expected(bytes: "11b0", type: 2, rate: 48000, channels: 6, profile: "LC", outRate: 48000, outChannels: 6),
        Expected(bytes: "1210", type: 2, rate: 44100, channels: 2, profile: "LC", outRate: 44100, outChannels: 2),
        Expected(bytes: "1408", type: 2, rate: 16000, channels: 1, profile: "LC", outRate: 16000, outChannels: 1),
        Expected(
            bytes: "1214", type: 2, rate: 44100, channels: 2, profile: "LC", outRate: 44100, outChannels: 2,
            frame: 960),
        // HE-AAC, explicit: type 5, 24000, stereo, 48000, type 2.
        Expected(
            bytes: "2b118800", type: 2, rate: 24000, channels: 2, profile: "HE-AAC", outRate: 48000, outChannels: 2),
        // HE-AAC v2, explicit: type 29, 24000, mono, 48000, type 2.
        Expected(
            bytes: "eb098800", type: 2, rate: 24000, channels: 1, profile: "HE-AACv2", outRate: 48000,
            outChannels: 2),
        // HE-AAC, backward compatible; then v2.
        Expected(
            bytes: "131056e598", type: 2, rate: 24000, channels: 2, profile: "HE-AAC", outRate: 48000,
            outChannels: 2,
            isCanonical: false),
        Expected(
            bytes: "130856e59d4880", type: 2, rate: 24000, channels: 1, profile: "HE-AACv2", outRate: 48000,
            outChannels: 2, isCanonical: false),
        // ELD by escape, 48000, mono; an explicit rate of 12345 Hz.
        Expected(
            bytes: "f8e620", type: 39, rate: 48000, channels: 1, profile: "ELD", outRate: 48000, outChannels: 1,
            frame: 512,
            isCanonical: false),
        Expected(
            bytes: "1780181c90", type: 2, rate: 12345, channels: 2, profile: "LC", outRate: 12345, outChannels: 2),
    ]

    @Test(arguments: 0..<11) func bothWays(_ index: Int) throws {
        let expected = Self.table[index]
        let config = try AudioSpecificConfig(parsing: hex(expected.bytes))
        #expect(config.objectType == expected.type && config.sampleRate == expected.rate)
        #expect(config.channels == expected.channels && config.frameLength == expected.frame)
        #expect(config.parameters.sampleRate == expected.outRate)
        #expect(config.parameters.channels == expected.outChannels)
        #expect(config.profileName == expected.profile)
        let written = try config.serialised()
        if expected.isCanonical { #expect(written == hex(expected.bytes)) }
        #expect(try AudioSpecificConfig(parsing: written) == config)
    }

    @Test func programConfigElementCounts() throws {
        // Type 2, 48000, configuration 0; element: front 1 pair, side 0, back 1 pair, one LFE: 5 channels.
        var bits = BitWriter()
        for (value, count) in [
            (2, 5), (3, 4), (0, 4), (0, 3), (0, 4), (1, 2), (3, 4), (1, 4), (0, 4), (1, 4), (1, 2), (0, 3), (0, 4),
            (0, 3), (1, 1), (0, 4), (1, 1), (0, 4), (0, 4), (0, 16),
        ] { bits.write(value, count) }
        let config = try AudioSpecificConfig(parsing: bits.bytes)
        #expect(config.channels == 5 && config.channelConfiguration == 0)
        #expect(throws: WireError.self) { try config.serialised() }
    }

    @Test func makes() throws {
        #expect(try AudioSpecificConfig(sampleRate: 44100, channels: 2).serialised() == hex("1210"))
        #expect(try AudioSpecificConfig(sampleRate: 48000, channels: 8).serialised() == hex("11b8"))
        #expect(throws: WireError.self) { try AudioSpecificConfig(sampleRate: 48000, channels: 7) }
        #expect(throws: WireError.self) { try AudioSpecificConfig(sampleRate: 0, channels: 2) }
    }

    @Test(arguments: ["", "11", "0710", "1680", "16f0", "178000", "17800000 10", "eb", "ff"])
    func refuses(_ bytes: String) {
        #expect(throws: WireError.self) { try AudioSpecificConfig(parsing: hex(bytes)) }
    }

    @Test func adtsHeaders() throws {
        // First frame of bbb-360p.mp4 written as ADTS by FFmpeg.
        let header = try #require(ADTSHeader(hex("00fff14c8003dffcde02"), at: 1))
        #expect(header.objectType == 2 && header.sampleRate == 48000 && header.channelConfiguration == 2)
        #expect(header.headerSize == 7 && header.frameSize == 30 && header.rawFrames == 1)
        #expect(try header.configuration().serialised() == hex("1190"))
        let protected = try #require(ADTSHeader(hex("fff04c8003dffc0000")))
        #expect(protected.headerSize == 9)
        for bad in ["", "fff14c8003df", "ffe14c8003dffc", "fff34c8003dffc", "fff1748003dffc", "fff14c80001ffc"] {
            #expect(ADTSHeader(hex(bad)) == nil, "\(bad)")
        }
        #expect(ADTSHeader(hex("fff14c8003dffc"), at: 1) == nil)
        #expect(ADTSHeader(hex("fff14c8003dffc"), at: -1) == nil)
        #expect(ADTSHeader(hex("fff14c8003dffc"), at: 99) == nil)
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 13)
        for _ in 0..<rounds(20000) {
            let bytes = random.bytes(Int.random(in: 0...12, using: &random))
            if let config = try? AudioSpecificConfig(parsing: bytes) {
                #expect(config.sampleRate > 0 && config.channels <= 64)
                _ = try? config.serialised()
            }
            _ = ADTSHeader(bytes)
        }
    }
}
