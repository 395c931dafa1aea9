// Threads with names, for calls that block. ARCHITECTURE.md lists every one of them.
#if canImport(Glibc)
    import Glibc
#endif

/// A joinable thread. The body runs once; `join` must be called exactly once, from another thread.
public final class NamedThread: Sendable {
    private let handle: pthread_t

    /// - Parameter name: At most 15 bytes, as the kernel keeps them; shown by `top -H` and debuggers.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        // Safe because `threadEntry` takes this reference back, exactly once.
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        var created = pthread_t()
        let status = pthread_create(&created, nil, threadEntry, box.toOpaque())
        precondition(status == 0, "the system has no room for another thread")
        handle = created
    }

    /// Waits until the body has returned.
    public func join() { pthread_join(handle, nil) }
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
