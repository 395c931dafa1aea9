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

/// The law of reconnecting (`Timing.ReconnectPolicy`) and its bounds.
public struct ReconnectOptions: Hashable, Sendable {
    public var limit = ReconnectLimit.forever
    /// Given up when no media came for this long; nil: never.
    public var giveUp: Span? = .seconds(600)
    /// nil: a first failure ends at once.
    public var wait: StreamWait?
    public init() {}

    /// For readers that have no patience at all.
    public static var none: ReconnectOptions {
        var options = ReconnectOptions()
        options.limit = .off
        return options
    }
}
