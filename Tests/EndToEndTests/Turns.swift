// Tests that watch the clock take turns: on a machine of two cores, eighty pushes and plays at once would only
// measure each other.
import Synchronization
import Testing

/// At most a few of the cases so marked run at the same time.
struct TakesTurns: SuiteTrait, TestTrait, TestScoping {
    fileprivate let gate: Turnstile
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await gate.enter()
        defer { gate.leave() }
        try await function()
    }
}

extension Trait where Self == TakesTurns {
    static var takesTurns: Self { TakesTurns(gate: .shared) }
    /// For cases that watch the clock and hardly compute: many at once, beside those that take turns.
    static var inCrowd: Self { TakesTurns(gate: .crowd) }
}

private final class Turnstile: Sendable {
    static let shared = Turnstile(places: 3)
    static let crowd = Turnstile(places: 10)
    private struct State: Sendable {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>

    init(places: Int) { state = Mutex(State(free: places)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let mayEnter = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mayEnter { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
