// The states of a channel, in the words of SPEC.

/// What a channel is doing.
public enum ChannelState: String, Sendable, Equatable {
    /// Started; nobody publishes yet.
    case waiting
    case live
    /// The publisher has gone or is silent; it may come back.
    case interrupted
    case stopped
}
