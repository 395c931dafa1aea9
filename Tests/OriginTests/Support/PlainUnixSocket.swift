// A Unix socket by hand: an origin that does not answer, a client that does not ask properly.
import Model
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

final class PlainUnixSocket: Sendable {
    private let handle: Int32

    /// - Parameter staysAlive: False leaves the file without a listener, as a killed process does.
    init(listeningAt path: String, staysAlive: Bool = true) throws {
        handle = try Self.made(path) { bind($0, $1, $2) }
        guard staysAlive else { return }
        guard listen(handle, 0) == 0 else { throw LabError("cannot listen: errno \(errno)") }
    }

    init(connectingTo path: String) throws {
        handle = try Self.made(path, nonBlocking: true) { connect($0, $1, $2) }
    }

    deinit { close(handle) }

    private static func made(
        _ path: String, nonBlocking: Bool = false,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        if nonBlocking { kind |= Int32(SOCK_NONBLOCK.rawValue) }
        let handle = socket(AF_UNIX, kind, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(107)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(handle)
            throw LabError("no Unix socket at \(path): errno \(code)")
        }
        return handle
    }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(handle, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Whether the other side hangs up; what it says is read away.
    func isClosedByPeer(within limit: Span) -> Bool {
        var block = [UInt8](repeating: 0, count: 4096)
        var entry = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, Int32(limit.milliseconds)) > 0 {
            if recv(handle, &block, block.count, 0) <= 0 { return true }
        }
        return false
    }

    /// Takes one client, reads a little, answers with `text` and hangs up.
    func acceptAndClose(saying text: String) {
        let client = accept(handle, nil, nil)
        guard client >= 0 else { return }
        var block = [UInt8](repeating: 0, count: 4096)
        _ = recv(client, &block, block.count, 0)
        if !text.isEmpty { _ = Glibc.send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
        close(client)
    }
}
