// The clock that pictures follow in clocked playback, and the offset of the picture that sound follows
// in immediate playback: the one place where the threads of sound and picture meet.
import Model
import Timing

final class MediaClock: Sendable {
    struct State {
        var clock: PlaybackClock?
        /// Host time shown − pts, of recent pictures.
        var pictureOffset = OffsetTracker()
        var isPaused = false
        var firstPicture: MediaTime?
        var hasPicture = false
        var epoch = 0
        /// Host time shown − host time due, of recent pictures.
        var lateness = OffsetTracker()
        var firstSound: MediaTime?
    }

    private let state = Monitor(State())

    // MARK: Clocked

    /// When `media` is due; nil before the clock has started and while it is paused.
    func host(of media: MediaTime) -> HostTime? { state.read { $0.clock?.host(of: media) } }
    func media(at host: HostTime) -> MediaTime? { state.read { $0.clock?.media(at: host) } }
    var isRunning: Bool { state.read { $0.clock != nil } }

    /// Starts the clock if nobody has.
    func start(media: MediaTime, at host: HostTime) {
        state.withLock { state in
            guard state.clock == nil else { return }
            state.clock = PlaybackClock(media: media, at: host)
            if state.isPaused { state.clock?.pause(at: host) }
        }
    }

    /// The sound says that `media` is heard at `host`.
    func soundHeard(_ media: MediaTime, at host: HostTime) {
        state.withLock { state in
            guard let clock = state.clock else {
                state.clock = PlaybackClock(media: media, at: host)
                return
            }
            guard !clock.isPaused else { return }
            state.clock?.correct(by: media - clock.media(at: host))
        }
    }

    /// Moves the clock so that `media` is due at `host`, after pictures have failed to come.
    func restart(media: MediaTime, at host: HostTime) {
        state.withLock { state in
            let wasPaused = state.isPaused
            state.clock = PlaybackClock(media: media, at: host)
            if wasPaused { state.clock?.pause(at: host) }
        }
    }

    // MARK: Buffered

    /// Media per host time from now on, without a jump.
    func setRate(_ rate: Double, at host: HostTime) { state.withLock { $0.clock?.setRate(rate, at: host) } }
    var rate: Double { state.read { $0.clock?.rate ?? 1 } }

    /// Stands still at `media` until it is released: there is nothing to be played.
    func hold(media: MediaTime, at host: HostTime) {
        state.withLock { state in
            guard let clock = state.clock, !clock.isPaused else { return }
            state.clock = PlaybackClock(media: media, at: host)
            state.clock?.pause(at: host)
        }
    }
    func release(at host: HostTime) { state.withLock { $0.clock?.resume(at: host) } }
    var isHeld: Bool { state.read { $0.clock?.isPaused ?? false } }

    /// Sound is ready to be heard: what playback begins with where no picture comes.
    func soundReady(_ pts: MediaTime, epoch: Int) {
        state.withLock { state in
            guard epoch >= state.epoch, state.firstSound == nil else { return }
            state.firstSound = pts
        }
    }
    var firstSound: MediaTime? { state.read(\.firstSound) }

    /// How much later than due pictures are shown.
    var pictureLateness: Span { state.read { $0.lateness.median ?? .zero } }

    func setPaused(_ paused: Bool, at host: HostTime) {
        state.withLock { state in
            state.isPaused = paused
            if paused { state.clock?.pause(at: host) } else { state.clock?.resume(at: host) }
        }
    }
    var isPaused: Bool { state.read(\.isPaused) }

    /// A seek or another connection: nothing is known any more, and only media of this epoch counts from now on.
    func reset(epoch: Int) {
        state.withLock { state in
            state.clock = nil
            state.pictureOffset.reset()
            state.lateness.reset()
            state.hasPicture = false
            state.firstPicture = nil
            state.firstSound = nil
            state.epoch = epoch
        }
    }
    var epoch: Int { state.read(\.epoch) }

    // MARK: Immediate

    func pictureShown(_ pts: MediaTime?, at host: HostTime) {
        state.withLock { state in
            guard let pts else { return }
            state.pictureOffset.add(Span(nanoseconds: host.nanoseconds &- pts.nanoseconds))
            if let due = state.clock?.host(of: pts), host - due < .seconds(1) { state.lateness.add(host - due) }
        }
    }

    /// Host time shown − pts of the picture; nil until there is one.
    var pictureOffset: Span? { state.read(\.pictureOffset.median) }

    /// Waits until the first picture has been decoded, for sound to start with it.
    /// - Returns: Its time; nil when none came by `deadline`, when it has no time, or after a seek.
    func waitForPicture(epoch: Int, until deadline: HostTime) -> MediaTime? {
        state.wait(until: deadline) { state -> MediaTime?? in
            if state.epoch > epoch { return .some(nil) }
            return state.hasPicture ? .some(state.firstPicture) : nil
        } ?? nil
    }

    /// A picture is ready to be shown.
    func pictureReady(_ pts: MediaTime?, epoch: Int) {
        state.withLock { state in
            guard epoch >= state.epoch, !state.hasPicture else { return }
            state.hasPicture = true
            state.firstPicture = pts
        }
    }

    /// No picture will come: nobody need wait for one.
    func pictureEnded() { state.withLock { $0.hasPicture = true } }
}
