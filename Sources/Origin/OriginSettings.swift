// What the origin is told when it starts. It reads no option and no environment itself.

/// Where the origin listens, and what it lets happen. Ports: 0 is any free one.
public struct OriginSettings: Sendable, Equatable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    public var rtmpPort = 1935
    public var httpPort = 8080

    public init() {}
}
