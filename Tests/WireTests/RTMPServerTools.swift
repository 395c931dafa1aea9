// What the tests of the server's side share: a client's bytes as a script, and an owner that says yes.
import NIOCore
import Testing

@testable import Wire

/// A client's bytes, message by message.
struct ClientScript {
    var writer = RTMPChunkWriter()
    var parts: [ByteBuffer] = []

    /// C0, C1 (with a version in bytes 4–7, as Flash and FFmpeg have it), C2.
    init() {
        parts = [
            buffer([3]), buffer([0, 0, 0, 1, 9, 0, 124, 2] + [UInt8](repeating: 0x5A, count: 1528)),
            buffer([UInt8](repeating: 9, count: 1536)),
        ]
    }

    mutating func say(_ message: RTMPMessage) throws {
        var buffer = ByteBuffer()
        try writer.write(message, into: &buffer)
        parts.append(buffer)
        if message.type == .setChunkSize {
            writer.chunkSize = Int(message.payload.getInteger(at: 0, as: UInt32.self) ?? 128)
        }
    }

    mutating func say(
        _ name: String, _ transaction: Double, _ arguments: [AMF0Value], stream: UInt32 = 0, amf3: Bool = false
    ) throws {
        var message = RTMPCommand(name, transaction, arguments)
            .message(chunkStream: stream == 0 ? 3 : 8, stream: stream)
        if amf3 {
            message.type = .commandAMF3
            var payload = ByteBuffer(integer: 0, as: UInt8.self)
            payload.writeImmutableBuffer(message.payload)
            message.payload = payload
        }
        try say(message)
    }

    mutating func connect(_ app: String = "live", tcUrl: String = "rtmp://h/live", _ more: [AMF0Field] = []) throws
    {
        try say(
            "connect", 1,
            [
                .object(
                    [
                        .init("app", .string(app)), .init("flashVer", .string("LNX 9,0,124,2")),
                        .init("tcUrl", .string(tcUrl)),
                    ] + more)
            ])
    }

    mutating func media(_ type: RTMPMessageType, _ time: UInt32, _ body: [UInt8]) throws {
        let id = type == .video ? 6 : 4
        try say(RTMPMessage(chunkStream: id, type: type, stream: 1, timestamp: time, payload: buffer(body)))
    }

    mutating func data(_ values: [AMF0Value], time: UInt32 = 0) throws {
        try say(
            RTMPMessage(
                chunkStream: 4, type: .data, stream: 1, timestamp: time, payload: AMF0Value.encode(values)))
    }
}

func rtmpServerSettings() -> RTMPServerSettings {
    RTMPServerSettings(handshakeRandom: [UInt8](repeating: 7, count: 1528))
}

/// One run of a server session whose owner allows everything (or nothing).
struct RTMPServerRun {
    var session: RTMPServerSession
    var allows = true
    /// Everything but bytes.
    var events: [RTMPServerSession.Action] = []
    /// All bytes that were sent, handshake included.
    var sent = ByteBuffer()

    init(_ settings: RTMPServerSettings = rtmpServerSettings(), allows: Bool = true) {
        session = RTMPServerSession(settings)
        self.allows = allows
    }

    init(
        _ script: ClientScript, _ delivery: RTMPDelivery = .message,
        _ settings: RTMPServerSettings = rtmpServerSettings(), allows: Bool = true
    ) {
        self.init(settings, allows: allows)
        feed(delivery.cut(script.parts))
    }

    mutating func feed(_ parts: [ByteBuffer]) { for part in parts { feed(part) } }

    mutating func feed(_ part: ByteBuffer) {
        for action in session.receive(part) {
            switch action {
            case .send(let bytes):
                sent.writeImmutableBuffer(bytes)
                continue
            case .publish:
                answer("NetStream.Publish.Denied") { $0.acceptPublish() }
            case .play:
                answer("NetStream.Play.StreamNotFound") { $0.acceptPlay() }
            default: break
            }
            events.append(action)
        }
    }

    private mutating func answer(_ refusal: String, _ yes: (inout RTMPServerSession) -> ByteBuffer) {
        if allows { say(yes) } else { say { $0.refuse(code: refusal, description: "no") } }
    }

    mutating func say(_ words: (inout RTMPServerSession) -> ByteBuffer) {
        sent.writeImmutableBuffer(words(&session))
    }

    /// What was sent after the handshake.
    func messages() throws -> [RTMPMessage] {
        var rest = sent
        rest.moveReaderIndex(forwardBy: min(1 + 1536 * 2, rest.readableBytes))
        var reader = RTMPChunkReader()
        reader.append(rest)
        var all: [RTMPMessage] = []
        while let message = try reader.next() { all.append(message) }
        return all
    }

    func commands() throws -> [RTMPCommand] {
        try messages().filter { $0.type == .command }.map { try RTMPCommand($0) }
    }

    /// The codes of the status messages, in order.
    func codes() throws -> [String] {
        try commands().filter { $0.name == "onStatus" }.map { $0.information?["code"]?.stringValue ?? "" }
    }

    var tags: [FLVTag] {
        events.compactMap { if case .media(let tag) = $0 { tag } else { nil } }
    }

    var failure: RTMPFailure? {
        if case .failed(let failure)? = events.last { failure } else { nil }
    }
}
