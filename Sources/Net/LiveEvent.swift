// What a live connection tells its owner. RTMP and HTTP-FLV speak the same words, so that a reader need
// not know which of them it listens to.
public import Model
public import Wire

/// Delivered in order, always on the network thread: the receiver must not block.
public enum LiveEvent: Sendable {
    /// The server's socket answered (name resolved, TCP connected).
    case reached
    /// The server accepted the session or the request; its name and version where it tells.
    case connected(server: String?)
    /// Publishing may begin, or the stream has been granted to this player.
    case established
    /// HTTP-FLV only, before `connected`: the body has an end, so this is a file and not a live stream.
    case finite(length: Int)
    /// HTTP-FLV only: what the stream's header promises. Servers get these flags wrong; take them as a hint.
    case header(hasAudio: Bool, hasVideo: Bool)
    /// `arrival`: when the bytes that completed the tag were read.
    case tag(FLVTag, arrival: HostTime)
    /// The server's own words, for the log.
    case status(level: String, code: String, description: String)
    /// Exactly once, last. `nil` is a clean end: the server said that the stream is over, or `close` was called.
    case closed(SluiceError?)
}
