// How an input is opened: the same for every command that reads one.
import ArgumentParser
import Model

struct SourceArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Bound every wait: connecting (default 5s) and silence (default 10s); 0 is for ever.",
            valueName: "duration"),
        transform: DurationArgument.parse)
    var timeout: Span?

    @Option(
        help: ArgumentHelp("Send this header with HTTP requests; repeatable.", valueName: "k: v"),
        transform: HeaderArgument.parse)
    var header: [HeaderField] = []

    @Option(
        help: ArgumentHelp("Name this program so to servers.", valueName: "text"),
        transform: NameArgument.parseText)
    var userAgent: String?

    @Option(
        help: ArgumentHelp("Pass an option to FFmpeg; repeatable.", valueName: "k=v"),
        transform: LibraryOptionArgument.parse)
    var avOption: [LibraryOption] = []

    @Option(help: ArgumentHelp("The transport of RTSP (default: tcp).", valueName: "transport"))
    var rtspTransport: RTSPTransport?

    @Option(
        help: ArgumentHelp(
            "Which HLS variant to fetch: best, worst or a height such as 720p (default: best).",
            valueName: "quality"),
        completion: .list(["best", "worst", "1080p", "720p", "480p", "360p"]), transform: QualityArgument.parse)
    var quality: StreamQuality?

    @Option(
        help: ArgumentHelp("Take this video track; 0 is the first.", valueName: "n"),
        transform: NumberArgument.parseIndex)
    var videoTrack: Int?

    @Option(
        help: ArgumentHelp("Take this audio track; 0 is the first.", valueName: "n"),
        transform: NumberArgument.parseIndex)
    var audioTrack: Int?

    @Flag(help: "Do not check certificates.")
    var insecure = false

    var options: SourceOptions {
        var options = SourceOptions()
        options.timeout = timeout
        options.headers = header
        options.userAgent = userAgent
        options.ffmpegOptions = avOption
        options.rtspTransport = rtspTransport
        options.quality = quality ?? .best
        options.videoTrack = videoTrack
        options.audioTrack = audioTrack
        options.insecure = insecure
        return options
    }

    /// The first of them that was given, for work that opens no input.
    var given: String? {
        let present: [(String, Bool)] = [
            ("--timeout", timeout != nil), ("--header", !header.isEmpty), ("--user-agent", userAgent != nil),
            ("--av-option", !avOption.isEmpty), ("--rtsp-transport", rtspTransport != nil),
            ("--quality", quality != nil), ("--video-track", videoTrack != nil),
            ("--audio-track", audioTrack != nil), ("--insecure", insecure),
        ]
        return present.first(where: \.1)?.0
    }
}
