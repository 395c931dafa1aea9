// Ends a wait from any thread: one registered SDL event, never more than one in the queue.
internal import CSDL2
internal import Synchronization

final class WakeSignal: Waker {
    /// Registered once for the process; SDL hands out numbers and never takes them back.
    static let eventType = SDL_RegisterEvents(1)
    private let pending = Atomic<Bool>(false)
    /// SDL's queue must not be touched while video is being stopped, so pushing and closing exclude each
    /// other. Pushing takes microseconds.
    private let isOpen = Mutex(true)

    func wake() {
        guard !pending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        isOpen.withLock { open in
            guard open else { return }
            var event = SDL_Event()
            event.type = Self.eventType
            // A full queue: nobody is reading, and whoever reads next will not sleep.
            if SDL_PushEvent(&event) != 1 { pending.store(false, ordering: .releasing) }
        }
    }

    /// The waiting thread has the event; from now on another call makes another one.
    func received() { pending.store(false, ordering: .releasing) }

    func close() { isOpen.withLock { $0 = false } }
}
