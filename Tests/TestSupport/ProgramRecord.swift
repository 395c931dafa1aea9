import Model
import Synchronization

// What is known of a running program, and the thread that finds it out. Only `Program` uses this.
#if canImport(Glibc)
    import Glibc
#endif

/// Pipe ends by who holds them.
enum ProgramPipes {
    typealias Ends = (child: (descriptor: Int32, isOurs: Bool), parent: Int32?)

    static func input(_ input: Program.Input) throws -> Ends {
        switch input {
        case .null: return ((try opened("/dev/null", O_RDONLY), true), nil)
        case .bytes, .pipe:
            let pipe = try makePipe()
            return ((pipe.read, true), pipe.write)
        }
    }

    static func output(_ output: Program.Output) throws -> Ends {
        switch output {
        case .collect:
            let pipe = try makePipe()
            return ((pipe.write, true), pipe.read)
        case .closed:
            let pipe = try makePipe()
            close(pipe.read)
            return ((pipe.write, true), nil)
        case .file(let path): return ((try opened(path, O_WRONLY | O_CREAT | O_TRUNC), true), nil)
        case .descriptor(let descriptor): return ((descriptor, false), nil)
        }
    }

    private static func opened(_ path: String, _ flags: Int32) throws -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LabError("cannot open \(path): errno \(errno)") }
        return descriptor
    }
}

final class ProgramRecord: Sendable {
    struct State: Sendable {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var exit: ProgramExit?
        var usage: Program.Usage?
        var endedAt: HostTime?
        /// Ended, and everything it said has been read.
        var isComplete = false
        var inputTaken = false
    }

    private let pid: pid_t
    private let limit: Int
    private let state = Mutex(State())

    init(pid: pid_t, limit: Int) {
        self.pid = pid
        self.limit = limit
    }

    var snapshot: State { state.withLock { $0 } }

    /// True for the first caller only, who may then close the program's stdin.
    func takeInput() -> Bool {
        state.withLock { state in
            defer { state.inputTaken = true }
            return !state.inputTaken
        }
    }

    /// Under the lock, so that a reaped pid, which may belong to somebody else by then, gets no signal.
    func signal(_ number: Int32) {
        state.withLock { state in
            if state.exit == nil { Glibc.kill(pid, number) }
        }
    }

    /// The group keeps the leader's number for as long as one member lives, so a late kill of what a finished
    /// leader left behind hits only its own children or nobody.
    func killGroup() {
        state.withLock { state in
            if state.exit == nil || !state.isComplete { Glibc.kill(-pid, SIGKILL) }
        }
    }

    /// The listening thread: reads both pipes to their ends, and reaps.
    func listen(output: Int32?, errors: Int32?) {
        var open = [(output, true), (errors, false)].compactMap { end, isOutput in end.map { ($0, isOutput) } }
        var block = [UInt8](repeating: 0, count: 1 << 16)
        var lastWord: HostTime?
        while true {
            var polled = open.map { pollfd(fd: $0.0, events: Int16(POLLIN), revents: 0) }
            // Short, because the end of the process is looked for in between.
            poll(&polled, nfds_t(polled.count), 5)
            for entry in polled where entry.revents != 0 {
                let count = read(entry.fd, &block, block.count)
                if count > 0, let end = open.first(where: { $0.0 == entry.fd }) {
                    keep(block[..<count], isOutput: end.1)
                } else if count == 0 || errno != EINTR {
                    close(entry.fd)
                    open.removeAll { $0.0 == entry.fd }
                }
            }
            if reap(), lastWord == nil { lastWord = HostTime.now() + .milliseconds(300) }
            // Grandchildren may hold the pipes open after the program itself has gone.
            if let lastWord, open.isEmpty || HostTime.now() > lastWord { break }
        }
        for end in open { close(end.0) }
        Glibc.kill(-pid, SIGKILL)
        state.withLock { $0.isComplete = true }
    }

    private func keep(_ bytes: ArraySlice<UInt8>, isOutput: Bool) {
        state.withLock { state in
            if isOutput {
                state.output += bytes.prefix(max(0, limit - state.output.count))
            } else {
                state.errors += bytes.prefix(max(0, limit - state.errors.count))
            }
        }
    }

    /// True once the program has ended.
    private func reap() -> Bool {
        state.withLock { state in
            if state.exit != nil { return true }
            var status: Int32 = 0
            var spent = rusage()
            guard wait4(pid, &status, WNOHANG, &spent) == pid else { return false }
            state.endedAt = HostTime.now()
            state.usage = Program.Usage(user: span(spent.ru_utime), system: span(spent.ru_stime))
            let killer = status & 0x7F
            state.exit = killer == 0 ? .exited((status >> 8) & 0xFF) : .signalled(killer)
            return true
        }
    }

    private func span(_ time: timeval) -> Span {
        Span(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000)
    }
}
