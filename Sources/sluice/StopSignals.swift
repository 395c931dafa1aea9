// SIGINT, SIGTERM and SIGHUP: the first ends the work cleanly, the second ends the process. They are
// blocked everywhere and taken by one thread, so that no code ever runs inside a signal handler.
import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

final class StopSignals: Sendable {
    private let first = Atomic<Int32>(0)

    /// Blocks the signals. Call before any other thread exists: threads inherit the mask.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        // A shell without job control starts `sluice … &` with SIGINT ignored; `kill -INT` must still end it,
        // as it ends ffmpeg.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        var set = watched()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Begins to take them; the first sets `cancel`.
    init(cancel: CancelFlag) {
        // Lives as long as the process: nobody joins it.
        _ = NamedThread("signals") { [self] in
            var set = Self.watched()
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                let (isFirst, _) = first.compareExchange(
                    expected: 0, desired: number, ordering: .acquiringAndReleasing)
                guard isFirst else { Self.die(by: number) }
                cancel.set()
            }
        }
    }

    /// The first signal that came.
    var received: Int32? {
        let value = first.load(ordering: .acquiring)
        return value == 0 ? nil : value
    }

    /// Ends the process as the signal would have, so that shells and scripts see it.
    static func die(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        // Not reached unless the signal is ignored by a tracer.
        _exit(128 + number)
    }

    private static func watched() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        // nohup asks for SIGHUP to be ignored, and a blocked signal would reach sigwait all the same.
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1 { sigaddset(&set, SIGHUP) }
        return set
    }
}
