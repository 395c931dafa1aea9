import Model
import Synchronization

// Starting a child that cannot outlive the test process. Only `Program` uses this.
#if canImport(Glibc)
    import Glibc
#endif

/// What a child is started with. Descriptors are duplicated to 0, 1 and 2; the caller keeps its own.
struct ChildPlan: Sendable {
    var words: [String]
    var environment: [String: String?]
    var directory: String?
    var input: Int32
    var output: Int32
    var errors: Int32
}

/// Every child is started by one thread that never ends: the kernel's parent-death signal goes by
/// thread, and a pool thread may end long before the test does.
enum ChildProcess {
    private enum Outcome: Sendable { case started(pid_t), failed(Int32) }
    private typealias Job = @Sendable () -> Void
    private static let jobs = BoundedQueue<Job>(limit: 1024)
    private static let spawner = NamedThread("test-spawner") {
        // A child that closes its stdin early must not end the test process.
        signal(SIGPIPE, SIG_IGN)
        while case .element(let job) = jobs.pop() { job() }
    }

    /// Starts a child in a process group of its own.
    static func start(_ plan: ChildPlan) throws -> pid_t {
        _ = spawner
        let answer = BoundedQueue<Outcome>(limit: 1)
        jobs.push { answer.push(spawn(plan)) }
        switch answer.pop() {
        case .element(.started(let pid)): return pid
        case .element(.failed(let code)): throw LabError("cannot start \(plan.words.first ?? "?"): errno \(code)")
        default: throw LabError("cannot start \(plan.words.first ?? "?")")
        }
    }

    private static func spawn(_ plan: ChildPlan) -> Outcome {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, plan.input, 0)
        posix_spawn_file_actions_adddup2(&actions, plan.output, 1)
        posix_spawn_file_actions_adddup2(&actions, plan.errors, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        // setpriv and env replace themselves by the program, so the pid is the program's.
        let place = plan.directory.map { ["env", "-C", $0] } ?? []
        let words = ["setpriv", "--pdeathsig", "KILL", "--"] + place + plan.words
        var variables: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let text = String(cString: entry)
            if let mark = text.firstIndex(of: "=") {
                variables[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            cursor += 1
        }
        for (name, value) in plan.environment { variables[name] = value }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + settings { free(text) } }
        var pid = pid_t()
        let status = descriptors.withLock { _ in
            keepDescriptorsFromChildren()
            return posix_spawnp(&pid, "setpriv", &actions, &attributes, &arguments, &settings)
        }
        return status == 0 ? .started(pid) : .failed(status)
    }
}

/// Held while a pipe is made and while a child starts: glibc declares pipe2 only for C, and between pipe and
/// fcntl no child may be born that would keep the pipe open.
private let descriptors = Mutex(())

/// A pipe that no child inherits by accident.
func makePipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    let status = descriptors.withLock { _ in
        let status = pipe(&ends)
        for end in ends where status == 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return status
    }
    guard status == 0 else { throw LabError("no pipe: errno \(errno)") }
    return (ends[0], ends[1])
}

/// Sockets of other tests come from libraries that do not mark them; a child that holds a copy of one would keep
/// it open after its owner has closed it.
private func keepDescriptorsFromChildren() {
    for name in fileNames(in: "/proc/self/fd") {
        if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }
}
