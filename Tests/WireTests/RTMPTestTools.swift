// What the RTMP tests share: bytes from text, seeded chance, a server's half of a dialogue as a script.
import Model
import NIOCore
import Testing

@testable import Wire

/// Bytes from hexadecimal digits; blanks are only for the eye.
func octets(_ text: String) -> ByteBuffer {
    let digits = text.filter { $0.isHexDigit }.map { UInt8($0.hexDigitValue ?? 0) }
    return ByteBuffer(bytes: stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
}

func buffer(_ values: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: values) }

func concatenated(_ buffers: [ByteBuffer]) -> ByteBuffer {
    var all = ByteBuffer()
    for var buffer in buffers { all.writeBuffer(&buffer) }
    return all
}

/// The same sequence on every run.
struct RTMPChance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Flips, cuts, doubles or overwrites a few bytes.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !out.isEmpty {
            let at = Int.random(in: 0..<out.count, using: &self)
            switch UInt8.random(in: 0...5, using: &self) {
            case 0: out[at] ^= 1 << UInt8.random(in: 0...7, using: &self)
            case 1: out[at] = 0xFF
            case 2: out[at] = 0
            case 3: out.removeSubrange(at..<min(out.count, at + Int.random(in: 1...8, using: &self)))
            case 4: out.insert(contentsOf: out[at..<min(out.count, at + 8)], at: at)
            default: out[at] = UInt8.random(in: 0...255, using: &self)
            }
        }
        return out
    }
}

/// How the network may cut a byte stream.
enum RTMPDelivery: CaseIterable, CustomTestStringConvertible {
    case message, byteByByte, merged, odd

    var testDescription: String { "\(self)" }

    func cut(_ parts: [ByteBuffer]) -> [ByteBuffer] {
        switch self {
        case .message: parts
        case .merged: [concatenated(parts)]
        case .byteByByte: concatenated(parts).readableBytesView.map { ByteBuffer(integer: $0) }
        case .odd: pieces(concatenated(parts), of: 37)
        }
    }

    private func pieces(_ buffer: ByteBuffer, of size: Int) -> [ByteBuffer] {
        var rest = buffer
        var out: [ByteBuffer] = []
        while rest.readableBytes > 0 {
            guard let piece = rest.readSlice(length: min(size, rest.readableBytes)) else { break }
            out.append(piece)
        }
        return out
    }
}

/// A server's bytes, message by message.
struct ServerScript {
    var writer = RTMPChunkWriter()
    var parts: [ByteBuffer] = []

    /// S0, S1, S2.
    init(s1: UInt8 = 0) {
        parts = [
            buffer([3]), buffer([UInt8](repeating: s1, count: 1536)), buffer([UInt8](repeating: 9, count: 1536)),
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

    mutating func say(_ name: String, _ transaction: Double, _ arguments: [AMF0Value], stream: UInt32 = 0) throws {
        try say(RTMPCommand(name, transaction, arguments).message(chunkStream: stream == 0 ? 3 : 5, stream: stream))
    }

    mutating func status(
        _ code: String, _ description: String = "", level: String = "status", stream: UInt32 = 1
    ) throws {
        try say("onStatus", 0, [.null, rtmpInformation(code, description, level: level)], stream: stream)
    }

    mutating func media(_ type: RTMPMessageType, _ time: UInt32, _ body: [UInt8], stream: UInt32 = 1) throws {
        let id = type == .video ? 7 : 6
        try say(
            RTMPMessage(chunkStream: id, type: type, stream: stream, timestamp: time, payload: buffer(body)))
    }

    mutating func data(_ values: [AMF0Value], stream: UInt32 = 1) throws {
        try say(RTMPMessage(chunkStream: 5, type: .data, stream: stream, payload: AMF0Value.encode(values)))
    }

    /// What nginx-rtmp says to `connect`.
    mutating func acceptConnect(chunkSize: Int = 4096) throws {
        try say(.windowAckSize(5_000_000))
        try say(.setPeerBandwidth(5_000_000, limit: 2))
        try say(.setChunkSize(chunkSize))
        try say(
            "_result", 1,
            [
                .object([.init("fmsVer", .string("FMS/3,0,1,123")), .init("capabilities", .number(31))]),
                rtmpInformation("NetConnection.Connect.Success", "Connection succeeded."),
            ])
    }
}

func rtmpInformation(_ code: String, _ description: String = "", level: String = "status") -> AMF0Value {
    .object([
        .init("level", .string(level)), .init("code", .string(code)), .init("description", .string(description)),
    ])
}

func rtmpSettings(_ role: RTMPRole, user: String? = nil, password: String? = nil) -> RTMPClientSettings {
    RTMPClientSettings(
        role: role, app: "live", streamName: "demo?k=v", tcUrl: "rtmp://h/live", user: user, password: password,
        handshakeRandom: [UInt8](repeating: 7, count: 1528))
}

/// One run of a session against a script.
struct RTMPRun {
    var session: RTMPClientSession
    /// Everything but bytes.
    var events: [RTMPClientSession.Action] = []
    /// All bytes that were sent, handshake included.
    var sent = ByteBuffer()

    init(_ settings: RTMPClientSettings) {
        session = RTMPClientSession(settings)
        take(session.start())
    }

    init(_ settings: RTMPClientSettings, _ script: ServerScript, _ delivery: RTMPDelivery = .message) {
        self.init(settings)
        feed(delivery.cut(script.parts))
    }

    mutating func feed(_ parts: [ByteBuffer]) {
        for part in parts { take(session.receive(part)) }
    }

    mutating func take(_ actions: [RTMPClientSession.Action]) {
        for action in actions {
            if case .send(var bytes) = action { sent.writeBuffer(&bytes) } else { events.append(action) }
        }
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

    var failure: RTMPFailure? {
        if case .failed(let failure)? = events.last { failure } else { nil }
    }
}
