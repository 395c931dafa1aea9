public import Model
import Synchronization

// Notices when the machine stands still. A test that judges arrival cannot tell a stall of the stream from one of
// the machine it runs on: what was measured meanwhile says nothing and is measured again.

/// Ticks on a thread of its own until its owner goes.
public final class Metronome: Sendable {
    private final class Box: Sendable { let value = Mutex(Span.zero) }
    private let stopped = CancelFlag()
    private let latest = Box()
    private static let tick = Span.milliseconds(10)

    public init() {
        let (stopped, latest) = (stopped, latest)
        _ = NamedThread("test-metronome") {
            let pause = CancellableWait(stopped)
            while true {
                let due = HostTime.now() + Self.tick
                guard pause.wait(until: due) else { return }
                let late = HostTime.now() - due
                latest.value.withLock { $0 = max($0, late) }
            }
        }
    }

    deinit { stopped.set() }

    /// How late the latest tick was so far.
    public var worst: Span { latest.value.withLock(\.self) }

    /// Does the work again, twice at most, when the machine stood still for `limit` meanwhile.
    public static func undisturbed<Value: Sendable>(
        limit: Span = .milliseconds(120), _ work: () async throws -> Value
    ) async throws -> Value {
        for _ in 1...2 {
            let metronome = Metronome()
            let value = try await work()
            if metronome.worst < limit { return value }
        }
        return try await work()
    }
}
