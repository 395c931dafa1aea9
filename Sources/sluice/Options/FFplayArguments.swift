// ffplay's spellings that are not simply another name of an option of ours, so that a test line from
// somebody's notes works when `ffplay` is replaced by `sluice play`.
import ArgumentParser
import Model

struct FFplayArguments: ParsableArguments {
    @Option(
        name: .customLong("fflags", withSingleDash: true),
        help: ArgumentHelp("nobuffer is --nobuffer.", valueName: "nobuffer"), completion: .list(["nobuffer"]),
        transform: { try FlagListArgument.parse($0, meaning: "nobuffer") })
    var fflags: Bool?

    @Option(
        name: .customLong("flags", withSingleDash: true),
        help: ArgumentHelp("low_delay is --nobuffer.", valueName: "low_delay"), completion: .list(["low_delay"]),
        transform: { try FlagListArgument.parse($0, meaning: "low_delay") })
    var flags: Bool?

    @Flag(name: .customLong("nodisp", withSingleDash: true), help: "No window, as --vo null.")
    var nodisp = false

    @Flag(name: .customLong("autoexit", withSingleDash: true), help: "Leave at the end of the input.")
    var autoexit = false

    @Option(
        name: .customShort("x"), help: ArgumentHelp("Width of the window.", valueName: "width"),
        transform: SizeArgument.parseSide)
    var width: Int?

    @Option(
        name: .customShort("y"), help: ArgumentHelp("Height of the window.", valueName: "height"),
        transform: SizeArgument.parseSide)
    var height: Int?

    @Flag(name: .customLong("framedrop", withSingleDash: true), help: "Accepted; not needed.")
    var framedrop = false

    @Option(
        name: .customLong("probesize", withSingleDash: true),
        help: ArgumentHelp("Accepted; not needed.", valueName: "n"))
    var probesize: String?

    @Option(
        name: .customLong("analyzeduration", withSingleDash: true),
        help: ArgumentHelp("Accepted; not needed.", valueName: "n"))
    var analyzeduration: String?

    @Option(
        name: .customLong("sync", withSingleDash: true),
        help: ArgumentHelp("Accepted; not needed.", valueName: "type"))
    var sync: String?

    /// The options given that do nothing, and why.
    var notes: [String] {
        var notes: [String] = []
        if framedrop { notes.append("-framedrop is not needed: late pictures are dropped anyway") }
        if probesize != nil { notes.append("-probesize is not needed: nothing is probed before the first picture") }
        if analyzeduration != nil {
            notes.append("-analyzeduration is not needed: nothing is analysed before the first picture")
        }
        if sync != nil { notes.append("-sync is not needed: the clock follows the kind of input") }
        return notes
    }
}
