// A blocking queue between named threads, bounded by a cost, for instance nanoseconds of media.

/// First in, first out. Safe from any thread.
/// Inlinable, as `Monitor` is and for the same reason.
public final class BoundedQueue<Element: Sendable>: Sendable {
    @usableFromInline struct State {
        @usableFromInline var elements: [Element?] = []
        @usableFromInline var head = 0
        @usableFromInline var total = 0
        @usableFromInline var isClosed = false
        @inlinable init() {}
        @inlinable var count: Int { elements.count - head }
    }

    @usableFromInline let state = Monitor(State())
    @usableFromInline let limit: Int
    @usableFromInline let cost: @Sendable (Element) -> Int

    /// - Parameters:
    ///   - limit: Greatest sum of costs; one element always fits into an empty queue.
    ///   - cost: Cost of an element, ≥ 0. Default: each counts 1.
    public init(limit: Int, cost: @escaping @Sendable (Element) -> Int = { _ in 1 }) {
        self.limit = limit
        self.cost = cost
    }

    public enum PopResult { case element(Element), timedOut, closed }

    /// Waits for room until `deadline` (nil: for ever). Returns false when closed or out of time.
    @inlinable @discardableResult
    public func push(_ element: Element, deadline: HostTime? = nil) -> Bool {
        state.wait(until: deadline) { state -> Bool? in
            if state.isClosed { return false }
            return fits(element, state) ? append(element, &state) : nil
        } ?? false
    }

    /// Adds without waiting, whatever the bound says; for elements that must not be lost.
    @inlinable @discardableResult
    public func forcePush(_ element: Element) -> Bool {
        state.withLock { state in state.isClosed ? false : append(element, &state) }
    }

    /// Adds if there is room, else returns false at once.
    @inlinable
    public func tryPush(_ element: Element) -> Bool {
        state.withLock { state in
            !state.isClosed && fits(element, state) ? append(element, &state) : false
        }
    }

    /// Takes the oldest element, waiting until `deadline` (nil: for ever).
    /// What was queued before `close` is still delivered.
    @inlinable
    public func pop(deadline: HostTime? = nil) -> PopResult {
        state.wait(until: deadline) { state -> PopResult? in
            if state.count > 0 { return .element(take(&state)) }
            return state.isClosed ? .closed : nil
        } ?? .timedOut
    }

    @inlinable
    public func tryPop() -> Element? {
        state.withLock { state in state.count == 0 ? nil : take(&state) }
    }

    /// Throws away what is queued and returns it.
    @inlinable @discardableResult
    public func drain() -> [Element] {
        state.withLock { state in
            let rest = state.elements[state.head...].compactMap { $0 }
            state.elements.removeAll(keepingCapacity: true)
            state.head = 0
            state.total = 0
            return rest
        }
    }

    /// No element is accepted from now on; waiting threads wake.
    public func close() { state.withLock { $0.isClosed = true } }

    /// Waits until the queue is closed or `deadline` has come.
    public func waitForClose(until deadline: HostTime) {
        _ = state.wait(until: deadline) { $0.isClosed ? true : nil }
    }

    // Not a key path: in generic code one is built anew at each call, and that took 12 000 instructions.
    public var isClosed: Bool { state.read { $0.isClosed } }

    /// Number of queued elements and the sum of their costs.
    public var depth: (count: Int, cost: Int) { state.read { ($0.count, $0.total) } }

    @inlinable
    func fits(_ element: Element, _ state: State) -> Bool {
        state.count == 0 || state.total + cost(element) <= limit
    }

    @inlinable
    func append(_ element: Element, _ state: inout State) -> Bool {
        state.elements.append(element)
        state.total += cost(element)
        return true
    }

    @inlinable
    func take(_ state: inout State) -> Element {
        guard let element = state.elements[state.head] else {
            preconditionFailure("an unread slot is never empty")
        }
        state.elements[state.head] = nil
        state.head += 1
        if state.head > 64, state.head * 2 > state.elements.count {
            state.elements.removeFirst(state.head)
            state.head = 0
        }
        state.total -= cost(element)
        return element
    }
}
