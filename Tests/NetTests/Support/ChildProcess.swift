import Synchronization

// Programs that tests run beside themselves: started, watched and ended by process id.
#if canImport(Glibc)
    import Glibc
#endif

/// One child. `stop` or `wait` must be called before the test ends.
final class ChildProcess: Sendable {
    let pid: pid_t
    private let status = Mutex<Int32?>(nil)

    struct CannotStart: Error { var program: String }

    /// - Parameter output: File that takes stdout and stderr; nil: /dev/null.
    init(_ arguments: [String], output: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output ?? "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        argv.append(nil)
        defer { for pointer in argv { free(pointer) } }
        var child = pid_t()
        guard posix_spawnp(&child, arguments[0], &actions, nil, &argv, environ) == 0 else {
            throw CannotStart(program: arguments[0])
        }
        pid = child
    }

    /// Blocks until it has ended; returns its exit status, or 128 + signal.
    @discardableResult
    func wait() -> Int32 {
        status.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            let code = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
            known = code
            return code
        }
    }

    func stop(_ signal: Int32 = SIGTERM) {
        guard status.withLock({ $0 == nil }) else { return }
        kill(pid, signal)
        wait()
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String], output: String? = nil) throws -> Int32 {
        try ChildProcess(arguments, output: output).wait()
    }
}

/// A new directory that servers running as "nobody" can read.
func temporaryDirectory() -> String {
    var template = Array("/tmp/sluice-net-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { return "/tmp" }
    chmod(path, 0o755)
    return String(cString: path)
}

/// Removes a directory made by `temporaryDirectory`.
func removeDirectory(_ path: String) {
    guard path.hasPrefix("/tmp/sluice-net-") else { return }
    _ = try? ChildProcess.run(["rm", "-rf", path])
}

func writeFile(_ path: String, _ text: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    let bytes = Array(text.utf8)
    _ = write(file, bytes, bytes.count)
    close(file)
}

func readFile(_ path: String) -> String {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = read(file, &chunk, chunk.count), count > 0 { out += chunk[..<count] }
    return String(decoding: out, as: UTF8.self)
}
