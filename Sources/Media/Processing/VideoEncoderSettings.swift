// What an encoder is asked to make, and the defaults that suit live video. Values only; nothing is opened here.
import CFFmpeg
public import Model

extension VideoEncoder {
    /// What to encode. Every default is the one of a live push.
    public struct Settings: Sendable {
        /// `.h264` or `.hevc`.
        public var codec: Codec = .h264
        /// Pixels of the coded picture; odd values lose one. Frames of other sizes are scaled.
        public var width: Int
        /// See `width`.
        public var height: Int
        /// Nominal rate: announced in the stream and used by the rate control. Timestamps stay as they come.
        public var frameRate: Rational
        /// Bits per second; nil goes by the size of the picture (`defaultBitRate`).
        public var bitRate: Int?
        /// One of `presets`.
        public var preset = "veryfast"
        /// One of the encoder's tunings; nil for none.
        public var tune: String? = "zerolatency"
        /// One of the encoder's profiles; nil lets it choose.
        public var profile: String?
        /// Frames from key frame to key frame; nil means two seconds.
        public var gopFrames: Int?
        /// How much of the bit rate may be spent ahead of time. 0 switches the limit and run-time changes off.
        public var vbvSeconds = 0.5
        /// B-frames in a row; each delays the picture by its duration.
        public var bFrames = 0
        /// FFmpeg's name.
        public var pixelFormat = "yuv420p"
        /// Shape of a pixel; nil takes the first frame's.
        public var sampleAspect: Rational?
        /// Parameter sets in `track.configuration` and length-prefixed packets (FLV, MP4), instead of Annex B.
        public var globalHeader = true
        /// A picture that was decoded with a latency mark hands it on to its packet.
        public var keepsMarks = true
        /// Encoder threads; nil goes by the machine and the size of the picture.
        public var threads: Int?

        /// Settings for a picture size and rate, all else as for live.
        public init(width: Int, height: Int, frameRate: Rational) {
            self.width = width
            self.height = height
            self.frameRate = frameRate
        }

        var framesPerSecond: Double { min(1000, max(0.1, frameRate.positiveValue ?? 30)) }

        var effectiveBitRate: Int {
            bitRate ?? VideoEncoder.defaultBitRate(width: width, height: height, framesPerSecond: framesPerSecond)
        }

        var effectiveGOP: Int { max(1, gopFrames ?? Int((framesPerSecond * 2).rounded())) }

        var effectiveThreads: Int32 {
            if let threads { return Int32(clamping: max(1, threads)) }
            // For x265 these are whole frames in flight, each a frame of delay; it has threads enough within one.
            if codec == .hevc, tune?.contains("zerolatency") == true { return 1 }
            // Each slice costs some quality, and small pictures are quick anyway.
            return max(1, min(av_cpu_count(), height > 720 ? 8 : 4))
        }

        var vbvBits: Int { Int(Double(effectiveBitRate) * max(0, vbvSeconds)) }
    }

    /// Bits per second that look decent for live video of that size with the default preset.
    ///
    /// Between the steps it goes by the number of pixels; twice the frame rate takes a third more.
    public static func defaultBitRate(width: Int, height: Int, framesPerSecond: Double) -> Int {
        let pixels = Double(max(1, width) * max(1, height))
        let steps: [(pixels: Double, rate: Double)] = [
            (160 * 90, 150_000), (426 * 240, 400_000), (640 * 360, 800_000), (854 * 480, 1_200_000),
            (1280 * 720, 2_500_000), (1920 * 1080, 4_500_000), (2560 * 1440, 9_000_000), (3840 * 2160, 18_000_000),
        ]
        var rate = steps[0].rate
        if pixels >= steps[steps.count - 1].pixels {
            rate = steps[steps.count - 1].rate
        } else {
            for (low, high) in zip(steps, steps.dropFirst()) where pixels >= low.pixels && pixels < high.pixels {
                rate = low.rate + (high.rate - low.rate) * (pixels - low.pixels) / (high.pixels - low.pixels)
            }
        }
        // ⅓ more for each doubling, linear within the octave: no need of a power function.
        let ratio = min(4, max(0.25, framesPerSecond / 30))
        let factor =
            ratio >= 2 ? 4.0 / 3 * (1 + (ratio - 2) / 6) : ratio >= 1 ? 1 + (ratio - 1) / 3 : 0.5 + ratio / 2
        return max(100_000, Int((rate * factor / 50_000).rounded()) * 50_000)
    }

    /// Names that `Settings.preset` may have.
    public static let presets = [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
    ]

    /// Names that `Settings.tune` may have; for H.264 several joined by "," or "+".
    public static func tunes(for codec: Codec) -> [String] {
        codec == .hevc
            ? ["psnr", "ssim", "grain", "zerolatency", "fastdecode", "animation"]
            : ["film", "animation", "grain", "stillimage", "psnr", "ssim", "fastdecode", "zerolatency"]
    }

    /// Names that `Settings.profile` may have.
    public static func profiles(for codec: Codec) -> [String] {
        codec == .hevc
            ? ["main", "main10", "mainstillpicture", "main444-8", "main422-10", "main444-10"]
            : ["baseline", "main", "high", "high10", "high422", "high444"]
    }

    /// Checks every name against what the encoder knows, so that the user reads the valid ones.
    ///
    /// - Throws: `usage`.
    public static func validate(_ settings: Settings) throws(SluiceError) {
        let what = "cannot encode video"
        guard settings.codec == .h264 || settings.codec == .hevc else {
            throw SluiceError(
                .usage, what, why: "codec \"\(settings.codec.rawValue)\" cannot be encoded",
                hint: "use h264 or hevc")
        }
        try check(settings.preset, of: presets, as: "preset", what)
        if let tune = settings.tune {
            for part in tune.split(whereSeparator: { ",+".contains($0) }) {
                try check(String(part), of: tunes(for: settings.codec), as: "tune", what)
            }
        }
        if let profile = settings.profile {
            try check(profile, of: profiles(for: settings.codec), as: "profile", what)
        }
        guard settings.width >= 16, settings.height >= 16, settings.width <= 16384, settings.height <= 16384 else {
            throw SluiceError(
                .usage, what, why: "a picture of \(settings.width)x\(settings.height) cannot be encoded",
                hint: "use a size from 16x16 to 16384x16384")
        }
        guard settings.frameRate.positiveValue != nil else {
            throw SluiceError(.usage, what, why: "the frame rate is unknown or not positive")
        }
        if let rate = settings.bitRate, !(1000...1_000_000_000).contains(rate) {
            throw SluiceError(.usage, what, why: "a bit rate of \(rate) bit/s is not possible")
        }
    }

    private static func check(
        _ value: String, of list: [String], as kind: String, _ what: String
    ) throws(SluiceError) {
        guard !list.contains(value) else { return }
        throw SluiceError(
            .usage, what, why: "unknown \(kind) \"\(value)\"", hint: "use one of " + list.joined(separator: ", "))
    }
}
