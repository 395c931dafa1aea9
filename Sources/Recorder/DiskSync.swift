// Has the disk keep what was written, about once a second, without the writer waiting for it.
import Model

/// One thread of its own, `record-sync`, as long as the object is not closed.
final class DiskSync: Sendable {
    private struct State {
        var dirty: [SegmentBytes] = []
        var isClosed = false
        var failure: Int32 = 0
    }
    private let state = Monitor(State())
    private let thread: NamedThread

    private static let interval = Span.milliseconds(500)

    init() {
        let state = state
        thread = NamedThread("record-sync") {
            while let batch = Self.next(state) {
                let began = HostTime.now()
                for bytes in batch {
                    let code = bytes.sync()
                    if code != 0 { state.withLock { $0.failure = code } }
                }
                _ = state.wait(until: began + Self.interval) { $0.isClosed ? true : nil }
            }
        }
    }

    private static func next(_ state: Monitor<State>) -> [SegmentBytes]? {
        state.wait(until: nil) { state -> [SegmentBytes]?? in
            if state.dirty.isEmpty { return state.isClosed ? .some(nil) : nil }
            defer { state.dirty = [] }
            return state.dirty
        } ?? nil
    }

    /// Something was written to that file.
    func note(_ bytes: SegmentBytes) {
        state.withLock { state in
            if !state.dirty.contains(where: { $0 === bytes }) { state.dirty.append(bytes) }
        }
    }

    /// errno of what the disk could not keep; 0 where it could.
    var failure: Int32 { state.read(\.failure) }

    /// Waits for what is under way.
    func close() {
        state.withLock { $0.isClosed = true }
        thread.join()
    }
}
