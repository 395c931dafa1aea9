// How far behind live a play keeps, and how it finds its way back.
import ArgumentParser
import Model
import Player

struct DelayArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Delay that is aimed at: nobuffer holds no picture back, rtc learns 60 to 500 ms, live learns 100 ms to 5 s, \
            smooth keeps 5 s (default: auto, live for live input).
            """, valueName: "mode"))
    var mode: DelaySettings.Mode?

    @Flag(help: "Hold no picture back: show it when it is decoded. As --mode nobuffer.")
    var nobuffer = false

    @Option(
        help: ArgumentHelp("Least delay that is aimed at (default: the mode's).", valueName: "duration"),
        transform: DurationArgument.parse)
    var minDelay: Span?

    @Option(
        help: ArgumentHelp("Greatest delay that is aimed at (default: the mode's).", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var maxDelay: Span?

    @Option(
        help: ArgumentHelp("Aim at this delay, whatever the network does.", valueName: "duration"),
        transform: DurationArgument.parse)
    var targetDelay: Span?

    @Option(
        help: ArgumentHelp("Greatest speed while catching up, from 1 to 2 (default: 1.1).", valueName: "factor"),
        transform: DelayArgument.parseRate)
    var maxRate: Double?

    @Option(
        help: ArgumentHelp(
            "Skip when more than this behind the delay aimed at (default: nobuffer 300ms, rtc 1s, live 4s).",
            valueName: "duration|off"),
        transform: DelayArgument.parseSkip)
    var skipAbove: DelaySettings.SkipLimit?

    /// - Parameter asksNobuffer: Another spelling of `--nobuffer` was given.
    func settings(asksNobuffer: Bool) throws(SluiceError) -> DelaySettings {
        let hurries = nobuffer || asksNobuffer
        if hurries, let mode, mode != .nobuffer {
            throw UsageErrors.error("--mode \(mode.rawValue)", "--nobuffer says --mode nobuffer already")
        }
        var settings = DelaySettings(mode: hurries ? .nobuffer : mode ?? .auto)
        settings.minimum = minDelay
        settings.maximum = maxDelay
        settings.target = targetDelay
        settings.maximumRate = maxRate ?? settings.maximumRate
        settings.skip = skipAbove
        try check(settings)
        return settings
    }

    private func check(_ settings: DelaySettings) throws(SluiceError) {
        if settings.mode == .nobuffer {
            let given = [("--min-delay", minDelay), ("--max-delay", maxDelay), ("--target-delay", targetDelay)]
            if let (name, _) = given.first(where: { $0.1 != nil }) {
                throw UsageErrors.error(name, "--mode nobuffer holds nothing back: it has no delay to aim at")
            }
        }
        if let minDelay, let maxDelay, minDelay > maxDelay {
            throw UsageErrors.error("--min-delay", "it is more than --max-delay")
        }
        if let targetDelay, let minDelay, targetDelay < minDelay {
            throw UsageErrors.error("--target-delay", "it is less than --min-delay")
        }
        if let targetDelay, let maxDelay, targetDelay > maxDelay {
            throw UsageErrors.error("--target-delay", "it is more than --max-delay")
        }
    }
}
