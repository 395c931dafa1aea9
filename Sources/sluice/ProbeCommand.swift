// `sluice probe`: options to `ProbeSettings`, no media logic.
import ArgumentParser
import Model
import Prober
import Publisher

struct ProbeCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Tell what a stream is, whether it is healthy, and how late.",
        usage: "sluice probe [options] <url>",
        discussion: """
            The input is a file, a URL, or - (standard input). Without -t the report is made as soon as the \
            headers and the first key frame are there. --latency, --check, --expect and --loopback observe \
            for five seconds.
            """)

    @Argument(help: ArgumentHelp("What to look at.", valueName: "url"), completion: .file())
    var operands: [String] = []

    @OptionGroup(title: "Probe options") var probing: ProbingArguments
    @OptionGroup(title: "Probe options") var waiting: WaitArguments
    @OptionGroup(title: "Source options") var source: SourceArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    struct Settings {
        var probe: ProbeSettings
        /// The push of `--loopback`.
        var loopback: PublishSettings?
    }

    /// Nothing is known of what never began.
    static let emptyResult = Event(
        "result", ProbeReport.empty.event.fields.map { JSONValue.Field($0.name, .null) })

    func emptyResult(_ settings: Settings) -> Event {
        var event = Self.emptyResult
        event.set("url", .string(settings.probe.source.description))
        return event
    }

    func settings(processStart: HostTime) throws(SluiceError) -> Settings {
        let name = try Operands.input(of: "probe", option: probing.input, operands)
        var settings = ProbeSettings(source: try MediaAddress(name))
        settings.options = source.options
        settings.reconnect.wait = waiting.patience
        try probing.apply(to: &settings)
        guard let target = probing.loopback else { return Settings(probe: settings) }
        return try LoopbackProbe.settings(settings, target: target)
    }

    func writesMediaToOutput(_ settings: Settings) -> Bool { false }

    func prepare(_ console: inout Console.Settings) { console.printsStatus = probing.follow && !common.json }

    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        let report: ProbeReport
        if let push = settings.loopback {
            report = try LoopbackProbe(push: push, probe: settings.probe, console: console).run(cancel: cancel)
        } else {
            report = try ProbeSession(settings: settings.probe, reporter: console, cancel: cancel).run()
        }
        // The report goes to standard output; beside events the verdict is told in a word.
        let codes = report.findings.filter { $0.severity > .info }.map(\.code)
        let summary = ([report.verdict.rawValue] + codes).joined(separator: " ")
        return Outcome(
            event: report.event, summary: common.json ? summary : nil, lines: report.lines, error: report.failure)
    }
}
