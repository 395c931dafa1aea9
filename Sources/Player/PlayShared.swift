// What the stages leave for the initial thread.
import Model
import Screen
import Synchronization

final class PlayShared: Sendable {
    struct State {
        var sink: (any AudioSink)?
        /// The last sample has been queued, or there is no sound.
        var soundDone = false
        var failure: SluiceError?
        var waker: (any Waker)?
    }
    let state = Mutex(State())
    /// Set with `failure`.
    let failed = CancelFlag()

    func wake() { state.withLock(\.waker)?.wake() }

    /// Ends the play with this error; the first one counts.
    func fail(_ error: SluiceError) {
        state.withLock { $0.failure = $0.failure ?? error }
        failed.set()
    }
}
