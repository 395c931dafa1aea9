// Threads with names, for calls that block. ARCHITECTURE.md lists every one of them.
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A thread. The body runs once. Joined at most once; a thread that nobody joins gives its stack back by
/// itself, once it has ended and this object is gone.
public final class NamedThread: Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic<Bool>(false)

    /// - Parameter name: At most 15 bytes, as the kernel keeps them; shown by `top -H` and debuggers.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        // Safe because `threadEntry` takes this reference back, exactly once.
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        var created = pthread_t()
        let status = pthread_create(&created, nil, threadEntry, box.toOpaque())
        precondition(status == 0, "the system has no room for another thread")
        handle = created
    }

    deinit { if !isJoined.load(ordering: .acquiring) { pthread_detach(handle) } }

    /// Waits until the body has returned. From another thread, once.
    public func join() {
        guard !isJoined.exchange(true, ordering: .acquiringAndReleasing) else { return }
        pthread_join(handle, nil)
    }
}

private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func threadEntry(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    // Safe because the pointer was retained for exactly this call.
    let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
    nameThisThread(body.name)
    body.run()
    return nil
}

/// glibc declares pthread_setname_np only for C, so the name goes through the kernel's file.
private func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(file, bytes, bytes.count)
    close(file)
}
