// What a stream is made of. Filled from sequence headers, SPS and containers; unknown fields are nil.

public enum TrackKind: String, Sendable { case video, audio, data }

/// A codec by FFmpeg's short name ("h264", "aac"), so that every codec FFmpeg knows has an identity here.
public struct Codec: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static let h264 = Codec(rawValue: "h264")
    public static let hevc = Codec(rawValue: "hevc")
    public static let av1 = Codec(rawValue: "av1")
    public static let vp8 = Codec(rawValue: "vp8")
    public static let vp9 = Codec(rawValue: "vp9")
    public static let flv1 = Codec(rawValue: "flv1")
    public static let aac = Codec(rawValue: "aac")
    public static let mp3 = Codec(rawValue: "mp3")
    public static let opus = Codec(rawValue: "opus")
    public static let flac = Codec(rawValue: "flac")
    public static let ac3 = Codec(rawValue: "ac3")
    public static let eac3 = Codec(rawValue: "eac3")
    public static let rawvideo = Codec(rawValue: "rawvideo")
}

public struct VideoParameters: Hashable, Sendable {
    /// Pixels; 0 while unknown.
    public var width: Int
    public var height: Int
    public var frameRate: Rational?
    /// Shape of one pixel; nil means square.
    public var sampleAspect: Rational?
    /// FFmpeg's name, e.g. "yuv420p".
    public var pixelFormat: String?
    public var profile: String?
    /// How many pictures the decoder must hold to put B-frames in order; 0 = none, nil = unknown.
    public var reorderDepth: Int?
    /// Degrees clockwise that the picture is to be turned: 0, 90, 180, 270.
    public var rotation: Int
    public init(
        width: Int = 0, height: Int = 0, frameRate: Rational? = nil, sampleAspect: Rational? = nil,
        pixelFormat: String? = nil, profile: String? = nil, reorderDepth: Int? = nil, rotation: Int = 0
    ) {
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.sampleAspect = sampleAspect
        self.pixelFormat = pixelFormat
        self.profile = profile
        self.reorderDepth = reorderDepth
        self.rotation = rotation
    }
}

public struct AudioParameters: Hashable, Sendable {
    /// Hz; 0 while unknown.
    public var sampleRate: Int
    /// 0 while unknown.
    public var channels: Int
    /// FFmpeg's description, e.g. "5.1".
    public var channelLayout: String?
    public var profile: String?
    public init(sampleRate: Int = 0, channels: Int = 0, channelLayout: String? = nil, profile: String? = nil) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.channelLayout = channelLayout
        self.profile = profile
    }
}

/// Codec parameters that only the media library understands; carried, never read, outside `Media`.
public protocol NativeParameters: AnyObject, Sendable {}

/// One elementary stream.
public struct Track: Sendable {
    /// Names the track within its source; packets carry it. Not an index into an array.
    public var id: Int
    public var kind: TrackKind
    public var codec: Codec
    /// Decoder configuration (avcC, AudioSpecificConfig, …). For H.264 and HEVC: when it begins with 1,
    /// packets are length-prefixed; when empty or in Annex B form, packets are Annex B.
    public var configuration: [UInt8]
    public var video: VideoParameters?
    public var audio: AudioParameters?
    /// Bits per second, as declared.
    public var bitRate: Int?
    public var language: String?
    /// A cover picture in an audio file: one still image, not a video.
    public var isAttachedPicture: Bool
    public var native: (any NativeParameters)?

    public init(
        id: Int, kind: TrackKind, codec: Codec, configuration: [UInt8] = [], video: VideoParameters? = nil,
        audio: AudioParameters? = nil, bitRate: Int? = nil, language: String? = nil,
        isAttachedPicture: Bool = false, native: (any NativeParameters)? = nil
    ) {
        self.id = id
        self.kind = kind
        self.codec = codec
        self.configuration = configuration
        self.video = video
        self.audio = audio
        self.bitRate = bitRate
        self.language = language
        self.isAttachedPicture = isAttachedPicture
        self.native = native
    }
}
