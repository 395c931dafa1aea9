// The codec numbers and FourCCs of FLV and enhanced RTMP, and the small integers both bodies read.
// Tables only: nothing here decides what the product supports.
import Model
import NIOCore

enum FLVCodecs {
    static let enhancedAudio: UInt8 = 9
    /// FFmpeg's name for no codec at all.
    static let none = Codec(rawValue: "none")
    private static let vvc = Codec(rawValue: "vvc")

    static func video(id: UInt8) -> Codec? {
        switch id {
        case 2: .flv1
        case 3: Codec(rawValue: "flashsv")
        case 4: Codec(rawValue: "vp6f")
        case 5: Codec(rawValue: "vp6a")
        case 6: Codec(rawValue: "flashsv2")
        case 7: .h264
        // Not in Adobe's specification; what Chinese CDNs and encoders agreed on.
        case 12: .hevc
        default: nil
        }
    }

    static func videoID(_ codec: Codec) -> UInt8? {
        (2...12).first { video(id: $0) == codec }
    }

    private static let videoFourCCs: [(String, Codec)] = [
        ("avc1", .h264), ("hvc1", .hevc), ("av01", .av1), ("vp09", .vp9), ("vp08", .vp8), ("vvc1", vvc),
    ]
    private static let audioFourCCs: [(String, Codec)] = [
        ("mp4a", .aac), ("Opus", .opus), ("fLaC", .flac), ("ac-3", .ac3), ("ec-3", .eac3), (".mp3", .mp3),
    ]

    static func video(fourCC: String) -> Codec? { videoFourCCs.first { $0.0 == fourCC }?.1 }
    static func audio(fourCC: String) -> Codec? { audioFourCCs.first { $0.0 == fourCC }?.1 }
    static func fourCC(video codec: Codec) -> String? { videoFourCCs.first { $0.1 == codec }?.0 }
    static func fourCC(audio codec: Codec) -> String? { audioFourCCs.first { $0.1 == codec }?.0 }

    static func carriesCompositionOffset(_ codec: Codec) -> Bool {
        codec == .h264 || codec == .hevc || codec == vvc
    }

    static func audio(id: UInt8, is16Bit: Bool) -> Codec? {
        switch id {
        // Format 0 is in the byte order of the machine that wrote it: little-endian on all that matter.
        case 0, 3: Codec(rawValue: is16Bit ? "pcm_s16le" : "pcm_u8")
        case 1: Codec(rawValue: "adpcm_swf")
        case 2, 14: .mp3
        case 4, 5, 6: Codec(rawValue: "nellymoser")
        case 7: Codec(rawValue: "pcm_alaw")
        case 8: Codec(rawValue: "pcm_mulaw")
        case 10: .aac
        case 11: Codec(rawValue: "speex")
        default: nil
        }
    }

    static func sampleRate(id: UInt8, index: UInt8) -> Int {
        switch id {
        case 4, 11: 16000
        case 5, 7, 8, 14: 8000
        default: index == 0 ? 5512 : 11025 << (Int(index) - 1)
        }
    }

    static func isMono(id: UInt8) -> Bool { id == 4 || id == 5 || id == 11 }

    /// The first byte of a legacy tag of anything but AAC; only what is worth writing.
    static func audioHeader(_ codec: Codec, sampleRate: Int, channels: Int) -> UInt8? {
        let stereo: UInt8 = channels >= 2 ? 1 : 0
        let index: UInt8? =
            switch sampleRate {
            case 5512: 0
            case 11025: 1
            case 22050: 2
            // 48 and 32 kHz have no code; MP3 frames tell their own rate, so 44 kHz is the custom.
            case 44100, 48000, 32000: 3
            default: nil
            }
        switch codec {
        case .mp3:
            if sampleRate == 8000 { return 14 << 4 | 0x02 | stereo }
            return index.map { 2 << 4 | $0 << 2 | 0x02 | stereo }
        case Codec(rawValue: "pcm_alaw") where sampleRate == 8000: return 7 << 4 | 0x02 | stereo
        case Codec(rawValue: "pcm_mulaw") where sampleRate == 8000: return 8 << 4 | 0x02 | stereo
        case Codec(rawValue: "pcm_s16le") where sampleRate != 48000 && sampleRate != 32000:
            return index.map { 3 << 4 | $0 << 2 | 0x02 | stereo }
        default: return nil
        }
    }

    /// A FourCC from outside, fit for a message.
    static func printable(_ fourCC: String) -> String {
        String(String.UnicodeScalarView(fourCC.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }
}

/// The low nibble of an enhanced tag's first byte. Audio and video share most numbers.
enum EnhancedPacketType {
    static let sequenceStart: UInt8 = 0
    static let codedFrames: UInt8 = 1
    static let sequenceEnd: UInt8 = 2
    static let codedFramesX: UInt8 = 3
    static let metadata: UInt8 = 4
    static let multichannelConfig: UInt8 = 4
    static let transportSequenceStart: UInt8 = 5
    static let audioMultitrack: UInt8 = 5
    static let videoMultitrack: UInt8 = 6
    static let modifier: UInt8 = 7

    /// Skips ModEx blocks (nanosecond offsets so far) and returns the packet type behind them.
    static func afterModifiers(_ first: UInt8, _ bytes: inout ByteBuffer) throws(WireError) -> UInt8 {
        var kind = first
        while kind == modifier {
            guard let short: UInt8 = bytes.readInteger() else { throw WireError("enhanced tag is cut short") }
            var size = Int(short) + 1
            if size == 256 {
                guard let long: UInt16 = bytes.readInteger() else { throw WireError("enhanced tag is cut short") }
                size = Int(long) + 1
            }
            guard bytes.readableBytes > size else { throw WireError("enhanced tag is cut short") }
            bytes.moveReaderIndex(forwardBy: size)
            guard let next: UInt8 = bytes.readInteger() else { throw WireError("enhanced tag is cut short") }
            kind = next & 0x0F
        }
        return kind
    }
}

extension ByteBuffer {
    mutating func readSigned24() -> Int32? {
        guard let high: UInt8 = getInteger(at: readerIndex), let low: UInt16 = getInteger(at: readerIndex + 1)
        else { return nil }
        moveReaderIndex(forwardBy: 3)
        return Int32(Int8(bitPattern: high)) << 16 | Int32(low)
    }

    mutating func writeSigned24(_ value: Int32) {
        let clamped = UInt32(bitPattern: Swift.max(-0x80_0000, Swift.min(0x7F_FFFF, value)))
        writeInteger(UInt8(truncatingIfNeeded: clamped >> 16))
        writeInteger(UInt16(truncatingIfNeeded: clamped))
    }

    mutating func readFourCC() -> String? {
        guard let bytes = readBytes(length: 4) else { return nil }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
