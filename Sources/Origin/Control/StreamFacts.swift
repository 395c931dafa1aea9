// What the origin tells about a stream, inside and over the control socket.
public import Model

/// SPEC's words for where a stream is.
public enum StreamState: String, Sendable, CaseIterable {
    /// Nobody publishes.
    case waiting
    case live
    /// The publisher is gone and may come back.
    case interrupted
    case stopped
}

/// What is counted from `open` on, over all publications.
public struct StreamCounters: Sendable, Equatable {
    public var peakViewers = 0
    /// Bodies of messages, without framing.
    public var bytesIn = 0
    /// Bytes that viewers' sockets took.
    public var bytesOut = 0
    public var videoFrames = 0
    public var audioMessages = 0
    /// GOPs that slow viewers lost, all viewers together.
    public var droppedGOPs = 0
    /// Viewers that were too slow for too long.
    public var cutOffViewers = 0
    public var publications = 0
    /// When the publisher of now began; nil without one.
    public var since: WallTime?
    public init() {}
}

/// A stream at one moment.
public struct StreamFacts: Sendable, Equatable {
    public var name: String
    public var state: StreamState
    public var viewers: Int
    public var counters: StreamCounters

    public init(name: String, state: StreamState, viewers: Int, _ counters: StreamCounters) {
        self.name = name
        self.state = state
        self.viewers = viewers
        self.counters = counters
    }
}
