// A wait for a moment that ends early when the work is over.

/// Shared by any number of threads.
public final class CancellableWait: Sendable {
    private let cancel: CancelFlag
    private let gate = Monitor(0)

    public init(_ cancel: CancelFlag) {
        self.cancel = cancel
        cancel.onSet { [gate] in gate.withLock { $0 += 1 } }
    }

    /// Waits until `deadline`. False when the work was cancelled before.
    @discardableResult
    public func wait(until deadline: HostTime) -> Bool {
        if deadline > .now() { _ = gate.wait(until: deadline) { _ in cancel.isSet ? true : nil } }
        return !cancel.isSet
    }
}
