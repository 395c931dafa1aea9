public import Model
import Synchronization

// Publishes FLV tags, whatever is in them, to a real RTMP server at prescribed moments. By hand and as short as
// the protocol allows; shares no code with the product.
#if canImport(Glibc)
    import Glibc
#endif

/// Publishes on a thread of its own; ends with its owner.
public final class RTMPTagSender: Sendable {
    public struct Tag: Sendable {
        /// From the first tag on.
        public var at: Span
        /// 8 sound, 9 picture, 18 data.
        public var kind: UInt8
        public var timestamp: UInt32
        public var body: [UInt8]
        public init(at: Span, kind: UInt8, timestamp: UInt32, body: [UInt8]) {
            self.at = at
            self.kind = kind
            self.timestamp = timestamp
            self.body = body
        }
    }

    private let stopped = CancelFlag()
    private let times = Mutex<[HostTime]>([])
    private let failure = Mutex<String?>(nil)
    private let isDone = CancelFlag()

    /// - Parameter tag: By number from 0, asked for one after the other; nil ends the stream properly.
    public init(
        port: Int, application: String = "live", stream: String, tag: @escaping @Sendable (Int) -> Tag?
    ) throws {
        let client = try RawClient(port: port)
        let stopped = stopped
        let isDone = isDone
        _ = NamedThread("test-sender") { [weak self] in
            let link = SenderLink(client)
            if let problem = link.publish("rtmp://127.0.0.1:\(port)/\(application)", application, stream) {
                self?.failure.withLock { $0 = problem }
                return isDone.set()
            }
            let pause = CancellableWait(stopped)
            let start = HostTime.now()
            var index = 0
            while let next = tag(index), pause.wait(until: start + next.at) {
                guard link.send(next.kind == 9 ? 6 : 4, next.kind, 1, next.timestamp, next.body) else { break }
                let now = HostTime.now()
                self?.times.withLock { $0.append(now) }
                index += 1
            }
            link.finish()
            isDone.set()
        }
    }

    deinit { stopped.set() }

    public func stop() { stopped.set() }
    /// When each tag was handed to the kernel, in order.
    public var sent: [HostTime] { times.withLock { $0 } }
    /// Why nothing could be published.
    public var problem: String? { failure.withLock { $0 } }
    public func ends(within limit: Span) async -> Bool { await eventually(within: limit) { isDone.isSet } }
}

/// The publisher's side of one connection. Used on one thread.
private struct SenderLink {
    private static let chunk = 4096
    private let client: RawClient
    init(_ client: RawClient) { self.client = client }

    /// - Returns: What went wrong.
    func publish(_ address: String, _ application: String, _ stream: String) -> String? {
        // C0 and C1; S0, S1, S2; C2 is S1 again.
        _ = client.send([3] + [UInt8](repeating: 0, count: 1536))
        let answer = client.receive(exactly: 3073, within: .seconds(5))
        guard answer.count == 3073 else { return "no handshake" }
        _ = client.send(Array(answer[1..<1537]))
        _ = send(2, 1, 0, 0, four(Self.chunk))
        let connect =
            text("connect") + number(1) + [3] + field("app", text(application)) + field("tcUrl", text(address))
            + [0, 0, 9]
        _ = send(3, 20, 0, 0, connect)
        guard hears("_result") else { return "no answer to connect" }
        _ = send(3, 20, 0, 0, text("createStream") + number(2) + [5])
        guard hears("_result") else { return "no answer to createStream" }
        _ = send(3, 20, 1, 0, text("publish") + number(3) + [5] + text(stream) + text("live"))
        return hears("NetStream.Publish.Start") ? nil : "no answer to publish"
    }

    func finish() {
        _ = send(3, 20, 0, 0, text("deleteStream") + number(4) + [5] + number(1))
        client.finishSending()
        // Until the server has closed, so that what was sent is not lost to a reset.
        while case .bytes = client.receive(within: .seconds(2)) {}
    }

    /// One message, in chunks. What the server says in the meantime is read away.
    func send(_ chunkStream: UInt8, _ kind: UInt8, _ stream: UInt8, _ time: UInt32, _ body: [UInt8]) -> Bool {
        while case .bytes = client.receive(within: .zero) {}
        let isExtended = time >= 0xFF_FFFF
        let extended = isExtended ? four(Int(time)) : []
        var bytes: [UInt8] = [chunkStream] + four(isExtended ? 0xFF_FFFF : Int(time)).dropFirst()
        bytes += four(body.count).dropFirst() + [kind, stream, 0, 0, 0] + extended
        var at = 0
        repeat {
            if at > 0 { bytes += [0xC0 | chunkStream] + extended }
            bytes += body[at..<min(at + Self.chunk, body.count)]
            at += Self.chunk
        } while at < body.count
        return client.send(bytes, within: .seconds(5)) == bytes.count
    }

    private func hears(_ word: String) -> Bool {
        let deadline = HostTime.now() + .seconds(5)
        var heard: [UInt8] = []
        while HostTime.now() < deadline {
            guard case .bytes(let more) = client.receive(within: deadline - .now()) else { return false }
            heard += more
            if String(decoding: heard, as: UTF8.self).contains(word) { return true }
        }
        return false
    }

    private func four(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    private func text(_ value: String) -> [UInt8] { [2] + field(value, []) }
    private func field(_ name: String, _ value: [UInt8]) -> [UInt8] {
        four(name.utf8.count).dropFirst(2) + Array(name.utf8) + value
    }
    private func number(_ value: Double) -> [UInt8] {
        [0] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(56 - 8 * $0)) }
    }
}
