// `sluice play`: options to `PlaySettings`, no media logic.
import ArgumentParser
import Model
import Player

struct PlayCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "play",
        abstract: "Watch and listen.",
        usage: "sluice play [options] <url>",
        discussion: """
            The input is a file, a URL, or - (standard input). Live input is kept as near to live as its \
            network allows without a stop; --nobuffer shows each picture when it is decoded, and sound is \
            steered to it. Keys: q or Esc quit, f full screen, space pause, l back to live, m mute, 9 and 0 volume, s snapshot, i statistics, arrows \
            seek in files, h help.
            """)

    @Argument(help: ArgumentHelp("What to play.", valueName: "url"), completion: .file())
    var operands: [String] = []

    @OptionGroup(title: "Play options") var playing: PlayingArguments
    @OptionGroup(title: "Delay options") var delay: DelayArguments
    @OptionGroup(title: "Output options") var output: PlayOutputArguments
    @OptionGroup(title: "Connection options") var waiting: WaitArguments
    @OptionGroup(title: "Connection options") var reconnecting: ReconnectArguments
    @OptionGroup(title: "Spellings of ffplay") var ffplay: FFplayArguments
    @OptionGroup(title: "Source options") var source: SourceArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    static let emptyResult = PlayResult(endedBy: .error).event

    func settings(processStart: HostTime) throws(SluiceError) -> PlaySettings {
        let name = try Operands.input(of: "play", option: playing.input, operands)
        var settings = PlaySettings(source: try MediaAddress(name), processStart: processStart)
        settings.options = source.options
        settings.delay = try delay.settings(asksNobuffer: ffplay.fflags == true || ffplay.flags == true)
        playing.apply(to: &settings)
        settings.reconnect = try reconnecting.options(patience: waiting.patience)
        settings.reconnect.streamEnd = .interruption(
            giveUp: reconnecting.giveUp == nil ? nil : settings.reconnect.giveUp)
        if playing.exitOnEnd || ffplay.autoexit {
            settings.exitsAtEnd = true
        } else if reconnecting.given != nil, settings.reconnect.limit != .off {
            // Who asks for it also without a window wants to see whoever publishes next.
            settings.exitsAtEnd = false
        }
        try output.apply(to: &settings)
        try applySpellings(to: &settings)
        if playing.noVideo, playing.noAudio {
            throw UsageErrors.error("--no-video", "with --no-audio there is nothing to play")
        }
        return settings
    }

    func writesMediaToOutput(_ settings: PlaySettings) -> Bool {
        settings.rawOutput?.scheme == .standardStream || settings.wavOutput?.scheme == .standardStream
    }

    func notes(_ settings: PlaySettings) -> [String] { ffplay.notes }

    func work(_ settings: PlaySettings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        guard let path = output.record else {
            let result = try PlaySession(settings: settings, reporter: console, cancel: cancel).run()
            return Outcome(event: result.event, summary: Self.summary(result), error: result.error)
        }
        let recording = try PlayRecording(settings.source, path: path, console: console)
        var settings = settings
        settings.packetSink = recording
        let result: PlayResult
        do throws(SluiceError) {
            result = try PlaySession(settings: settings, reporter: console, cancel: cancel).run()
        } catch {
            try? recording.finish()
            throw error
        }
        try? recording.finish()
        let kept = recording.files.map { ", kept in \($0)" }.joined()
        return Outcome(
            event: result.event, summary: Self.summary(result) + kept, error: result.error ?? recording.failure,
            errorIsTold: result.error == nil)
    }

    private static func summary(_ result: PlayResult) -> String {
        var summary = "showed \(result.shownFrames) pictures, dropped \(result.droppedFrames)"
        if let first = result.firstFrame { summary += ", the first after \(Int(first.milliseconds.rounded())) ms" }
        if result.skips > 0 { summary += ", \(result.skips) skips" }
        if result.stalls > 0 { summary += ", \(result.stalls) stalls" }
        if let latency = result.latency {
            summary += ", latency \(Int(latency.p50.rounded())) ms (p95 \(Int(latency.p95.rounded())) ms)"
        }
        return summary
    }

    private func applySpellings(to settings: inout PlaySettings) throws(SluiceError) {
        if ffplay.nodisp {
            guard settings.videoOutput != .sdl else {
                throw UsageErrors.error("-nodisp", "--vo sdl asks for a window")
            }
            settings.videoOutput = .null
        }
        guard ffplay.width != nil || ffplay.height != nil else { return }
        guard settings.size == nil else { throw UsageErrors.error("--size", "-x and -y say the size already") }
        settings.size = PictureSize(width: ffplay.width ?? 0, height: ffplay.height ?? 0)
    }
}
