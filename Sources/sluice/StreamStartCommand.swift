// `sluice stream-start`: options to a channel's settings and to those of the push into it; no media logic.
import ArgumentParser
import Channels
import Model
import Publisher

struct StreamStartCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "stream-start",
        abstract: "Start a stream in the background and print where to watch it.",
        usage: "sluice stream-start [options] <name> [<input> ...]",
        discussion: """
            The stream is served by an origin of this program's own, on this machine alone. An input is a file, \
            a URL, testsrc, tone, silence, or, with --foreground, - (standard input); it is pushed by a process \
            in the background, with push's options. Without an input the stream waits for any publisher.
            """)

    @Argument(help: ArgumentHelp("The channel, and what is pushed into it.", valueName: "name> [<input> ..."))
    var operands: [String] = []

    @OptionGroup(title: "Channel options") var channel: ChannelStartArguments
    @OptionGroup(title: "Push options") var sending: SendingArguments
    @OptionGroup(title: "Raw input options") var raw: RawInputArguments
    @OptionGroup(title: "Encoding options") var encoding: EncodingArguments
    @OptionGroup(title: "Source options") var source: SourceArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    struct Settings {
        var start: ChannelStartSettings
        /// nil: any publisher.
        var push: PublishSettings?
    }

    static let emptyResult = Event("result", ChannelReport.empty.fields)

    func settings(processStart: HostTime) throws(SluiceError) -> Settings {
        guard let first = operands.first else {
            throw UsageErrors.error("stream-start", "<name> is missing", hint: "see 'sluice stream-start --help'")
        }
        let name = try ChannelNameArgument.parse(first)
        // The target is not known yet; any address of its kind serves to check the rest.
        let push = try pushSettings(target: "rtmp://127.0.0.1/live/\(name)")
        if channel.print != nil, common.json {
            throw UsageErrors.error("--print", "--json prints all fields")
        }
        var start = ChannelStartSettings(name: name, directory: try StateEnvironment.directory())
        channel.apply(to: &start)
        if let linger = try StateEnvironment.originLinger() { start.originLingers = linger }
        if channel.foreground {
            start.publisher = .foreground(hasInput: push != nil)
        } else if let push {
            start.publisher = .worker(words: Array(CommandLine.arguments.dropFirst()), isLocal: push.isLocal)
        }
        return Settings(start: start, push: push)
    }

    /// What is pushed; nil without an input.
    func pushSettings(target: String) throws(SluiceError) -> PublishSettings? {
        let names = sending.input + operands.dropFirst()
        guard !names.isEmpty else {
            if let stray = sending.given ?? raw.given ?? encoding.given ?? source.given {
                throw UsageErrors.error(stray, "without an <input> nothing is pushed that it could apply to")
            }
            return nil
        }
        if names.contains("-"), !channel.foreground {
            throw UsageErrors.error("-", "standard input ends with this command", hint: "add --foreground")
        }
        return try PushCommand.settings(
            inputs: names, target: target, sending: sending, raw: raw, encoding: encoding, source: source)
    }

    func writesMediaToOutput(_ settings: Settings) -> Bool { false }

    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        let started = try ChannelStart(settings.start, reporter: console, cancel: cancel).run()
        let lines = channel.print.map { [started.report.text($0.rawValue) ?? ""] } ?? started.report.lines
        guard channel.foreground, !started.wasRunning else {
            return Outcome(
                event: Event("result", started.report.fields), lines: lines, error: started.error)
        }
        console.report(Event("started", started.report.fields))
        console.deliver(lines)
        let work = try ChannelWork(
            foreground: settings.start.name, directory: settings.start.directory, reporter: console, cancel: cancel)
        var failure: SluiceError?
        if settings.push != nil, let push = try pushSettings(target: started.target) {
            failure = work.run { () throws(SluiceError) in
                try WorkerCommand.attempt(push, reporter: console, cancel: cancel)
            }
        } else {
            work.wait()
        }
        var result = Event(
            "result", started.report.fields + work.report + [.init("ended_by", .string(work.endedBy.rawValue))])
        result.set("state", .string(ChannelState.stopped.rawValue))
        return Outcome(event: result, error: failure)
    }
}

extension PublishSettings {
    /// Nothing has to come over a network first.
    fileprivate var isLocal: Bool {
        inputs.allSatisfy { input in
            if case .address(let address) = input { !address.isNetwork } else { true }
        }
    }
}
