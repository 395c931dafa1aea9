// Sleeping until an event or a deadline, to a fraction of a millisecond. SDL 2.26 on X11 sleeps in one
// poll() of the connection for the whole time (strace: one call in 3 s idle, 0.2 ms of processor time),
// and a wake-up goes round by the X server in 0.2 ms; deadlines are met 0.1 ms late (median).
internal import CSDL2
internal import Glibc
internal import Model

enum EventWait {
    /// Returns when an event is in SDL's queue (not taken out), or at the deadline.
    static func sleep(until deadline: HostTime?) {
        guard let deadline else {
            SDL_WaitEvent(nil)
            return
        }
        let left = deadline - .now()
        let milliseconds = left.nanoseconds / 1_000_000
        if milliseconds > 0 {
            SDL_WaitEventTimeout(nil, Int32(clamping: milliseconds))
            return
        }
        // Less than a millisecond: events can wait that long.
        guard left.nanoseconds > 0 else { return }
        var until = timespec(deadline)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nil)
    }

    static func timespec(_ time: HostTime) -> timespec {
        var value = Glibc.timespec()
        value.tv_sec = Int(time.nanoseconds / 1_000_000_000)
        value.tv_nsec = Int(time.nanoseconds % 1_000_000_000)
        return value
    }
}
