public import Model

// A plain blocking TCP client with deadlines, for tests that look at bytes and times themselves.
#if canImport(Glibc)
    import Glibc
#endif

/// One connection to 127.0.0.1. Not to be used from two threads at once.
public final class RawClient: @unchecked Sendable {
    // Safe because it is used from one test at a time; the descriptor never changes.
    private let handle: Int32

    /// - Parameter kernelBuffer: Size of the socket's own buffers, when the test needs them small.
    public init(port: Int, kernelBuffer: Int32? = nil) throws {
        handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard handle >= 0 else { throw LabError("no socket: errno \(errno)") }
        if var size = kernelBuffer {
            setsockopt(handle, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = FreePort.loopback(port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(handle, $0, size) }
        }
        guard status == 0 else {
            let code = errno
            close(handle)
            throw LabError("cannot connect to port \(port): errno \(code)")
        }
    }

    deinit { close(handle) }

    /// Sends as much as is taken until the deadline; returns how many bytes that was.
    public func send(_ bytes: [UInt8], within limit: Span = .seconds(5)) -> Int {
        let deadline = HostTime.now() + limit
        var sent = 0
        while sent < bytes.count, ready(POLLOUT, deadline) {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    public enum Received: Equatable, Sendable { case bytes([UInt8]), ended, reset, nothing }

    /// The next bytes, or how the connection ended, or `.nothing` at the deadline.
    public func receive(within limit: Span = .seconds(5), atMost count: Int = 1 << 16) -> Received {
        guard ready(POLLIN, HostTime.now() + limit) else { return .nothing }
        var block = [UInt8](repeating: 0, count: count)
        let got = recv(handle, &block, block.count, 0)
        if got > 0 { return .bytes(Array(block[..<got])) }
        return got == 0 ? .ended : .reset
    }

    /// Reads until `count` bytes are there, the connection ends or the deadline passes.
    public func receive(exactly count: Int, within limit: Span) -> [UInt8] {
        let deadline = HostTime.now() + limit
        var bytes: [UInt8] = []
        while bytes.count < count {
            let left = deadline - HostTime.now()
            guard left > .zero, case .bytes(let more) = receive(within: left, atMost: count - bytes.count) else {
                break
            }
            bytes += more
        }
        return bytes
    }

    /// Sends FIN; receiving goes on.
    public func finishSending() { shutdown(handle, Int32(SHUT_WR)) }

    private func ready(_ what: Int32, _ deadline: HostTime) -> Bool {
        while true {
            var entry = pollfd(fd: handle, events: Int16(what), revents: 0)
            let left = max(0, (deadline - HostTime.now()).milliseconds.rounded(.up))
            let found = poll(&entry, 1, Int32(min(left, 1e6)))
            if found >= 0 || errno != EINTR { return found > 0 }
        }
    }
}
