// `sluice stream-stop`: which channels are meant; what they came to.
import ArgumentParser
import Channels
import Model

struct StreamStopCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "stream-stop",
        abstract: "Stop a stream cleanly and print what it came to.",
        usage: """
            sluice stream-stop [options] <name>
            sluice stream-stop [options] --all
            """,
        discussion: "What is not running is no error: that is said, and the exit status is 0.")

    @Argument(help: ArgumentHelp("The channel.", valueName: "name"))
    var operands: [String] = []

    @Flag(help: "Stop all channels.")
    var all = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    struct Settings {
        var directory: StateDirectory
        /// nil: all.
        var name: ChannelName?
    }

    static let emptyResult = Event("result", StoppedChannel.emptyFields)

    func settings(processStart: HostTime) throws(SluiceError) -> Settings {
        guard operands.count <= 1 else {
            throw UsageErrors.error(
                operands[1], "one argument too many", hint: "stream-stop takes one name, or --all")
        }
        if all, let name = operands.first {
            throw UsageErrors.error("--all", "\"\(name)\" is a single channel")
        }
        guard all || !operands.isEmpty else {
            throw UsageErrors.error(
                "stream-stop", "<name> is missing",
                hint: "'sluice stream-list' shows what is running; --all stops it")
        }
        var name: ChannelName?
        if let operand = operands.first { name = try ChannelNameArgument.parse(operand) }
        return Settings(directory: try StateEnvironment.directory(), name: name)
    }

    func writesMediaToOutput(_ settings: Settings) -> Bool { false }

    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        let stop = try ChannelStop(directory: settings.directory, cancel: cancel)
        if let name = settings.name {
            let stopped = try stop.run(name)
            guard stopped.wasRunning else {
                console.log(.notice, "\(name) is not running (\(StoppedChannel.alreadyStopped))")
                return Outcome(event: Event("result", stopped.fields))
            }
            return Outcome(event: Event("result", stopped.fields), lines: stopped.lines)
        }
        var all: [StoppedChannel] = []
        try stop.runAll { stopped in
            console.report(Event("stopped", stopped.fields))
            all.append(stopped)
        }
        if all.isEmpty { console.log(.notice, "nothing is running") }
        return Outcome(
            event: Event("result", [.init("channels", .array(all.map { .object($0.fields) }))]),
            lines: all.flatMap(\.lines))
    }
}
