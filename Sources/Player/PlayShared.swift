// What the stages leave for the initial thread.
import Model
import Screen

final class PlayShared: Sendable {
    struct State {
        var sink: (any AudioSink)?
        /// The last sample has been queued, or there is no sound.
        var soundDone = false
        var failure: SluiceError?
        var waker: (any Waker)?
    }
    // Not a Mutex: by this the stages hand each other what they have made, and the thread sanitizer is to see it.
    let state = Monitor(State())
    /// Set with `failure`.
    let failed = CancelFlag()

    func wake() { state.read { $0.waker }?.wake() }

    /// Ends the play with this error; the first one counts.
    func fail(_ error: SluiceError) {
        state.withLock { $0.failure = $0.failure ?? error }
        failed.set()
    }
}
