import Synchronization

// Ports that nobody listens on. A port is only free at the moment it is asked for: servers of our own
// bind port 0 instead; this is for peers that must be told a number.
#if canImport(Glibc)
    import Glibc
#endif

public enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    /// A TCP port on 127.0.0.1, below the kernel's ephemeral range's reuse and never given out twice by
    /// this process.
    public static func tcp() throws -> Int {
        for _ in 0..<64 {
            let port = try bound()
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw LabError("no free port")
    }

    /// The same for UDP.
    public static func udp() throws -> Int {
        for _ in 0..<64 {
            let port = try bound(SOCK_DGRAM)
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw LabError("no free port")
    }

    /// True when something accepts connections there.
    public static func answers(_ port: Int) -> Bool {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        var address = loopback(port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(handle, $0, size) } == 0
        }
    }

    private static func bound(_ kind: __socket_type = SOCK_STREAM) throws -> Int {
        let handle = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard handle >= 0 else { throw LabError("no socket: errno \(errno)") }
        defer { close(handle) }
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Int32 in
                let failed = bind(handle, raw, size)
                return failed != 0 ? failed : getsockname(handle, raw, &size)
            }
        }
        guard status == 0 else { throw LabError("no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
