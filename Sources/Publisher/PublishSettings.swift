// What `PublishSession` is to do, as plain values: checked by the command line, free of its types.
public import Model

/// Everything one push needs. Values are checked for form; whether the target can carry what is asked is
/// for the session to say.
public struct PublishSettings: Sendable {
    /// One of the things to send; the first video and the first audio track among them are sent.
    public enum Input: Sendable, Hashable {
        /// A file, a URL or standard input.
        case address(MediaAddress)
        /// The moving picture with a burnt-in UTC clock, and a tone.
        case testSource
        case tone
        case silence
    }

    /// How often the input is played.
    public enum Repetition: Sendable, Hashable {
        case once
        /// Played this often in all; at least 1.
        case times(Int)
        case forever
    }

    public enum VideoTreatment: String, Sendable, Hashable, CaseIterable { case copy, h264, hevc, none }
    public enum AudioTreatment: String, Sendable, Hashable, CaseIterable { case copy, aac, opus, none }

    /// How a byte input is read when it does not say itself (`--input-format` and its companions).
    public struct InputFormat: Sendable, Hashable {
        /// FFmpeg's demuxer name, or "rawvideo".
        public var name: String
        /// Raw video only: FFmpeg's name, e.g. "bgr24".
        public var pixelFormat: String?
        public var size: PictureSize?
        public var frameRate: Rational?
        public init(
            name: String, pixelFormat: String? = nil, size: PictureSize? = nil, frameRate: Rational? = nil
        ) {
            self.name = name
            self.pixelFormat = pixelFormat
            self.size = size
            self.frameRate = frameRate
        }
        /// Pixel format, size and frame rate are then all present.
        public var isRawVideo: Bool { name == "rawvideo" }
    }

    /// At least one.
    public var inputs: [Input]
    /// A network address, a file or standard output.
    public var target: MediaAddress
    public var source = SourceOptions()
    public var inputFormat: InputFormat?

    public var repetition = Repetition.once
    /// How far into the input to begin.
    public var startAt: Span?
    /// Ends the push once this much has been sent (paced and live input: has passed).
    public var duration: Span?
    /// `--no-pace` makes this false: send as fast as the target takes it.
    public var isPaced = true
    /// `--live on|off`; nil: decided from the input.
    public var isLive: Bool?
    /// FFmpeg's muxer name (`--format`); nil: from the target's scheme or file name. Present for "-".
    public var format: String?

    /// nil: copy where the target can carry the track and nothing asks for a change, else encode.
    public var video: VideoTreatment?
    public var audio: AudioTreatment?
    /// Bits per second; nil: by picture size.
    public var bitRate: Int?
    public var size: PictureSize?
    public var frameRate: Rational?
    /// Distance of key frames.
    public var gop: Span?
    public var preset: String?
    public var tune: String?
    public var profile: String?
    /// Bits per second; nil: 128000.
    public var audioBitRate: Int?
    /// Latency marks; only network targets get them.
    public var marks = true

    public init(inputs: [Input], target: MediaAddress) {
        self.inputs = inputs
        self.target = target
    }

    /// True when an option asks for a change of the picture, which a copy cannot give.
    public var changesVideo: Bool {
        bitRate != nil || size != nil || frameRate != nil || gop != nil || preset != nil || tune != nil
            || profile != nil
    }
}
