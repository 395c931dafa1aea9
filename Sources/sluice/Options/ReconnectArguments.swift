// What is done when the connection of a stream that had begun breaks.
import ArgumentParser
import Model

struct ReconnectArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How often a broken connection is made anew: off, a number of tries, or forever (default: forever).",
            valueName: "off|n|forever"),
        completion: .list(["off", "forever"]), transform: ReconnectArgument.parse)
    var reconnect: ReconnectLimit?

    @Option(
        help: ArgumentHelp(
            "Give up when no media came for this long (default: 10m); 0 is never.", valueName: "duration"),
        transform: DurationArgument.parse)
    var giveUp: Span?

    /// - Parameter patience: `--wait`.
    func options(patience: StreamWait?) throws(SluiceError) -> ReconnectOptions {
        var options = ReconnectOptions()
        options.wait = patience
        if let reconnect { options.limit = reconnect }
        if let giveUp {
            guard options.limit != .off else {
                throw UsageErrors.error("--give-up", "--reconnect off gives up at once")
            }
            options.giveUp = giveUp == .zero ? nil : giveUp
        }
        return options
    }

    /// The first of them that was given.
    var given: String? { reconnect != nil ? "--reconnect" : giveUp != nil ? "--give-up" : nil }
}
