// Publishes or plays one stream over RTMP(S): settings and handle. The course of a connection is in RTMPRun.
public import Model
import Synchronization
public import Wire

/// One RTMP session, log-in rounds included. Thread-safe. Events arrive on the network thread.
public final class RTMPClient: Sendable {
    public struct Settings: Sendable {
        /// rtmp or rtmps. User info is used when the server asks for a log-in.
        public var address: MediaAddress
        public var role: RTMPRole
        /// Bounds the TCP connection, and the handshake with `connect`; nil or zero: for ever.
        public var connectTimeout: Span?
        /// Longest wait for media (playing) or for room in the socket (publishing); nil or zero: for ever.
        public var timeout: Span?
        public var insecureTLS: Bool
        /// Playing: only a live stream will do, not a file of that name.
        public var isLive: Bool
        /// Playing: a bare StreamEOF is a clean end, as "UnpublishNotify" is. Some servers (nginx-rtmp) say it
        /// whenever a publisher goes, for good or for a moment; false makes it a mid-stream `not_live`.
        public var endsAtStreamEOF: Bool
        /// How much a server may send ahead, in milliseconds (SetBufferLength).
        public var bufferMilliseconds: UInt32
        /// Playing: how long the socket may be left alone between two reads once media come, for whoever can wait;
        /// nil: it is read whenever something has come. Arrival is the moment of the read.
        public var readPause: Span?
        /// What the client calls itself; nil: names that every server knows.
        public var flashVersion: String?
        /// TCP_NOTSENT_LOWAT in bytes: how much unsent data the kernel takes before the backlog grows here,
        /// where it can be seen and acted on. nil: the kernel's default.
        public var unsentLowWater: Int?
        /// Begins every error, redacted. Default: "cannot play ADDRESS" or "cannot publish to ADDRESS".
        public var what: String
        /// PEM file of authorities instead of the system's, for tests; SSL_CERT_FILE otherwise.
        var authorities: String?

        public init(address: MediaAddress, role: RTMPRole) {
            self.address = address
            self.role = role
            connectTimeout = .seconds(5)
            timeout = .seconds(10)
            insecureTLS = false
            isLive = true
            endsAtStreamEOF = true
            bufferMilliseconds = 3000
            what = role == .play ? "cannot play \(address)" : "cannot publish to \(address)"
        }

        /// As the command line says it: `--timeout` sets both time-outs, zero means for ever.
        public init(address: MediaAddress, role: RTMPRole, options: SourceOptions) {
            self.init(address: address, role: role)
            if let timeout = options.timeout {
                connectTimeout = timeout
                self.timeout = timeout
            }
            insecureTLS = options.insecure
            flashVersion = options.userAgent
        }
    }

    /// What was handed to `send` and has not yet been taken by the kernel.
    public struct Backlog: Sendable, Equatable {
        public var bytes = 0
        public var tags = 0
        /// From the oldest waiting tag's timestamp to the newest one's.
        public var media = Span.zero
        /// When the oldest waiting tag was handed over.
        public var oldest: HostTime?
        public init() {}
    }

    private let run: RTMPRun

    private init(run: RTMPRun) { self.run = run }

    /// Starts; returns at once.
    /// - Parameters:
    ///   - cancel: Ends the session: playing at once, publishing as `unpublishAndClose` does.
    ///   - onEvent: Runs on the network thread, in order; must not block. `closed` comes once, last.
    public static func open(
        _ settings: Settings, group: NetworkGroup = .shared, cancel: CancelFlag? = nil,
        onEvent: @escaping @Sendable (LiveEvent) -> Void
    ) -> RTMPClient {
        let run = RTMPRun(settings, loop: group.loop, onEvent: onEvent)
        cancel?.onSet { [weak run] in run?.unpublishAndClose(within: .seconds(1)) }
        run.start()
        return RTMPClient(run: run)
    }

    /// Publishing: queues one tag; it is written at once. Ignored before `established` and after `closed`.
    /// Any thread; never blocks. Look at `backlog` to know whether the network keeps up.
    public func send(_ tag: FLVTag) { run.outbox.put(tag) }

    /// Any thread.
    public var backlog: Backlog { run.outbox.backlog }
    /// Bytes that the kernel has taken: media only, without handshake and commands.
    public var bytesSent: Int { run.outbox.bytesSent }
    /// Bytes read from the socket.
    public var bytesReceived: Int { run.received.load(ordering: .relaxed) }

    /// Sends what is queued and the messages that end the publication, then closes; `closed` follows within
    /// `limit`: with nil, or with `connection_lost` where the server did not take everything in time.
    /// A player is closed at once.
    public func unpublishAndClose(within limit: Span = .seconds(1)) { run.unpublishAndClose(within: limit) }

    /// Closes at once; `closed(nil)` follows where nothing final was said yet. Idempotent.
    public func close() { run.close() }
}
