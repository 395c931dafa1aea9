// One-way stop signals, readable from any thread and from C callbacks.
import Synchronization

/// Set once, never cleared. Every blocking call watches one.
public final class CancelFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    private let handlers = Mutex<[@Sendable () -> Void]>([])
    public init() {}
    public var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Sets the flag and runs the handlers, once.
    public func set() {
        guard !flag.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let waiting = handlers.withLock { list in
            defer { list = [] }
            return list
        }
        for handler in waiting { handler() }
    }

    /// Runs `handler` when the flag is set; at once if it already is. The handler must not block.
    public func onSet(_ handler: @escaping @Sendable () -> Void) {
        let runNow = handlers.withLock { list in
            if flag.load(ordering: .acquiring) { return true }
            list.append(handler)
            return false
        }
        if runNow { handler() }
    }
}
