import Model

// A client's side of one RTMP connection, by hand and as short as the protocol allows: what publishes tags, and what
// attacks a server. Shares no code with the product.

/// Used on one thread at a time. Every wait ends within five seconds.
public struct RTMPLink: Sendable {
    /// Bytes of the chunks that `send` makes.
    public static let chunk = 4096
    public let client: RawClient

    public init(_ client: RawClient) { self.client = client }

    /// Handshake and `connect`.
    /// - Returns: What went wrong.
    public func connect(_ port: Int, _ application: String = "live") -> String? {
        guard shake() else { return "no handshake" }
        _ = send(2, 1, 0, 0, Self.four(Self.chunk))
        let address = Self.field("tcUrl", Self.text("rtmp://127.0.0.1:\(port)/\(application)"))
        let connect =
            Self.text("connect") + Self.number(1) + [3] + Self.field("app", Self.text(application)) + address
            + [0, 0, 9]
        _ = send(3, 20, 0, 0, connect)
        return hears("_result") ? nil : "no answer to connect"
    }

    /// C0 and C1; S0, S1, S2; C2 is S1 again.
    public func shake() -> Bool {
        _ = client.send([3] + [UInt8](repeating: 0, count: 1536))
        let answer = client.receive(exactly: 3073, within: .seconds(5))
        guard answer.count == 3073 else { return false }
        return client.send(Array(answer[1..<1537])) == 1536
    }

    /// After `connect`.
    public func publish(_ stream: String) -> String? {
        guard createStream() else { return "no answer to createStream" }
        _ = send(3, 20, 1, 0, Self.text("publish") + Self.number(3) + [5] + Self.text(stream) + Self.text("live"))
        return hears("NetStream.Publish.Start") ? nil : "no answer to publish"
    }

    /// After `connect`.
    public func play(_ stream: String) -> String? {
        guard createStream() else { return "no answer to createStream" }
        _ = send(3, 20, 1, 0, Self.text("play") + Self.number(3) + [5] + Self.text(stream) + Self.number(-1000))
        return hears("NetStream.Play.Start") ? nil : "no answer to play"
    }

    private func createStream() -> Bool {
        _ = send(3, 20, 0, 0, Self.text("createStream") + Self.number(2) + [5])
        return hears("_result")
    }

    public func finish() {
        _ = send(3, 20, 0, 0, Self.text("deleteStream") + Self.number(4) + [5] + Self.number(1))
        client.finishSending()
        // Until the server has closed, so that what was sent is not lost to a reset.
        while case .bytes = client.receive(within: .seconds(2)) {}
    }

    /// One message, in chunks. What the server says in the meantime is read away.
    public func send(_ chunkStream: UInt8, _ kind: UInt8, _ stream: UInt8, _ time: UInt32, _ body: [UInt8]) -> Bool
    {
        while case .bytes = client.receive(within: .zero) {}
        let isExtended = time >= 0xFF_FFFF
        let extended = isExtended ? Self.four(Int(time)) : []
        var bytes = Self.head(chunkStream, kind, stream, isExtended ? 0xFF_FFFF : Int(time), body.count) + extended
        var at = 0
        repeat {
            if at > 0 { bytes += [0xC0 | chunkStream] + extended }
            bytes += body[at..<min(at + Self.chunk, body.count)]
            at += Self.chunk
        } while at < body.count
        return client.send(bytes, within: .seconds(5)) == bytes.count
    }

    /// Whether the server says this within five seconds, and no error before.
    public func hears(_ word: String) -> Bool {
        let deadline = HostTime.now() + .seconds(5)
        var heard: [UInt8] = []
        while HostTime.now() < deadline {
            guard case .bytes(let more) = client.receive(within: deadline - .now()) else { return false }
            heard += more
            let said = String(decoding: heard, as: UTF8.self)
            if said.contains(word) { return true }
            if said.contains("error") { return false }
        }
        return false
    }

    // MARK: Bytes

    /// The header of a message's first chunk, whatever length it claims.
    public static func head(
        _ chunkStream: UInt8, _ kind: UInt8, _ stream: UInt8, _ time: Int, _ length: Int
    ) -> [UInt8] {
        [chunkStream] + four(time).dropFirst() + four(length).dropFirst() + [kind, stream, 0, 0, 0]
    }

    public static func four(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    /// AMF0.
    public static func text(_ value: String) -> [UInt8] { [2] + field(value, []) }
    public static func field(_ name: String, _ value: [UInt8]) -> [UInt8] {
        four(name.utf8.count).dropFirst(2) + Array(name.utf8) + value
    }
    public static func number(_ value: Double) -> [UInt8] {
        [0] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(56 - 8 * $0)) }
    }
}
