// Bit rates that collapse or burst. Only what was steady before can: a picture that changes is no fault.
import Model

enum RateFindings {
    /// What is left after a collapse is less than this share.
    static let collapse = 0.2
    static let burst = 4.0
    static let smallBurst = 2.5
    /// A rate that stays within this factor of its median is steady.
    static let steadiness = 2.0
    /// Black pictures and still ones cost less than this; what comes after them is no burst.
    static let leastBase = 150_000.0

    static func of(_ observation: StreamObservation) -> [Finding] {
        guard let video = observation.video else { return [] }
        return of(video.rate, isLive: observation.isLive)
    }

    static func of(_ rate: RateObserver, isLive: Bool) -> [Finding] {
        var found: [Finding] = []
        let windows = rate.windows
        var collapsed: (base: Double, window: RateObserver.Window)?
        var burst: (base: Double, window: RateObserver.Window)?
        for (index, window) in (windows + [rate.open].compactMap { $0 }).enumerated() where index >= 2 {
            guard let base = steadyBase(windows[max(0, index - 10)..<min(index, windows.count)]) else { continue }
            let share = window.bitsPerSecond / base
            if share < collapse, share < (collapsed.map { $0.window.bitsPerSecond / $0.base } ?? 1) {
                collapsed = (base, window)
            }
            if index < windows.count, share > smallBurst,
                share > (burst.map { $0.window.bitsPerSecond / $0.base } ?? 1)
            {
                burst = (base, window)
            }
        }
        if let (base, window) = collapsed {
            found.append(
                // Files are coded by what the picture needs.
                Finding(
                    isLive ? .warn : .info, "bitrate_collapse",
                    "video falls from \(Words.rate(base)) to \(Words.rate(window.bitsPerSecond))",
                    evidence(base, window)))
        }
        if let (base, window) = burst {
            let isLarge = window.bitsPerSecond > base * self.burst
            found.append(
                Finding(
                    isLarge && isLive ? .warn : .info, "bitrate_burst",
                    "video rises from \(Words.rate(base)) to \(Words.rate(window.bitsPerSecond))",
                    evidence(base, window)))
        }
        return found
    }

    /// The median of the windows where they are steady and worth the name.
    private static func steadyBase(_ windows: ArraySlice<RateObserver.Window>) -> Double? {
        let rates = windows.map(\.bitsPerSecond).sorted()
        guard rates.count >= 2, let least = rates.first, let most = rates.last else { return nil }
        let median = rates[rates.count / 2]
        guard median >= leastBase, least * steadiness >= median, most <= median * steadiness else { return nil }
        return median
    }

    private static func evidence(_ base: Double, _ window: RateObserver.Window) -> [JSONValue.Field] {
        [
            .init("usual_kbps", .number(base / 1000)), .init("kbps", .number(window.bitsPerSecond / 1000)),
            .init("at_s", .number(window.start.seconds)), .init("length_s", .number(window.length.seconds)),
        ]
    }
}
