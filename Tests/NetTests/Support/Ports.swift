// Ports that nobody listens on, and ports for servers that cannot pick their own.
#if canImport(Glibc)
    import Glibc
#endif

/// Bound but not listening for as long as it lives: a connection attempt is refused, and nobody else gets it.
final class MutePort: Sendable {
    private let socket: Int32
    let number: Int

    struct CannotBind: Error {}

    init() throws {
        guard let (socket, number) = bound(to: 0) else { throw CannotBind() }
        self.socket = socket
        self.number = number
    }

    deinit { Glibc.close(socket) }
}

/// A port that is free now, outside the range that the kernel hands out by itself.
func freePort() throws -> Int {
    for _ in 0..<100 {
        if let (socket, number) = bound(to: UInt16.random(in: 10000..<30000)) {
            Glibc.close(socket)
            return number
        }
    }
    throw MutePort.CannotBind()
}

private func bound(to port: UInt16) -> (socket: Int32, port: Int)? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(socket, pointer, length) == 0 ? getsockname(socket, pointer, &length) : -1
        }
    }
    guard status == 0 else {
        Glibc.close(socket)
        return nil
    }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
}
