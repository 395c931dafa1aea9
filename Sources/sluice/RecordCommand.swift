// `sluice record`: options to `RecordSettings`, or a look at what has been recorded; no media logic.
import ArgumentParser
import Model
import Recorder

struct RecordCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Keep a stream in files, without decoding it.",
        usage: """
            sluice record [options] <url>
            sluice record --list <dir> [<name>]
            sluice record --repair <dir>
            """,
        discussion: """
            The input is a file, a URL, or - (standard input). A new file begins every 90 minutes; no packet \
            is lost between two. A file can be played while it is written, and after a crash. A lost \
            connection is made anew, and the recording goes on in a new file.
            """)

    @Argument(help: ArgumentHelp("What to record.", valueName: "url"), completion: .file())
    var operands: [String] = []

    @OptionGroup(title: "Record options") var recording: RecordingArguments
    @OptionGroup(title: "Record options") var catalogue: CatalogueArguments
    @OptionGroup(title: "Connection options") var waiting: WaitArguments
    @OptionGroup(title: "Connection options") var reconnecting: ReconnectArguments
    @OptionGroup(title: "Source options") var source: SourceArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    enum Settings {
        case record(RecordSettings)
        case list(directory: String, name: String?)
        case repair(directory: String)
    }

    static let emptyResult = RecordResult(endedBy: .error).event

    func settings(processStart: HostTime) throws(SluiceError) -> Settings {
        if let directory = catalogue.list { return try list(directory) }
        if let directory = catalogue.repair { return try repair(directory) }
        let name = try Operands.input(of: "record", option: recording.input, operands)
        var settings = RecordSettings(source: try MediaAddress(name))
        settings.options = source.options
        settings.reconnect = try reconnecting.options(patience: waiting.patience)
        try recording.apply(to: &settings)
        return .record(settings)
    }

    func writesMediaToOutput(_ settings: Settings) -> Bool {
        if case .record(let settings) = settings { settings.output == .standardOutput } else { false }
    }

    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        switch settings {
        case .record(let settings):
            let result = try RecordSession(settings: settings, reporter: console, cancel: cancel).run()
            return Outcome(event: result.event, summary: result.summary, error: result.error)
        case .list(let directory, let name):
            return try CatalogueWork.list(directory: directory, name: name)
        case .repair(let directory):
            let result = try Repair.run(directory: directory, reporter: console)
            return Outcome(event: result.event, summary: result.summary, error: result.error)
        }
    }

    private func list(_ directory: String) throws(SluiceError) -> Settings {
        try checkAlone("--list", "it reads what has been recorded")
        guard operands.count <= 1 else {
            throw UsageErrors.error(operands[1], "one argument too many", hint: "--list takes one name")
        }
        if let name = operands.first, name.contains("://") || name == "-" {
            throw UsageErrors.error(
                "--list", "\"\(MediaAddress.redact(name))\" is an input, not the name of a recording")
        }
        return .list(directory: directory, name: operands.first)
    }

    private func repair(_ directory: String) throws(SluiceError) -> Settings {
        try checkAlone("--repair", "it closes what has been recorded")
        if let name = operands.first {
            throw UsageErrors.error(
                MediaAddress.redact(name), "one argument too many", hint: "--repair takes a directory alone")
        }
        return .repair(directory: directory)
    }

    /// Listing and repairing open no stream, so nothing that speaks of one means anything.
    private func checkAlone(_ option: String, _ why: String) throws(SluiceError) {
        let present = [
            option == "--list" && catalogue.repair != nil ? "--repair" : nil, recording.given,
            waiting.wait ? "--wait" : nil, reconnecting.given, source.given,
        ]
        if let stray = present.compactMap(\.self).first {
            throw UsageErrors.error(stray, "it does not go with \(option): \(why)")
        }
    }
}
