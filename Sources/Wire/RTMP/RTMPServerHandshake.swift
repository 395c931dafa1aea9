// The server's side of the simple handshake (RTMP 1.0, section 5.2). Bytes 4–7 of S1 are zero, so that no
// client looks for a signature in it; S2 is C1 as it came. The three go out at once, and nothing more until
// C2 is complete: there are clients that wait for exactly these bytes.
public import NIOCore

/// Three packets each way, then the chunks begin.
public struct RTMPServerHandshake: Sendable {
    private var reader = RTMPHandshakeReader()

    public init() {}

    /// True once C2 has been read; `takeRest` then gives what followed it.
    public var isDone: Bool { reader.isDone }

    /// Takes bytes in any split. Returns S0, S1 and S2 when they become due.
    /// - Parameter random: Up to 1528 bytes of S1; the rest is filled with zeros.
    /// - Throws: `WireError` when the other side does not speak RTMP.
    public mutating func receive(_ bytes: ByteBuffer, random: [UInt8]) throws(WireError) -> ByteBuffer? {
        guard let packet = try reader.receive(bytes, explain: Self.explain) else { return nil }
        // The layout of C0 and C1 is that of S0 and S1.
        var packets = RTMPClientHandshake().opening(random: random)
        packets.writeImmutableBuffer(packet)
        return packets
    }

    /// What came after C2.
    public mutating func takeRest() -> ByteBuffer { reader.takeRest() }

    private static func explain(_ version: UInt8) -> String {
        switch version {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): "the client speaks HTTP, not RTMP"
        case 0x15, 0x16: "the client speaks TLS, not RTMP"
        case 6, 8: "the client asks for encrypted RTMP (version \(version))"
        default: "the client does not speak RTMP (version \(version))"
        }
    }
}
