// When this process began: the zero of `first_frame_ms`. Loading the libraries is part of what the user
// waits for, so the first line of main would be too late.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum ProcessStart {
    /// The processor time used so far is a lower bound of the age; the kernel's own stamp bounds it to
    /// one clock tick (10 ms), which alone is too coarse.
    static func estimate() -> HostTime {
        let now = HostTime.now()
        var used = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
        let busy = now - Span(nanoseconds: Int64(used.tv_sec) * 1_000_000_000 + Int64(used.tv_nsec))
        guard let ticks = startTicks() else { return busy }
        var boot = timespec()
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let sinceBoot = Int64(boot.tv_sec) * 1_000_000_000 + Int64(boot.tv_nsec)
        let tick = 1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let earliest = now - Span(nanoseconds: sinceBoot - ticks * tick)
        return min(max(busy, earliest), earliest + Span(nanoseconds: tick))
    }

    /// Field 22 of /proc/self/stat: ticks from boot to the start of the process.
    private static func startTicks() -> Int64? {
        let file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        // The second field is the program's name in brackets and may hold blanks.
        guard let bracket = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = buffer[(bracket + 1)..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        return Int64(String(decoding: fields[19], as: UTF8.self))
    }
}
