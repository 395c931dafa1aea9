// `sluice push`: options to `PublishSettings`, no media logic.
import ArgumentParser
import Model
import Publisher

struct PushCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send media upstream at the speed it plays.",
        usage: "sluice push [options] <input> ... <url>",
        discussion: """
            An input is a file, a URL, - (standard input), testsrc (a moving picture with the time, and a \
            tone), tone or silence. The first video track and the first audio track among the inputs are \
            sent. The target is an rtmp, rtmps, srt, rtsp or udp URL, a file, or - with --format.
            """)

    @Argument(
        help: ArgumentHelp("What to send, and where to; the last one is the target.", valueName: "input> ... <url"),
        completion: .file())
    var operands: [String] = []

    @OptionGroup(title: "Push options") var sending: SendingArguments
    @OptionGroup(title: "Raw input options") var raw: RawInputArguments
    @OptionGroup(title: "Encoding options") var encoding: EncodingArguments
    @OptionGroup(title: "Source options") var source: SourceArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    static let emptyResult = PublishResult(endedBy: .error).event

    func settings(processStart: HostTime) throws(SluiceError) -> PublishSettings {
        guard let last = operands.last else {
            throw UsageErrors.error("push", "<input> and <url> are missing", hint: "see 'sluice push --help'")
        }
        let names = sending.input + operands.dropLast()
        guard !names.isEmpty else {
            throw UsageErrors.error(
                "push", "<url> is missing: \"\(last)\" alone does not say both what to send and where to",
                hint: "see 'sluice push --help'")
        }
        return try Self.settings(
            inputs: names, target: last, sending: sending, raw: raw, encoding: encoding, source: source)
    }

    /// The same for `stream-start`, whose worker is a push.
    static func settings(
        inputs names: [String], target: String, sending: SendingArguments, raw: RawInputArguments,
        encoding: EncodingArguments, source: SourceArguments
    ) throws(SluiceError) -> PublishSettings {
        var inputs: [PublishSettings.Input] = []
        for name in names { inputs.append(try input(name)) }
        var settings = PublishSettings(inputs: inputs, target: try self.target(target))
        settings.source = source.options
        settings.inputFormat = try raw.format()
        sending.apply(to: &settings)
        try encoding.apply(to: &settings)
        try check(settings)
        return settings
    }

    func writesMediaToOutput(_ settings: PublishSettings) -> Bool { settings.target.scheme == .standardStream }

    func work(
        _ settings: PublishSettings, console: Console, cancel: CancelFlag
    ) throws(SluiceError) -> Outcome {
        let result = try PublishSession(settings: settings, reporter: console, cancel: cancel).run()
        var summary = "sent \(StatusText.fixed(result.duration.seconds, 1)) s, \(result.sentBytes) bytes"
        if let rate = result.averageKbps { summary += " (\(Int(rate.rounded())) kb/s)" }
        summary += ", \(result.videoFrames) pictures, \(result.audioFrames) audio frames"
        if result.droppedFrames > 0 { summary += ", \(result.droppedFrames) dropped" }
        return Outcome(event: result.event, summary: summary, error: result.error)
    }

    private static func input(_ name: String) throws(SluiceError) -> PublishSettings.Input {
        switch name {
        case "testsrc": return .testSource
        case "tone": return .tone
        case "silence": return .silence
        case "": throw UsageErrors.error("push", "an input's name is empty")
        default: return .address(try MediaAddress(name))
        }
    }

    static func target(_ text: String) throws(SluiceError) -> MediaAddress {
        guard !text.isEmpty else { throw UsageErrors.error("push", "the target's name is empty") }
        let target = try MediaAddress(text)
        switch target.scheme {
        case .rtmp, .rtmps, .srt, .rtsp, .rtsps, .udp, .file, .standardStream: return target
        case .http, .https, .rtp, .tcp:
            throw UsageErrors.error(
                "cannot push to \(target)", "\(target.scheme.rawValue) is not a way to send a stream",
                hint: "a target is an rtmp, rtmps, srt, rtsp or udp URL, a file, or -")
        }
    }

    private static func check(_ settings: PublishSettings) throws(SluiceError) {
        let target = settings.target
        if target.scheme == .standardStream, settings.format == nil {
            throw UsageErrors.error(
                "push -", "--format is missing: standard output has no name to take it from",
                hint: "for instance --format mpegts")
        }
        if target.scheme == .rtmp || target.scheme == .rtmps, let format = settings.format, format != "flv" {
            throw UsageErrors.error(
                "--format", "\"\(format)\" cannot be sent to an rtmp address, which carries flv")
        }
        let addresses = settings.inputs.compactMap { input in
            if case .address(let address) = input { address } else { nil }
        }
        if addresses.filter({ $0.scheme == .standardStream }).count > 1 {
            throw UsageErrors.error("push -", "standard input can be read only once")
        }
        if settings.repetition != .once, let once = addresses.first(where: \.cannotRepeat) {
            throw UsageErrors.error("--loop", "\(once.spokenName) cannot be played again")
        }
    }
}

extension MediaAddress {
    /// Nothing that has passed can be read again.
    fileprivate var cannotRepeat: Bool {
        switch scheme {
        case .standardStream, .rtmp, .rtmps, .srt, .rtsp, .rtsps, .udp, .rtp, .tcp: true
        case .file, .http, .https: false
        }
    }

    fileprivate var spokenName: String { scheme == .standardStream ? "standard input" : description }
}
