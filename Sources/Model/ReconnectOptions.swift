// What is done when a connection fails or ends before its time, as the command line says it; the same for
// every capability that keeps a stream.

/// How often an established session is taken up again.
public enum ReconnectLimit: Hashable, Sendable {
    case off
    /// Tries without media in between.
    case times(Int)
    case forever
}

/// Patience with a stream that is not live yet.
public enum StreamWait: Hashable, Sendable {
    case forever
    case atMost(Span)
}

/// What it means that the other side says that the stream is over, or seems to.
public enum StreamEnd: Hashable, Sendable {
    /// Clear words are the end. A publisher that has gone without them is waited for like a connection.
    case asSaid
    /// Nothing but an interruption: the next performance under this name is waited for, so long; nil: for ever.
    case interruption(giveUp: Span?)
}

/// The law of reconnecting (`Timing.ReconnectPolicy`) and its bounds.
public struct ReconnectOptions: Hashable, Sendable {
    public var limit = ReconnectLimit.forever
    /// Given up when no media came for this long; nil: never.
    public var giveUp: Span? = .seconds(600)
    /// nil: a first failure ends at once.
    public var wait: StreamWait?
    public var streamEnd = StreamEnd.asSaid
    public init() {}

    /// For readers that have no patience at all.
    public static var none: ReconnectOptions {
        var options = ReconnectOptions()
        options.limit = .off
        return options
    }
}
