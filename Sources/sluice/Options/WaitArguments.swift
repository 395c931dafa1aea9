// Patience with an input that is not live yet.
import ArgumentParser
import Model

struct WaitArguments: ParsableArguments {
    @Flag(help: "Wait for an input that is not live yet, for ever or that long.")
    var wait = false

    /// `--wait=DUR` arrives here; see `Rewriting`.
    @Option(
        name: .customLong(Rewriting.hiddenName("wait")), help: .hidden, transform: DurationArgument.parsePositive)
    var waitLimit: Span?

    var patience: StreamWait? { wait ? waitLimit.map { .atMost($0) } ?? .forever : nil }
}
