// A blocking queue between named threads. `Mutex` has no condition variable, so this is pthreads, here
// and nowhere else.
#if canImport(Glibc)
    import Glibc
#endif

/// First in, first out, with a cost bound (for instance nanoseconds of media). Safe from any thread.
public final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Safe because every access to the state below happens between lock and unlock.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element?] = []
    private var head = 0
    private var total = 0
    private var closed = false
    private let limit: Int
    private let cost: @Sendable (Element) -> Int

    /// - Parameters:
    ///   - limit: Greatest sum of costs; one element always fits into an empty queue.
    ///   - cost: Cost of an element, ≥ 0. Default: each counts 1.
    public init(limit: Int, cost: @escaping @Sendable (Element) -> Int = { _ in 1 }) {
        self.limit = limit
        self.cost = cost
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

    public enum PopResult { case element(Element), timedOut, closed }

    /// Waits for room until `deadline` (nil: for ever). Returns false when closed or out of time.
    @discardableResult
    public func push(_ element: Element, deadline: HostTime? = nil) -> Bool {
        lock()
        defer { unlock() }
        let price = cost(element)
        while !closed, count > 0, total + price > limit {
            if !wait(until: deadline) { return false }
        }
        guard !closed else { return false }
        append(element, price)
        return true
    }

    /// Adds without waiting, whatever the bound says; for elements that must not be lost.
    @discardableResult
    public func forcePush(_ element: Element) -> Bool {
        lock()
        defer { unlock() }
        guard !closed else { return false }
        append(element, cost(element))
        return true
    }

    /// Adds if there is room, else returns false at once.
    public func tryPush(_ element: Element) -> Bool {
        lock()
        defer { unlock() }
        let price = cost(element)
        guard !closed, count == 0 || total + price <= limit else { return false }
        append(element, price)
        return true
    }

    /// Takes the oldest element, waiting until `deadline` (nil: for ever).
    /// What was queued before `close` is still delivered.
    public func pop(deadline: HostTime? = nil) -> PopResult {
        lock()
        defer { unlock() }
        while count == 0 {
            if closed { return .closed }
            if !wait(until: deadline) { return count == 0 ? (closed ? .closed : .timedOut) : .element(take()) }
        }
        return .element(take())
    }

    public func tryPop() -> Element? {
        lock()
        defer { unlock() }
        return count == 0 ? nil : take()
    }

    /// Throws away what is queued and returns it.
    @discardableResult
    public func drain() -> [Element] {
        lock()
        defer { unlock() }
        let rest = elements[head...].compactMap { $0 }
        elements.removeAll(keepingCapacity: true)
        head = 0
        total = 0
        pthread_cond_broadcast(condition)
        return rest
    }

    /// No element is accepted from now on; waiting threads wake.
    public func close() {
        lock()
        closed = true
        pthread_cond_broadcast(condition)
        unlock()
    }

    /// Waits until the queue is closed or `deadline` has come.
    public func waitForClose(until deadline: HostTime) {
        lock()
        defer { unlock() }
        while !closed, wait(until: deadline) {}
    }

    public var isClosed: Bool {
        lock()
        defer { unlock() }
        return closed
    }

    /// Number of queued elements and the sum of their costs.
    public var depth: (count: Int, cost: Int) {
        lock()
        defer { unlock() }
        return (count, total)
    }

    private var count: Int { elements.count - head }
    private func lock() { pthread_mutex_lock(mutex) }
    private func unlock() { pthread_mutex_unlock(mutex) }

    private func append(_ element: Element, _ price: Int) {
        elements.append(element)
        total += price
        pthread_cond_broadcast(condition)
    }

    private func take() -> Element {
        guard let element = elements[head] else { preconditionFailure("an unread slot is never empty") }
        elements[head] = nil
        head += 1
        if head > 64, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        total -= cost(element)
        pthread_cond_broadcast(condition)
        return element
    }

    /// Returns false once `deadline` has passed.
    private func wait(until deadline: HostTime?) -> Bool {
        guard let deadline else {
            pthread_cond_wait(condition, mutex)
            return true
        }
        let ns = max(0, deadline.nanoseconds)
        var when = timespec(tv_sec: Int(ns / 1_000_000_000), tv_nsec: Int(ns % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &when) != ETIMEDOUT
    }
}
