// What FLV's sequence headers, parameter sets and onMetaData say about a track. Pure; no FFmpeg.
import Model
import NIOCore
import Wire

/// Track numbers of every FLV source: one picture, one sound.
public enum FLVTrack {
    public static let video = 0
    public static let audio = 1
}

extension ByteBuffer {
    /// A copy of the readable bytes.
    var array: [UInt8] { Array(readableBytesView) }
}

enum FLVParameters {
    /// What the decoder configuration says; nil where it says nothing or is damaged.
    static func video(_ codec: Codec, _ configuration: [UInt8]) -> VideoParameters? {
        switch codec {
        case .h264:
            guard let record = try? AVCConfiguration(parsing: configuration), let unit = record.sps.first else {
                return nil
            }
            return (try? H264SPS(unit: unit))?.parameters
        case .hevc:
            guard let record = try? HEVCConfiguration(parsing: configuration), let unit = record.sps.first else {
                return nil
            }
            return (try? HEVCSPS(unit: unit))?.parameters
        default: return nil
        }
    }

    static func audio(_ codec: Codec, _ configuration: [UInt8]) -> AudioParameters? {
        switch codec {
        case .aac: return (try? AudioSpecificConfig(parsing: configuration))?.parameters
        case .opus:
            // OpusHead (RFC 7845 5.1): "OpusHead", version, channels. Opus always decodes to 48 kHz.
            guard configuration.count >= 19, configuration.starts(with: "OpusHead".utf8) else { return nil }
            return AudioParameters(sampleRate: 48000, channels: Int(configuration[9]))
        case .flac:
            // STREAMINFO: 20 bits rate, 3 bits channels − 1, at byte 10; perhaps behind "fLaC" and a block header.
            let start = configuration.starts(with: "fLaC".utf8) ? 8 : 0
            guard configuration.count >= start + 13 else { return nil }
            let bytes = configuration[(start + 10)...].prefix(3).map { Int($0) }
            return AudioParameters(
                sampleRate: bytes[0] << 12 | bytes[1] << 4 | bytes[2] >> 4, channels: (bytes[2] >> 1 & 7) + 1)
        default: return nil
        }
    }

    /// An MP3 frame tells its own rate; FLV's tag header has no code for 48 and 32 kHz.
    static func mp3(_ frame: [UInt8]) -> AudioParameters? {
        guard frame.count >= 4, frame[0] == 0xFF, frame[1] & 0xE0 == 0xE0 else { return nil }
        let version = frame[1] >> 3 & 3
        let index = Int(frame[2] >> 2 & 3)
        guard version != 1, index < 3 else { return nil }
        let rate = [44100, 48000, 32000][index] >> (version == 3 ? 0 : version == 2 ? 1 : 2)
        return AudioParameters(sampleRate: rate, channels: frame[3] >> 6 == 3 ? 1 : 2)
    }

    /// 29.97 is 30000/1001; whole numbers stay whole. nil for claims that no stream can mean.
    static func frameRate(_ value: Double) -> Rational? {
        guard value.isFinite, value > 0.01, value < 1000 else { return nil }
        let whole = value.rounded()
        if whole > 0, (value - whole).magnitude < 0.005 { return Rational(Int(whole), 1) }
        let film = (value * 1001 / 1000).rounded()
        if film > 0, (value - film * 1000 / 1001).magnitude < 0.005 { return Rational(Int(film) * 1000, 1001) }
        return Rational(Int((value * 1000).rounded()), 1000)
    }
}

/// The claims of onMetaData that matter here. All are only hints: what the bitstream says wins.
struct FLVClaims: Sendable, Equatable {
    var width: Int?
    var height: Int?
    var frameRate: Rational?
    var videoBitRate: Int?
    var audioBitRate: Int?

    init() {}

    init(_ fields: [AMF0Field]) {
        func number(_ name: String, _ range: ClosedRange<Double>) -> Double? {
            guard let value = fields.first(where: { $0.name == name })?.value.numberValue else { return nil }
            return range.contains(value) ? value : nil
        }
        width = number("width", 1...32768).map { Int($0) }
        height = number("height", 1...32768).map { Int($0) }
        frameRate = (number("framerate", 0.01...999) ?? number("fps", 0.01...999)).flatMap(FLVParameters.frameRate)
        videoBitRate = number("videodatarate", 1...1e6).map { Int($0 * 1000) }
        audioBitRate = number("audiodatarate", 1...1e5).map { Int($0 * 1000) }
    }
}
