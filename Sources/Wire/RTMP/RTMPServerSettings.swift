// What a server's side of a connection is told before it starts, and what it allows the other side. Values only.

/// Settings of one RTMP server session.
public struct RTMPServerSettings: Sendable, Equatable {
    /// Bytes of outgoing chunks. Publishers that never choose a size (FFmpeg) take over this one.
    public static let usualChunkSize = 60_000

    /// The only application that `connect` may name (its first path part); nil takes any.
    public var app: String? = "live"
    /// What `RTMPFanoutWriter` uses for this connection has to be the same.
    public var chunkSize = Self.usualChunkSize
    /// Bytes after which the client is to acknowledge, and after which we do until it says otherwise.
    public var windowAck: UInt32 = 2_500_000
    public var peerBandwidth: UInt32 = 2_500_000
    /// Up to 1528 random bytes for S1.
    public var handshakeRandom: [UInt8]
    public var limits = RTMPServerLimits()

    public init(handshakeRandom: [UInt8]) { self.handshakeRandom = handshakeRandom }
}

/// What one client may make a server keep and do.
public struct RTMPServerLimits: Sendable, Equatable {
    /// Bytes of one message from a client that publishes.
    public var message = 8 << 20
    /// Bytes of all unfinished messages of a client that publishes.
    public var unfinished = 12 << 20
    /// Bytes of one message, and of all unfinished ones, from a client that does not publish.
    public var command = 64 << 10
    /// Bytes of one script message; a larger one is left out of the stream.
    public var script = 1 << 20
    /// Chunk streams in use.
    public var chunkStreams = 64
    /// Bytes of application, address and stream name, each with its query.
    public var nameLength = 1024
    /// Commands in the life of a connection: each is answered, and somebody has to keep the answers.
    public var commands = 10_000

    public init() {}

    /// While nobody publishes.
    var idle: RTMPChunkReader.Limits { reader(message: command, unfinished: command) }
    var publishing: RTMPChunkReader.Limits { reader(message: message, unfinished: unfinished) }

    private func reader(message: Int, unfinished: Int) -> RTMPChunkReader.Limits {
        var limits = RTMPChunkReader.Limits()
        limits.message = message
        limits.unfinished = unfinished
        limits.chunkStreams = chunkStreams
        return limits
    }
}
