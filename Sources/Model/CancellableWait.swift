// A wait for a moment that ends early when the work is over.
#if canImport(Glibc)
    import Glibc
#endif

/// Shared by any number of threads.
public final class CancellableWait: Sendable {
    private let cancel: CancelFlag
    private let gate = Monitor(0)

    /// A wait as short as this is simply slept through: an end of the work comes that much later, and the wait
    /// is one system call instead of two (whoever comes back from a condition variable marks its mutex as
    /// contended, and unlocking it then asks the kernel). A pacer waits like this for every packet.
    static let shortest = Span.milliseconds(50)

    public init(_ cancel: CancelFlag) {
        self.cancel = cancel
        cancel.onSet { [gate] in gate.withLock { $0 += 1 } }
    }

    /// Waits until `deadline`. False when the work was cancelled before.
    @discardableResult
    public func wait(until deadline: HostTime) -> Bool {
        let left = deadline - .now()
        if left > Self.shortest {
            _ = gate.wait(until: deadline) { _ in cancel.isSet ? true : nil }
        } else if left > .zero, !cancel.isSet {
            let (seconds, rest) = deadline.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            var moment = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
            while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, nil) == EINTR, !cancel.isSet {}
        }
        return !cancel.isSet
    }
}
