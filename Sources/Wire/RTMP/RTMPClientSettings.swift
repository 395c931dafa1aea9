// What one client connection is told before it starts. Values only.

/// Which way the media go.
public enum RTMPRole: Sendable, Equatable { case publish, play }

/// Settings of one RTMP client session.
public struct RTMPClientSettings: Sendable, Equatable {
    public var role: RTMPRole
    public var app: String
    /// With its query.
    public var streamName: String
    public var tcUrl: String
    public var pageUrl: String?
    /// What the client calls itself. The defaults are names that servers are known to accept.
    public var flashVersion: String
    /// For Adobe and Limelight log-in, used only when the server asks.
    public var user: String?
    public var password: String?
    /// Bytes of outgoing chunks. nginx-rtmp refuses more than 10 485 760.
    public var chunkSize = 60_000
    /// Bytes after which the server is to acknowledge, and after which we do until it says otherwise.
    public var windowAck: UInt32 = 2_500_000
    /// SetBufferLength when playing: how much the server may send ahead, in milliseconds.
    public var bufferMilliseconds: UInt32 = 3000
    /// Play live streams only (-1000); else whatever the server has under the name (-2000).
    public var live = false
    /// Enhanced RTMP: what a player can decode. Not sent when empty or when publishing.
    public var fourCCs = ["avc1", "hvc1", "av01", "vp09", "vp08", "mp4a", "Opus", ".mp3", "fLaC", "ac-3", "ec-3"]
    /// 1528 random bytes for C1 and the client's half of the log-in challenge.
    public var handshakeRandom: [UInt8]
    /// Log-in query of this connection, made by `RTMPClientSession.nextSettings`; empty on the first.
    public var authenticationQuery = ""
    /// How many log-in steps have been made.
    public var authenticationSteps = 0

    public init(
        role: RTMPRole, app: String, streamName: String, tcUrl: String, user: String? = nil,
        password: String? = nil, handshakeRandom: [UInt8]
    ) {
        self.role = role
        self.app = app
        self.streamName = streamName
        self.tcUrl = tcUrl
        self.user = user
        self.password = password
        self.handshakeRandom = handshakeRandom
        flashVersion = role == .publish ? "FMLE/3.0 (compatible; sluice)" : "LNX 9,0,124,2"
    }

    public init(
        role: RTMPRole, target: RTMPTarget, user: String? = nil, password: String? = nil, handshakeRandom: [UInt8]
    ) {
        self.init(
            role: role, app: target.app, streamName: target.streamName, tcUrl: target.tcUrl, user: user,
            password: password, handshakeRandom: handshakeRandom)
    }

    /// The application with the log-in query.
    var fullApp: String { Self.join(app, authenticationQuery) }
    var fullTcUrl: String { Self.join(tcUrl, authenticationQuery) }

    private static func join(_ text: String, _ query: String) -> String {
        query.isEmpty ? text : text + (text.contains("?") ? "&" : "?") + query
    }
}
