// One-way stop signals, readable from any thread and from C callbacks.
import Synchronization

/// Set once, never cleared. Every blocking call watches one.
public final class CancelFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    private struct Handlers {
        var next = 0
        var waiting: [Int: @Sendable () -> Void] = [:]
    }
    private let handlers = Mutex(Handlers())
    public init() {}
    public var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Sets the flag and runs the handlers, once.
    public func set() {
        guard !flag.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let waiting = handlers.withLock { handlers in
            defer { handlers.waiting = [:] }
            return handlers.waiting
        }
        for (_, handler) in waiting.sorted(by: { $0.key < $1.key }) { handler() }
    }

    /// Runs `handler` when the flag is set; at once if it already is. The handler must not block.
    /// - Returns: What `forget` takes; nil when the handler has run already.
    @discardableResult
    public func onSet(_ handler: @escaping @Sendable () -> Void) -> Int? {
        let token = handlers.withLock { handlers -> Int? in
            if flag.load(ordering: .acquiring) { return nil }
            handlers.next += 1
            handlers.waiting[handlers.next] = handler
            return handlers.next
        }
        if token == nil { handler() }
        return token
    }

    /// Lets go of a handler whose owner ends before the flag is set.
    public func forget(_ token: Int?) {
        guard let token else { return }
        handlers.withLock { _ = $0.waiting.removeValue(forKey: token) }
    }
}
