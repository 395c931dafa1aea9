// The client's half of an RTMP connection as a state machine: bytes in, actions out. No socket, no clock, no
// thread. Opening and closing the connection and giving up in time are the owner's work.
public import NIOCore

/// One connection, from C0 to deleteStream. A value: use it from one place.
public struct RTMPClientSession: Sendable {
    /// What the owner is to do or to know, in this order.
    public enum Action: Sendable, Equatable {
        case send(ByteBuffer)
        /// `connect` was accepted.
        case connected(serverName: String?)
        /// Publishing may begin, or the stream is being played (Play.Start, or media without it). Once.
        case established
        /// Playing: one tag. Never with an empty body.
        case media(FLVTag)
        /// Every status message, for the log. `level` is "status", "warning" or "error".
        case status(level: String, code: String, description: String)
        /// Playing: the stream is over. It may begin again on the same connection; more media then follow.
        case ended(RTMPEnd)
        /// The server wants a log-in: connect anew with `nextSettings`. `query` is what they add, with secrets.
        /// The session is over.
        case authenticate(query: String)
        /// The session is over.
        case failed(RTMPFailure)
    }

    enum Stage: Equatable { case idle, handshake, connecting, creating, starting, established, over }
    enum Call { case connect, createStream, start, unimportant }

    public let settings: RTMPClientSettings
    /// After `.authenticate`: the settings of the next connection. The owner may renew `handshakeRandom`.
    public internal(set) var nextSettings: RTMPClientSettings?
    /// Bytes after the handshake that have come in.
    public internal(set) var bytesReceived: UInt64 = 0
    /// The message stream that the server gave us.
    public internal(set) var streamID: UInt32 = 0

    var stage = Stage.idle
    var calls: [Double: Call] = [:]
    var nextTransaction: Double = 1
    var isEnded = false
    private var handshake = RTMPClientHandshake()
    private var reader = RTMPChunkReader()
    var writer = RTMPChunkWriter()
    var tags: RTMPTagWriter?
    var output: [Action] = []
    var ackWindow: UInt64
    var acknowledged: UInt64 = 0
    var announcedWindow: UInt32?

    public init(_ settings: RTMPClientSettings) {
        self.settings = settings
        ackWindow = UInt64(settings.windowAck)
    }

    /// True between `.established` and the end of the session.
    public var isEstablished: Bool { stage == .established }

    /// Begins; call once, when the connection stands.
    public mutating func start() -> [Action] {
        guard stage == .idle else { return [] }
        stage = .handshake
        return [.send(handshake.opening(random: settings.handshakeRandom))]
    }

    /// Takes bytes in any split.
    public mutating func receive(_ bytes: ByteBuffer) -> [Action] {
        guard stage != .idle, stage != .over else { return [] }
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

    /// Publishing: the bytes of one tag; empty before `.established`, after the end, and when playing.
    public mutating func send(_ tag: FLVTag) -> ByteBuffer {
        guard stage == .established, settings.role == .publish else { return ByteBuffer() }
        return tags?.bytes(for: tag) ?? ByteBuffer()
    }

    /// Publishing, from `.established` on: what writes the tags, for the owner to use apart from the session.
    /// `send` gives nothing afterwards.
    public mutating func takeTagWriter() -> RTMPTagWriter? {
        defer { tags = nil }
        return tags
    }

    /// Says goodbye; the owner sends these bytes and then closes. Empty when there is nothing to end.
    public mutating func unpublish() -> ByteBuffer {
        var bytes = ByteBuffer()
        guard stage == .established || stage == .starting else { return bytes }
        if settings.role == .publish {
            write(call("FCUnpublish", .unimportant, [.null, .string(settings.streamName)]), into: &bytes)
        }
        write(call("deleteStream", .unimportant, [.null, .number(Double(streamID))]), into: &bytes)
        stage = .over
        return bytes
    }

    // MARK: Input

    private mutating func shakeHands(_ bytes: ByteBuffer) throws(WireError) {
        if let answer = try handshake.receive(bytes) { emit(.send(answer)) }
        guard handshake.isDone else { return }
        stage = .connecting
        sendConnect()
        let rest = handshake.takeRest()
        if rest.readableBytes > 0 { try readMessages(rest) }
    }

    private mutating func readMessages(_ bytes: ByteBuffer) throws(WireError) {
        bytesReceived += UInt64(bytes.readableBytes)
        reader.append(bytes)
        while stage != .over, let message = try reader.next() { try handle(message) }
        // At half the window, as a sender may stop when the whole window is unacknowledged.
        if stage != .over, ackWindow > 0, bytesReceived - acknowledged >= max(1, ackWindow / 2) {
            acknowledged = bytesReceived
            send(.acknowledgement(UInt32(truncatingIfNeeded: bytesReceived)))
        }
    }

    // MARK: Output

    mutating func emit(_ action: Action) {
        if case .send(var bytes) = action, case .send(var before)? = output.last {
            output.removeLast()
            before.writeBuffer(&bytes)
            output.append(.send(before))
        } else {
            output.append(action)
        }
    }

    mutating func send(_ message: RTMPMessage) {
        var bytes = ByteBuffer()
        write(message, into: &bytes)
        emit(.send(bytes))
    }

    mutating func fail(_ failure: RTMPFailure) {
        stage = .over
        emit(.failed(failure))
    }

    /// A call that is answered later, or never.
    mutating func call(
        _ name: String, _ kind: Call, _ arguments: [AMF0Value], chunkStream: Int = 3, stream: UInt32 = 0
    ) -> RTMPMessage {
        let transaction = nextTransaction
        nextTransaction += 1
        if kind != .unimportant { calls[transaction] = kind }
        return RTMPCommand(name, transaction, arguments).message(chunkStream: chunkStream, stream: stream)
    }

    private mutating func write(_ message: RTMPMessage, into bytes: inout ByteBuffer) {
        do {
            try writer.write(message, into: &bytes)
        } catch {
            // Only a message of 16 MiB or more comes here, and no command is.
        }
    }

    static func scriptName(_ body: ByteBuffer) -> String? {
        guard body.getInteger(at: body.readerIndex, as: UInt8.self) == AMF0Marker.string,
            let length = body.getInteger(at: body.readerIndex + 1, as: UInt16.self)
        else { return nil }
        return body.getString(at: body.readerIndex + 3, length: Int(length))
    }
}

/// How a played stream ended.
public enum RTMPEnd: Sendable, Equatable {
    /// Play.Stop or Play.Complete.
    case playStopped
    /// The publisher left.
    case unpublished
    /// UserControl StreamEOF.
    case streamEOF
    /// The server announced that it closes the connection.
    case closedByServer
}
