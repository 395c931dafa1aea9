// A TCP server of blocking sockets for the tests of reconnecting: comes up on a port that it had before, counts
// who comes and when, and does to each connection what a closure says.
import Glibc
import Model
import Synchronization
import TestSupport

/// Listens on 127.0.0.1 until `stop`, which resets all connections, or until its owner goes.
final class PlainServer: Sendable {
    /// One connection, on a thread of its own; closed when the closure returns.
    struct Visitor: Sendable {
        let index: Int
        let descriptor: Int32
        let wait: CancellableWait

        /// Reads to the end of an HTTP head.
        func readHead() -> Bool {
            var head: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 4096)
            while !head.suffix(4).elementsEqual([13, 10, 13, 10]), head.count < 1 << 16 {
                let count = recv(descriptor, &block, block.count, 0)
                guard count > 0 else { return false }
                head += block[..<count]
            }
            return true
        }

        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        func send(_ text: String) { send(Array(text.utf8)) }
        /// Keeps the connection for so long; less when the server stops.
        func hold(_ time: Span) { wait.wait(until: .now() + time) }
        /// Until the visitor has gone or the server stops.
        func holdWhileOpen() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    private struct State: Sendable {
        var open: Set<Int32> = []
        var arrivals: [HostTime] = []
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let cancel = CancelFlag()
    private let state: Monitor<State>

    init(port: Int = 0, _ serve: @escaping @Sendable (Visitor) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw LabError("no socket: errno \(errno)") }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listener, raw, size) != 0 || listen(listener, 64) != 0
                    || getsockname(listener, raw, &size) != 0
            }
        }
        guard !failed else {
            Glibc.close(listener)
            throw LabError("port \(port): errno \(errno)")
        }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        self.listener = listener
        let state = Monitor(State())
        self.state = state
        let wait = CancellableWait(cancel)
        _ = NamedThread("test-server") {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                let index = state.withLock { state -> Int? in
                    guard !state.isStopped else { return nil }
                    state.open.insert(descriptor)
                    state.arrivals.append(.now())
                    return state.arrivals.count - 1
                }
                guard let index else {
                    Glibc.close(descriptor)
                    continue
                }
                _ = NamedThread("test-visitor") {
                    serve(Visitor(index: index, descriptor: descriptor, wait: wait))
                    state.withLock { state in
                        state.open.remove(descriptor)
                        Glibc.close(descriptor)
                    }
                }
            }
            Glibc.close(listener)
        }
    }

    deinit { stop() }

    /// When each connection was accepted.
    var arrivals: [HostTime] { state.read(\.arrivals) }
    var openConnections: Int { state.read(\.open.count) }

    /// Nobody listens any more, and connections are reset.
    func stop() {
        cancel.set()
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for descriptor in state.open {
                var hard = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}
