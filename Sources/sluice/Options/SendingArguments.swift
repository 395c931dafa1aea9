// What is sent for how long, and at which pace.
import ArgumentParser
import Model
import Publisher

struct SendingArguments: ParsableArguments {
    @Option(
        name: .customShort("i"), help: ArgumentHelp("An input, as the operand; repeatable.", valueName: "input"),
        completion: .file())
    var input: [String] = []

    @Flag(help: "Play the input again and again, or N times in all.")
    var loop = false

    /// `--loop=N` arrives here; see `Rewriting`.
    @Option(name: .customLong(Rewriting.hiddenName("loop")), help: .hidden, transform: LoopArgument.parse)
    var loopCount: Int?

    @Option(
        help: ArgumentHelp("Begin this far into the input.", valueName: "duration"),
        transform: DurationArgument.parse)
    var startAt: Span?

    @Option(
        name: [.customShort("t"), .long], help: ArgumentHelp("End after this time.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var duration: Span?

    @Flag(help: "Send as fast as the target takes it.")
    var noPace = false

    @Option(help: ArgumentHelp("Whether the input is live (default: by its kind).", valueName: "state"))
    var live: Switch?

    @Option(
        help: ArgumentHelp("The container of the target (default: by its address).", valueName: "format"),
        completion: .list(["flv", "mpegts", "matroska", "mp4", "nut"]), transform: NameArgument.parse)
    var format: String?

    /// The first of them that was given, where there is nothing to send.
    var given: String? {
        let present: [(String, Bool)] = [
            ("--loop", loop), ("--start-at", startAt != nil), ("--duration", duration != nil),
            ("--no-pace", noPace), ("--live", live != nil), ("--format", format != nil),
        ]
        return present.first(where: \.1)?.0
    }

    func apply(to settings: inout PublishSettings) {
        if loop { settings.repetition = loopCount.map { .times($0) } ?? .forever }
        settings.startAt = startAt
        settings.duration = duration
        settings.isPaced = !noPace
        settings.isLive = live.map { $0 == .on }
        settings.format = format
    }
}
