// What `PlaySession` is to do, as plain values: checked by the command line, free of its types.
public import Model

/// Everything one play needs.
public struct PlaySettings: Sendable {
    public enum VideoOutput: String, Sendable, Hashable, CaseIterable { case sdl, null }
    public enum AudioOutput: String, Sendable, Hashable, CaseIterable { case sdl, null }
    public enum HardwareDecoding: String, Sendable, Hashable, CaseIterable { case auto, none }

    /// Pictures to files while playing.
    public struct Snapshot: Sendable, Hashable {
        /// A PNG path; with an interval it may hold `%d` (a count from 1) and `%t` (UTC time).
        public var path: String
        /// nil: the first picture only.
        public var interval: Span?
        public init(path: String, interval: Span? = nil) {
            self.path = path
            self.interval = interval
        }
    }

    /// A file, a URL or standard input.
    public var source: MediaAddress
    public var options = SourceOptions()
    /// When the process began, for `first_frame_ms`.
    public var processStart: HostTime

    /// How far behind live it keeps.
    public var delay = DelaySettings()
    /// nil: the screen when there is one, else null with one line in the log.
    public var videoOutput: VideoOutput?
    /// nil: the sound device when there is one, else null with one line in the log.
    public var audioOutput: AudioOutput?
    /// nil: a graphics device where there is one, without a word where there is none.
    public var hardwareDecoding: HardwareDecoding?
    public var showsVideo = true
    public var playsAudio = true

    /// Decoded pictures go here: a file or standard output ("-").
    public var rawOutput: MediaAddress?
    /// FFmpeg's name for `rawOutput`; nil: the stream's own.
    public var pixelFormat: String?
    /// The sound goes here: a file or standard output ("-").
    public var wavOutput: MediaAddress?
    public var snapshot: Snapshot?
    /// Gets every packet of the tracks that are played, in order, as they arrive (`--record`). It must not make
    /// the caller wait: that would hold up the picture. One that throws gets nothing more and playback goes on;
    /// telling of the error and `finish` are its owner's, after the play.
    public var packetSink: (any PacketSink & Sendable)?

    public var isFullscreen = false
    /// Of the window, or of the pictures in `rawOutput`. A side of 0 follows from the other by the aspect
    /// ratio (ffplay's `-x` or `-y` alone).
    public var size: PictureSize?
    public var title: String?
    /// Percent, 0 to 100.
    public var volume = 100
    public var startAt: Span?
    public var duration: Span?
    /// What happens when the connection fails. Where the end of a stream is an interruption, `exitsAtEnd` decides.
    public var reconnect = ReconnectOptions.none
    /// Leave at the end of a live stream, or wait for it to come back; nil: wait where there is a window.
    public var exitsAtEnd: Bool?

    public init(source: MediaAddress, processStart: HostTime) {
        self.source = source
        self.processStart = processStart
    }
}
