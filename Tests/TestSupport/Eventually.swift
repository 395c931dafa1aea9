public import Model

// Waiting for something to become true, with a deadline. The only place of the tests that lets time pass.
#if canImport(Glibc)
    import Glibc
#endif

/// Waits until `condition` holds. Returns false when `limit` passes first.
/// Looks every few milliseconds and gives the thread back in between.
public func eventually(
    within limit: Span, every pause: Span = .milliseconds(5), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = HostTime.now() + limit
    while true {
        if try await condition() { return true }
        if HostTime.now() >= deadline { return false }
        do { try await Task.sleep(for: .nanoseconds(pause.nanoseconds)) } catch { return false }
    }
}

/// Waits until `value` is there and returns it, or nil when `limit` passes first.
public func firstValue<Value>(
    within limit: Span, every pause: Span = .milliseconds(5), _ value: () async throws -> Value?
) async rethrows -> Value? {
    var found: Value?
    _ = try await eventually(within: limit, every: pause) {
        found = try await value()
        return found != nil
    }
    return found
}

/// Lets `length` pass; for observing that something does NOT happen.
public func watch(for length: Span) async {
    _ = await eventually(within: length, every: .milliseconds(10)) { false }
}
