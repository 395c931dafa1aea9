// The server's half of an RTMP connection as a state machine: bytes in, actions out. No socket, no clock, no
// thread. Deadlines, what may be published or played, and the media for viewers are the owner's work.
public import NIOCore

/// One connection, from C0 to its end. A value: use it from one place. The owner carries out the actions of one
/// `receive` in their order, and sends what the other functions return at the moment it has them; every message
/// is self-contained, so that `RTMPFanoutWriter`'s bytes may go between them.
public struct RTMPServerSession: Sendable {
    public enum Action: Sendable, Equatable {
        case send(ByteBuffer)
        /// `connect` was accepted (its answer is sent); `app` is the first part of the application's path.
        case connected(app: String)
        /// The client wants to publish: answer with `acceptPublish` or `refuse`. Media may follow at once; after
        /// `refuse`, those of the same `receive` are to be thrown away.
        case publish(RTMPStreamName)
        /// The client wants to play: answer with `acceptPlay` or `refuse`.
        case play(RTMPStreamName)
        /// A publisher's tag: never an empty one, script data without @setDataFrame and not deeper than players
        /// read it, `onMetaData` at time 0, aggregates taken apart.
        case media(FLVTag)
        /// A player that was accepted wants no media for a while (true), or media again. Told with every `pause`.
        case paused(Bool)
        /// The publisher says that it has ended. It may publish anew on the same connection.
        case unpublished
        /// The player says that it has enough. It may play anew on the same connection.
        case stoppedPlaying
        /// The answer to `ping`, with what was sent.
        case pong(UInt32)
        /// The session is over: send what came before, then close.
        case failed(RTMPFailure)
    }

    enum Stage: Equatable {
        case handshake, connecting, connected, publishAsked, publishing, playAsked, playing, over
    }

    public let settings: RTMPServerSettings
    /// Bytes after the handshake that have come in.
    public internal(set) var bytesReceived: UInt64 = 0
    /// Script messages of the publisher that were left out: too large, too deep, or damaged.
    public internal(set) var droppedScripts = 0
    /// What the client calls itself ("flashVer"), at most 128 printable characters; for the log.
    public internal(set) var clientName = ""

    var stage = Stage.handshake
    /// As `connect` had them, with their queries.
    var app = ""
    var tcUrl = ""
    var commands = 0
    private var handshake = RTMPServerHandshake()
    private var reader: RTMPChunkReader
    var writer = RTMPChunkWriter(statelessWithChunkSize: RTMPChunk.defaultSize)
    private var output: [Action] = []
    var ackWindow: UInt64
    private var acknowledged: UInt64 = 0

    public init(_ settings: RTMPServerSettings) {
        self.settings = settings
        ackWindow = UInt64(settings.windowAck)
        reader = RTMPChunkReader(limits: settings.limits.idle)
    }

    /// The client has been told that it may publish.
    public var isPublishing: Bool { stage == .publishing }
    /// The client has been told that it may play.
    public var isPlaying: Bool { stage == .playing }
    /// Neither asked to publish nor to play so far: what a deadline is for.
    public var isIdle: Bool { [.handshake, .connecting, .connected].contains(stage) }

    /// Takes bytes in any split.
    public mutating func receive(_ bytes: ByteBuffer) -> [Action] {
        guard stage != .over else { return [] }
        do {
            if stage == .handshake {
                try shakeHands(bytes)
            } else {
                try readMessages(bytes)
            }
        } catch {
            let kind: RTMPFailure.Kind = stage == .handshake ? .handshake : .protocolViolation
            fail(RTMPFailure(kind, description: error.message))
        }
        defer { output = [] }
        return output
    }

    // MARK: Input

    private mutating func shakeHands(_ bytes: ByteBuffer) throws(WireError) {
        if let answer = try handshake.receive(bytes, random: settings.handshakeRandom) { emit(.send(answer)) }
        guard handshake.isDone else { return }
        stage = .connecting
        let rest = handshake.takeRest()
        if rest.readableBytes > 0 { try readMessages(rest) }
    }

    private mutating func readMessages(_ bytes: ByteBuffer) throws(WireError) {
        bytesReceived += UInt64(bytes.readableBytes)
        reader.append(bytes)
        while stage != .over, let message = try reader.next() {
            try handle(message)
            let limits = settings.limits
            reader.limits = stage == .publishAsked || stage == .publishing ? limits.publishing : limits.idle
        }
        // At half the window, as a sender may stop when the whole window is unacknowledged.
        if stage != .over, bytesReceived - acknowledged >= max(1, ackWindow / 2) {
            acknowledged = bytesReceived
            send(.acknowledgement(UInt32(truncatingIfNeeded: bytesReceived)))
        }
    }

    // MARK: Output

    mutating func emit(_ action: Action) {
        if case .send(let bytes) = action, case .send(var before)? = output.last {
            output.removeLast()
            before.writeImmutableBuffer(bytes)
            output.append(.send(before))
        } else {
            output.append(action)
        }
    }

    mutating func send(_ message: RTMPMessage) { emit(.send(bytes(of: [message]))) }

    mutating func fail(_ failure: RTMPFailure) {
        stage = .over
        emit(.failed(failure))
    }

    mutating func bytes(of messages: [RTMPMessage]) -> ByteBuffer {
        var bytes = ByteBuffer()
        // Only a message of 16 MiB or more fails, and none of ours is.
        for message in messages { try? writer.write(message, into: &bytes) }
        return bytes
    }
}
