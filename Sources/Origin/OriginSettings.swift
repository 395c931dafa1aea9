// What the origin is told when it starts. It reads no option and no environment itself.
public import Model

/// Where the origin listens, and what it lets happen. Ports: 0 is any free one.
public struct OriginSettings: Sendable, Equatable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    public var rtmpPort = 1935
    public var httpPort = 8080
    /// The control socket's path, in a directory that only its owner can enter; nil: none. At most 107 bytes.
    public var controlPath: String?
    /// The application: streams are at `/live/NAME`.
    public var application = "live"

    /// How long the origin goes on without an open stream; nil: for ever.
    public var lingers: Span? = .seconds(60)

    // MARK: Limits

    /// Connections of all kinds together. Also bounded by the descriptors that the process may open.
    public var connections = 8192
    /// Connections that have not yet said what they want; when there are more, the oldest of these is closed. One takes
    /// about 13 kB, and of two thousand viewers who come at once on a busy machine nobody is to be taken for silent.
    public var silentConnections = 2500
    /// Connections from one address; nil: 64, and none for loopback.
    public var connectionsPerAddress: Int?
    /// From the connection to `play` or `publish`.
    public var handshakeDeadline = Span.seconds(10)
    /// A publisher that sends no media for so long is gone.
    public var publisherSilence = Span.seconds(30)
    /// How long a viewer is kept while nobody publishes.
    public var viewerPatience = Span.seconds(60)
    /// How long what waits for a viewer may wait before whole GOPs are dropped.
    public var viewerQueue = Span.seconds(5)
    /// What may wait for a viewer; shared with other viewers, so this bounds only what a single slow one holds.
    public var viewerQueueBytes = 32 << 20
    /// A viewer that takes no byte for so long, while something waits for it, is cut off.
    public var viewerStall = Span.seconds(15)
    /// So is one that has lost so many GOPs without having caught up in between.
    public var viewerLostGOPs = 8
    /// SO_SNDBUF of a viewer: what the kernel hides of a stall.
    public var sendBufferBytes = 256 << 10

    // Not for users: tests and measurements.
    var gopCache = GOPCache.Bounds()
    var fanout = FanoutPolicy()

    public init() {}
}
