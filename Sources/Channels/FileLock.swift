// One process at a time: a lock on a file, which the kernel takes back when its holder dies.
import Model

#if canImport(Glibc)
    import Glibc
#endif

struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Waits at most so long.
    /// - Throws: `timeout`, `cannot_create`.
    init(_ path: String, patience: Span, cancel: CancelFlag) throws(SluiceError) {
        // Not the property before all is well: the end of a value that was never whole must not close it once more.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw SluiceError(
                .cannotCreate, "cannot make the lock \(path)", why: SystemWords.of(errno), code: Int(errno))
        }
        let deadline = HostTime.now() + patience
        let pause = CancellableWait(cancel)
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let isOver = !pause.wait(until: min(.now() + .milliseconds(10), deadline)) || .now() >= deadline
            guard isOver else { continue }
            close(file)
            throw SluiceError(
                .timeout, "cannot take the lock \(path)",
                why: "another sluice has held it for \(Int(patience.seconds)) s")
        }
        descriptor = file
    }

    deinit { close(descriptor) }
}
