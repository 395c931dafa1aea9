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
            let link = RTMPLink(client)
            if let problem = link.connect(port, application) ?? link.publish(stream) {
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
