// State with a lock and a condition, for threads that wait for each other. `Mutex` has no condition
// variable, so this is pthreads, here and nowhere else.
#if canImport(Glibc)
    public import Glibc
#endif

/// Guards `State`; every change wakes the waiting threads, which look again at what they wait for.
/// Inlinable, as packets pass a dozen of these: without it each one costs generic calls and a copy of the state.
public final class Monitor<State>: @unchecked Sendable {
    // Safe because `state` is touched only between lock and unlock.
    @usableFromInline let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @usableFromInline let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    @usableFromInline var state: State

    public init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state and wakes whoever waits. `body` must not block or come back here.
    @inlinable @discardableResult
    public func withLock<Result, Failure>(_ body: (inout State) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Reads the state without waking anybody.
    @inlinable
    public func read<Result>(_ body: (State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(state)
    }

    /// Waits until `attempt` returns a value or `deadline` passes (nil: for ever; `.zero`: looks once).
    /// - Parameter attempt: Called under the lock, again after each change; may change the state.
    @inlinable
    public func wait<Result>(until deadline: HostTime?, _ attempt: (inout State) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = attempt(&state) {
                pthread_cond_broadcast(condition)
                return result
            }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            let ns = deadline.nanoseconds
            // Who only looks need not go through the kernel.
            if ns <= 0 { return nil }
            var when = timespec(tv_sec: Int(ns / 1_000_000_000), tv_nsec: Int(ns % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &when) == ETIMEDOUT { return attempt(&state) }
        }
    }
}
