// Which process a number means. Numbers are used again, after hours or after a reboot; with the moment of its start
// and the boot it belongs to, a process is not taken for another.
import Model

#if canImport(Glibc)
    import Glibc
#endif

public struct ProcessIdentity: Sendable, Hashable {
    public let pid: Int32
    /// Ticks from boot to its start, as in /proc.
    public let start: Int64
    /// The kernel's name for the time since the machine came up.
    public let boot: String

    init(pid: Int32, start: Int64, boot: String) {
        self.pid = pid
        self.start = start
        self.boot = boot
    }

    /// The process that has this number now; nil when there is none, or only its remains.
    public init?(pid: Int32) {
        guard pid > 0, let facts = Self.facts(pid), !facts.isDead else { return nil }
        self.init(pid: pid, start: facts.start, boot: Self.currentBoot)
    }

    public static var current: ProcessIdentity? { ProcessIdentity(pid: getpid()) }

    public var isAlive: Bool {
        guard boot == Self.currentBoot, let facts = Self.facts(pid) else { return false }
        return facts.start == start && !facts.isDead
    }

    /// Sends a signal, if the process is still this one.
    func send(_ number: Int32) { if isAlive { kill(pid, number) } }

    /// Waits for its end. False when it is still there.
    func waitForEnd(within limit: Span) -> Bool {
        let deadline = HostTime.now() + limit
        while isAlive {
            // Ours to bury, when it is a child of this process.
            waitpid(pid, nil, WNOHANG)
            if .now() >= deadline { return !isAlive }
            poll(nil, 0, 5)
        }
        waitpid(pid, nil, WNOHANG)
        return true
    }

    /// Fields 3 and 22 of /proc/PID/stat.
    private static func facts(_ pid: Int32) -> (start: Int64, isDead: Bool)? {
        guard let bytes = SmallFile.read("/proc/\(pid)/stat") else { return nil }
        // The second field is the program's name in brackets and may hold blanks.
        guard let bracket = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(bracket + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let start = Int64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
        return (start, fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X"))
    }

    private static let currentBoot: String = {
        let bytes = SmallFile.read("/proc/sys/kernel/random/boot_id") ?? []
        return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }()
}

enum SmallFile {
    /// At most 64 KiB of it; nil when it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(file, &buffer, buffer.count)
        return count >= 0 ? Array(buffer[..<count]) : nil
    }
}
