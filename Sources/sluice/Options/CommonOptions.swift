// What every command understands: where events go and how much is said.
import ArgumentParser
import Model

struct CommonOptions: ParsableArguments {
    @Flag(help: "Write events and the result to standard output, one JSON object a line.")
    var json = false

    @Option(
        help: ArgumentHelp("Write the events there as well.", valueName: "file|fd:n"), completion: .file(),
        transform: StatsTarget.parse)
    var stats: StatsTarget?

    @Option(help: ArgumentHelp("How much is said on standard error (default: notice).", valueName: "level"))
    var logLevel: Verbosity?

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(help: "No colour on the terminal.")
    var noColor = false

    /// Opens `--stats`.
    /// - Parameter prepare: What is particular about the command.
    func console(
        cancel: CancelFlag, prepare: (inout Console.Settings) -> Void
    ) throws(SluiceError) -> Console {
        var settings = diagnostics
        prepare(&settings)
        settings.json = json
        settings.stats = try stats?.open()
        return Console(settings, cancel: cancel)
    }

    /// Standard error alone.
    var diagnostics: Console.Settings {
        var settings = Console.Settings()
        settings.level = quiet ? .error : logLevel?.level ?? .notice
        settings.colour = Terminal.allowsColour(noColor)
        settings.drawsProgress = !quiet && settings.level <= .notice && Terminal.isPresent
        return settings
    }
}
