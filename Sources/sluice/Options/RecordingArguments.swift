// What is kept, in which files.
import ArgumentParser
import Model
import Recorder

struct RecordingArguments: ParsableArguments {
    @Option(
        name: .customShort("i"), help: ArgumentHelp("The input, as the operand.", valueName: "url"),
        completion: .file())
    var input: String?

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp(
            "Names of the files, with {name}, {start} and {end} filled in (default: {name}_{start}_{end}.mp4); "
                + "- is standard output.", valueName: "template|-"),
        completion: .file(), transform: TemplateArgument.parse)
    var output: RecordOutput?

    @Option(help: ArgumentHelp("The container (default: by the name of the file, else mp4).", valueName: "format"))
    var format: RecordFormat?

    @Option(
        help: ArgumentHelp("Length of a file (default: 90m); off is one file.", valueName: "duration|off"),
        completion: .list(["off"]), transform: SegmentArgument.parse)
    var segment: SegmentArgument?

    @Flag(help: "Begin a new file when the clock on the wall shows a multiple of --segment.")
    var atClock = false

    @Option(
        name: [.customShort("t"), .long], help: ArgumentHelp("End after this time.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var duration: Span?

    @Option(
        help: ArgumentHelp(
            "Keep the files within this size, such as 10G: the oldest finished ones go first.", valueName: "size"),
        transform: DiskSizeArgument.parse)
    var maxDisk: Int64?

    func apply(to settings: inout RecordSettings) throws(SluiceError) {
        if let output { settings.output = output }
        settings.format = format
        if format == nil, case .template(let name?) = settings.output {
            settings.format = try ContainerName.format(of: name, option: "-o")
        }
        if case .template(let template?) = settings.output {
            // Says what is wrong with it before anything is opened.
            try OrdinaryPath.check(template, hint: "-o - writes to standard output")
            _ = try FileNaming(template: template, name: "name", format: settings.format ?? .mp4)
        }
        switch segment {
        case .off: settings.segment = nil
        case .every(let length): settings.segment = length
        case nil: if settings.output == .standardOutput { settings.segment = nil }
        }
        settings.atClock = atClock
        settings.duration = duration
        settings.maxDisk = maxDisk
        try check(settings)
    }

    /// The first of them that was given, for commands that record nothing.
    var given: String? {
        let present: [(String, Bool)] = [
            ("-i", input != nil), ("-o", output != nil), ("--format", format != nil), ("--segment", segment != nil),
            ("--at-clock", atClock), ("--duration", duration != nil), ("--max-disk", maxDisk != nil),
        ]
        return present.first(where: \.1)?.0
    }

    private func check(_ settings: RecordSettings) throws(SluiceError) {
        if settings.output == .standardOutput {
            let cuts: [(String, Bool)] = [
                ("--segment", settings.segment != nil), ("--at-clock", atClock), ("--max-disk", maxDisk != nil),
            ]
            if let cut = cuts.first(where: \.1) {
                throw UsageErrors.error(cut.0, "standard output is one piece, not a row of files")
            }
        }
        if settings.segment == nil {
            if atClock { throw UsageErrors.error("--at-clock", "--segment off never begins a new file") }
            if maxDisk != nil {
                throw UsageErrors.error("--max-disk", "--segment off leaves no finished files to make room with")
            }
        }
    }
}
