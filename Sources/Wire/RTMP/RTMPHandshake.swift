// The client's side of the simple handshake (RTMP 1.0, section 5.2). Bytes 4–7 of C1 are zero, so no server
// takes it for the signed variant; what S1 holds does not matter, it is sent back as it came.
public import NIOCore

/// Three packets each way, then the chunks begin.
public struct RTMPClientHandshake: Sendable {
    /// Random bytes in C1.
    public static let randomSize = 1528

    private var reader = RTMPHandshakeReader()

    public init() {}

    /// True once S2 has been read; `takeRest` then gives what followed it.
    public var isDone: Bool { reader.isDone }

    /// C0 and C1.
    /// - Parameter random: Up to 1528 bytes; the rest is filled with zeros.
    public func opening(random: [UInt8]) -> ByteBuffer {
        var output = ByteBuffer()
        output.writeInteger(3, as: UInt8.self)
        output.writeRepeatingByte(0, count: 8)
        output.writeBytes(random.prefix(Self.randomSize))
        output.writeRepeatingByte(0, count: max(0, Self.randomSize - random.count))
        return output
    }

    /// Takes bytes in any split. Returns C2 when it becomes due.
    /// - Throws: `WireError` when the other side does not speak RTMP.
    public mutating func receive(_ bytes: ByteBuffer) throws(WireError) -> ByteBuffer? {
        try reader.receive(bytes, explain: Self.explain)
    }

    /// What came after S2.
    public mutating func takeRest() -> ByteBuffer { reader.takeRest() }

    private static func explain(_ version: UInt8) -> String {
        switch version {
        case UInt8(ascii: "H"): "the server answers in HTTP, not RTMP"
        case 0x15, 0x16: "the server answers in TLS, not RTMP"
        case 6, 8: "the server asks for encrypted RTMP (version \(version))"
        default: "the server does not speak RTMP (version \(version))"
        }
    }
}

/// What both sides read: the version, the packet that is to be sent back, and the own one as it comes back.
struct RTMPHandshakeReader: Sendable {
    private enum Stage { case version, first, second, done }
    private static let packetSize = 1536

    private var stage = Stage.version
    private var input = ByteBuffer()

    var isDone: Bool { stage == .done }

    /// Takes bytes in any split. Returns the other side's first packet once it is there.
    mutating func receive(_ bytes: ByteBuffer, explain: (UInt8) -> String) throws(WireError) -> ByteBuffer? {
        input.writeImmutableBuffer(bytes)
        var first: ByteBuffer?
        if stage == .version, let version: UInt8 = input.readInteger() {
            guard version == 3 else { throw WireError(explain(version)) }
            stage = .first
        }
        if stage == .first, let packet = input.readSlice(length: Self.packetSize) {
            first = packet
            stage = .second
        }
        // Not compared with what was sent: there are programs on either side that send their own bytes.
        if stage == .second, input.readSlice(length: Self.packetSize) != nil { stage = .done }
        return first
    }

    /// What came after the second packet.
    mutating func takeRest() -> ByteBuffer {
        defer { input = ByteBuffer() }
        return input
    }
}
