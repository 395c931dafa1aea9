// A bad network on loopback: a TCP proxy that stalls, hoards, throttles, delays, cuts and refuses. Serves
// tests of every floor; knows nothing of what the bytes mean.
public import Model
import NIOCore
import NIOPosix
import Synchronization

/// Listens on a free port of 127.0.0.1 and passes every connection on. Faults are scheduled from the first
/// connection on, or switched by the methods below at any time; those may be called from any thread and
/// take effect within a few milliseconds.
///
/// Buffers are small (4 KiB of its own a direction beside the kernel's), so that a sender feels a stall or a
/// limit as it would on a real uplink; only `hold` and `jitter` keep more.
public final class FaultProxy: Sendable {
    /// `down` is from the server to the client, `up` from the client to the server.
    public enum Direction: Int, Sendable, CaseIterable { case up, down }

    /// One scheduled fault. Times count from the first connection.
    public enum Fault: Sendable {
        /// Nothing moves for `length` (again every `period`); the sender feels it through TCP.
        case stall(Direction, at: Span, for: Span, every: Span? = nil)
        /// Everything is swallowed for `length` and then delivered in one burst, like a bloated buffer.
        case hold(Direction, at: Span, for: Span, every: Span? = nil)
        /// At most this many bits a second from then on; 0 lifts the limit.
        case rate(Direction, at: Span, bitsPerSecond: Double)
        /// Each read is delayed by a random length up to this one, in order, from then on.
        case jitter(Direction, at: Span, upTo: Span)
        /// Every connection is reset; new ones are accepted.
        case cut(at: Span)
        /// New connections are reset for `length`.
        case refuse(at: Span, for: Span)
    }

    public let port: Int
    private let core: ProxyCore
    private let listener: any Channel

    /// - Parameters:
    ///   - target: Port on 127.0.0.1 to pass connections on to.
    ///   - seed: Of the random delays.
    public static func start(to target: Int, faults: [Fault] = [], seed: UInt64 = 1) async throws -> FaultProxy {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let core = ProxyCore(loop: loop, target: target, faults: faults, seed: seed)
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Set before listening: an accepted socket inherits its window from here.
            .serverChannelOption(.socketOption(.so_rcvbuf), value: ProxyCore.kernelBuffer)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_sndbuf), value: ProxyCore.kernelBuffer)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: ProxyCore.block))
            .childChannelInitializer { core.accept($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw LabError("the proxy has no port") }
        return FaultProxy(port: port, core: core, listener: listener)
    }

    private init(port: Int, core: ProxyCore, listener: any Channel) {
        self.port = port
        self.core = core
        self.listener = listener
    }

    deinit {
        listener.close(promise: nil)
        core.end()
    }

    /// Nothing moves from now on; until `release` or for `length`.
    public func stall(_ direction: Direction, for length: Span? = nil) {
        core.change { $0.shapes[direction.rawValue].stalledUntil = Self.end(length) }
    }

    /// Swallows everything from now on; `release` or the end of `length` delivers it in one burst.
    public func hold(_ direction: Direction, for length: Span? = nil) {
        core.change { $0.shapes[direction.rawValue].heldUntil = Self.end(length) }
    }

    /// Ends a stall or a hold that was switched on by hand.
    public func release(_ direction: Direction) {
        core.change {
            $0.shapes[direction.rawValue].stalledUntil = nil
            $0.shapes[direction.rawValue].heldUntil = nil
        }
    }

    /// At most so many bits a second from now on; nil lifts the limit.
    public func limit(_ direction: Direction, bitsPerSecond: Double?) {
        core.change { $0.shapes[direction.rawValue].rate = bitsPerSecond ?? 0 }
    }

    /// Each read is delayed by a random length up to this one from now on; `.zero` ends it.
    public func jitter(_ direction: Direction, upTo length: Span) {
        core.change { $0.shapes[direction.rawValue].jitter = length }
    }

    /// Resets every connection.
    public func cut() { core.change { $0.cut() } }

    /// Resets new connections; until `accept` or for `length`.
    public func refuse(for length: Span? = nil) { core.change { $0.refusedUntil = Self.end(length) } }

    public func accept() { core.change { $0.refusedUntil = nil } }

    /// What went through so far.
    public struct Traffic: Sendable, Equatable {
        /// When the first byte of each direction was passed on.
        public var firstUp: HostTime?
        public var firstDown: HostTime?
        public var bytesUp = 0
        public var bytesDown = 0
        /// Connections that were accepted and passed on, and those that are still there.
        public var accepted = 0
        public var refused = 0
        public var live = 0
    }

    public var traffic: Traffic { core.traffic.withLock { $0 } }

    private static func end(_ length: Span?) -> HostTime {
        length.map { HostTime.now() + $0 } ?? HostTime(nanoseconds: .max)
    }
}
