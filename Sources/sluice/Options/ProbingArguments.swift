// What is looked at, for how long, and what is thought of it.
import ArgumentParser
import Model
import Prober

struct ProbingArguments: ParsableArguments {
    @Option(
        name: .customShort("i"), help: ArgumentHelp("The input, as the operand.", valueName: "url"),
        completion: .file())
    var input: String?

    @Option(
        name: [.customShort("t"), .long],
        help: ArgumentHelp(
            "Observe for this long (default: until the first key frame; 5s where something is to be measured).",
            valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var duration: Span?

    @Flag(help: "Measure the delay from capture to arrival, by the best method that the stream offers.")
    var latency = false

    @Flag(help: "End with exit status 3 when the verdict is FAIL.")
    var check = false

    @Option(
        help: ArgumentHelp(
            "Conditions that must hold, such as 'video=h264,fps>=25,gop<=2s,latency<=3s'; repeatable.",
            valueName: "conditions"),
        transform: NameArgument.parseText)
    var expect: [String] = []

    @Flag(help: "Tell how the stream fares once a second until stopped.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            "Publish a marked test stream there meanwhile, and measure the delay until it comes back.",
            valueName: "publish-url"),
        transform: NameArgument.parseText)
    var loopback: String?

    func apply(to settings: inout ProbeSettings) throws(SluiceError) {
        settings.duration = duration
        settings.measuresLatency = latency
        settings.checks = check
        settings.follows = follow
        for text in expect { settings.expectations += try ExpectationList.parse(text) }
    }
}
