// What a source tells its reader, in order.
public import Model

/// What is known once the source is open.
public struct SourceDescription: Sendable {
    /// "rtmp", "http-flv", "hls", "file", or FFmpeg's name of the format.
    public var transport: String
    /// The server's own name, where it tells.
    public var server: String?
    /// Comes at its own pace and cannot be asked to wait.
    public var isLive: Bool
    /// Comes in pieces of seconds, so it must be paced by its stamps.
    public var isSegmented: Bool
    /// Segmented: the newest media lay ready for so long, at least, when they were found.
    public var age = Span.zero
    /// Can `seek`.
    public var isSeekable: Bool
    public var duration: Span?
    public init(
        transport: String, server: String? = nil, isLive: Bool, isSegmented: Bool = false,
        isSeekable: Bool = false, duration: Span? = nil
    ) {
        self.transport = transport
        self.server = server
        self.isLive = isLive
        self.isSegmented = isSegmented
        self.isSeekable = isSeekable
        self.duration = duration
    }
}

public enum SourceEvent: Sendable {
    /// The connection stands or the file is open. First, once.
    case opened(SourceDescription)
    /// All tracks known so far; again whenever one is added or changes its parameters.
    case tracks([Track])
    case packet(Packet)
    /// The timeline broke (a seek): packets from here on carry this epoch.
    case discontinuity(epoch: Int)
    /// The server's own words, for the log.
    case note(String)
    /// Something about the stream that is no media.
    case fact(SourceFact)
    /// The connection is gone, or was never there (`--wait`), and is tried again: attempt `attempt`, counted
    /// from the last media, begins after `pause`. Only where `SourceSettings.reconnect` allows it.
    case interrupted(SluiceError, attempt: Int, pause: Span)
    /// Media come again: what follows (`tracks`, then packets) carries this epoch; its timeline may begin
    /// anywhere. `gap`: without media, by the host's clock.
    case resumed(epoch: Int, gap: Span)
    /// Last, once. nil: the end of the input, said so by the source.
    case end(SluiceError?)
}
