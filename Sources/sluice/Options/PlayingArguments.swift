// What is played, from where to where.
import ArgumentParser
import Model
import Player

struct PlayingArguments: ParsableArguments {
    @Option(
        name: .customShort("i"), help: ArgumentHelp("The input, as the operand.", valueName: "url"),
        completion: .file())
    var input: String?

    @Option(
        name: [.long, .customLong("ss", withSingleDash: true)],
        help: ArgumentHelp("Begin this far into the input.", valueName: "duration"),
        transform: DurationArgument.parse)
    var startAt: Span?

    @Option(
        name: [.customShort("t"), .long], help: ArgumentHelp("End after this time.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var duration: Span?

    @Flag(help: "Leave at the end of a live stream, also where there is a window.")
    var exitOnEnd = false

    @Flag(name: [.long, .customLong("vn", withSingleDash: true)], help: "No picture.")
    var noVideo = false

    @Flag(name: [.long, .customLong("an", withSingleDash: true)], help: "No sound.")
    var noAudio = false

    func apply(to settings: inout PlaySettings) {
        settings.startAt = startAt
        settings.duration = duration
        settings.showsVideo = !noVideo
        settings.playsAudio = !noAudio
    }
}
