// Tracks as browsers name them: the `codecs` of a MIME type (RFC 6381, ISO/IEC 14496-15 annex E). Pure.
import Model
import Wire

enum CodecNames {
    /// `video/mp4; codecs="avc1.64001e,mp4a.40.2"`; `audio/mp4` where there are no pictures.
    static func contentType(_ tracks: [Track]) -> String {
        let kind = tracks.contains { $0.kind == .video } ? "video/mp4" : "audio/mp4"
        return "\(kind); codecs=\"\(tracks.map(name).joined(separator: ","))\""
    }

    static func name(_ track: Track) -> String {
        let bytes = track.configuration
        switch track.codec {
        case .h264:
            guard bytes.count >= 4 else { return "avc1" }
            return "avc1." + hex(bytes[1]) + hex(bytes[2]) + hex(bytes[3])
        case .hevc: return (try? HEVCConfiguration(parsing: bytes)).map(hevc) ?? "hvc1"
        case .av1: return av1(bytes)
        case .vp9:
            guard bytes.count >= 7 else { return "vp09.00.10.08" }
            // vpcC: version and flags, then profile, level, bit depth.
            return "vp09." + [bytes[4], bytes[5], bytes[6] >> 4].map(decimal).joined(separator: ".")
        case .vp8: return "vp8"
        case .aac: return "mp4a.40.\((try? AudioSpecificConfig(parsing: bytes)).map(aacObject) ?? 2)"
        case .mp3: return "mp4a.6b"
        case .opus: return "opus"
        case .flac: return "flac"
        case .ac3: return "ac-3"
        case .eac3: return "ec-3"
        default: return track.codec.rawValue
        }
    }

    /// What announces itself as HE-AAC is called so; the core coder alone would leave half of the band.
    private static func aacObject(_ configuration: AudioSpecificConfig) -> Int {
        if configuration.hasParametricStereo { return 29 }
        return configuration.extensionSampleRate != nil ? 5 : configuration.objectType
    }

    private static func hevc(_ configuration: HEVCConfiguration) -> String {
        let bytes = configuration.profileTierLevel
        guard bytes.count == 12 else { return "hvc1" }
        let space = ["", "A", "B", "C"][Int(bytes[0] >> 6)]
        // The compatibility flags are told in reverse bit order.
        let flags = bytes[1...4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let reversed = (0..<32).reduce(UInt32(0)) { $0 << 1 | (flags >> UInt32($1)) & 1 }
        var constraints = Array(bytes[5...10])
        while constraints.last == 0 { constraints.removeLast() }
        let tier = bytes[0] & 0x20 != 0 ? "H" : "L"
        return "hvc1.\(space)\(configuration.profileIDC).\(String(reversed, radix: 16)).\(tier)\(bytes[11])"
            + constraints.map { "." + String($0, radix: 16) }.joined()
    }

    /// av1C: marker and version, profile and level, tier and depth.
    private static func av1(_ bytes: [UInt8]) -> String {
        guard bytes.count >= 3 else { return "av01.0.04M.08" }
        let depth: UInt8 = bytes[2] & 0x40 == 0 ? 8 : bytes[2] & 0x20 == 0 ? 10 : 12
        let tier = bytes[2] & 0x80 == 0 ? "M" : "H"
        return "av01.\(bytes[1] >> 5).\(decimal(bytes[1] & 0x1F))\(tier).\(decimal(depth))"
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    private static func decimal(_ byte: UInt8) -> String { (byte < 10 ? "0" : "") + String(byte) }
}
