// Everything a source needs to open.
public import Model

public struct SourceSettings: Sendable {
    public var address: MediaAddress
    public var options: SourceOptions
    /// What is done with the stream, for the errors of its connection: "cannot play rtmp://…".
    public var verb = "play"
    /// FFmpeg's demuxer name, for input that does not say itself.
    public var format: String?
    /// Where to begin, in files.
    public var startAt: Span?
    /// Packets read ahead of the reader, in bytes; files only.
    public var readAhead = 4 << 20

    /// Live input: what may wait for the reader, in bytes; nil: ten seconds of media, for those who show it. Whoever
    /// keeps it wants all of a server's burst, however long the group of pictures is that it begins with.
    public var liveBytes: Int?

    /// How far behind live the input is to be played, where there is a choice: segments are begun with so far back.
    public var startDelay = Span.zero

    /// Live input over RTMP and HTTP-FLV: how long the socket may be left alone between two reads once media come,
    /// for whoever can wait; nil: it is read whenever something has come. Packets arrive with the read.
    public var readPause: Span?

    /// The same input was opened before and its tracks are known: spares the look into a file whose header
    /// says enough.
    public var isReopened = false

    /// What happens when the connection fails.
    public var reconnect = ReconnectOptions.none
    /// `SourceEvent.fact`s are wanted.
    public var wantsFacts = false

    public init(address: MediaAddress, options: SourceOptions, format: String? = nil, startAt: Span? = nil) {
        self.address = address
        self.options = options
        self.format = format
        self.startAt = startAt
    }

    /// Begins an error.
    var what: String { "cannot \(verb) \(address)" }
}
