// Environment variables that the libraries below SDL read. Set, where the user has not, before there are
// other threads: a process's environment has no lock.
internal import Glibc

public enum ScreenEnvironment {
    /// Call once, early in `main`. The first window or sound device does it too, late.
    public static func prepare() { SDLRuntime.prepare() }

    static let pulseLatency = "PULSE_LATENCY_MSEC"

    static func fill() {
        // See AudioLatency for the choice of 30 ms.
        setenv(pulseLatency, "30", 0)
        // Without a session bus libdbus forks dbus-launch, which leaves a bus daemon behind. SDL only
        // wants it to hold off screen savers.
        if Display.variable("DBUS_SESSION_BUS_ADDRESS") == nil, !hasUserBus {
            setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", 1)
        }
    }

    private static var hasUserBus: Bool {
        guard let directory = Display.variable("XDG_RUNTIME_DIR") else { return false }
        return access(directory + "/bus", F_OK) == 0
    }
}
