// What sound looks like on the way out of the resampler and the generators.
import CFFmpeg

/// How one sample is stored.
public enum SampleKind: Sendable, Hashable {
    /// 32-bit float, full scale ±1; all channels in one plane, or one plane a channel.
    case float, floatPlanar
    /// 16-bit signed, native byte order.
    case int16, int16Planar

    /// Whether each channel has a plane of its own.
    public var isPlanar: Bool { self == .floatPlanar || self == .int16Planar }
    /// Bytes of one sample of one channel.
    public var byteCount: Int { self == .float || self == .floatPlanar ? 4 : 2 }

    var native: AVSampleFormat {
        switch self {
        case .float: AV_SAMPLE_FMT_FLT
        case .floatPlanar: AV_SAMPLE_FMT_FLTP
        case .int16: AV_SAMPLE_FMT_S16
        case .int16Planar: AV_SAMPLE_FMT_S16P
        }
    }
}

/// Rate, channels and storage of sound.
public struct AudioFormat: Sendable, Hashable {
    /// Hz.
    public var sampleRate: Int
    /// Channels in FFmpeg's default layout for that count (2 = stereo, 6 = 5.1).
    public var channels: Int
    /// How one sample is stored.
    public var sample: SampleKind
    /// A format; nothing is checked until it is used.
    public init(sampleRate: Int, channels: Int, sample: SampleKind) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.sample = sample
    }
}
