// Where pictures and sound go.
import ArgumentParser
import Model
import Player

struct PlayOutputArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Picture output (default: sdl where there is a display).", valueName: "driver"))
    var vo: PlaySettings.VideoOutput?

    @Option(help: ArgumentHelp("Sound output (default: sdl where there is a device).", valueName: "driver"))
    var ao: PlaySettings.AudioOutput?

    @Option(
        help: ArgumentHelp(
            "Decode on a graphics device (VAAPI) where there is one: auto or none (default: auto).",
            valueName: "how"))
    var hwaccel: PlaySettings.HardwareDecoding?

    @Flag(name: [.long, .customLong("fs", withSingleDash: true)], help: "Fill the screen.")
    var fullscreen = false

    @Option(
        help: ArgumentHelp("Size of the window, or of the pictures of --raw.", valueName: "wxh"),
        transform: SizeArgument.parse)
    var size: PictureSize?

    @Option(help: ArgumentHelp("Title of the window.", valueName: "text"), transform: NameArgument.parseText)
    var title: String?

    @Option(
        name: [.long, .customLong("volume", withSingleDash: true)],
        help: ArgumentHelp("Volume from 0 to 100 (default: 100).", valueName: "n"),
        transform: NumberArgument.parseVolume)
    var volume: Int?

    @Option(
        help: ArgumentHelp("Write the decoded pictures there; - is standard output.", valueName: "file|-"),
        completion: .file(), transform: NameArgument.parseOutput)
    var raw: MediaAddress?

    @Option(
        help: ArgumentHelp("Pixel format of --raw (default: the stream's own).", valueName: "format"),
        completion: .list(["bgr24", "rgb24", "yuv420p", "nv12", "bgra", "rgba", "gray"]),
        transform: NameArgument.parse)
    var pixFmt: String?

    @Option(
        help: ArgumentHelp("Write the sound there as WAV; - is standard output.", valueName: "file|-"),
        completion: .file(), transform: NameArgument.parseOutput)
    var wav: MediaAddress?

    @Option(
        help: ArgumentHelp("Write the first picture there and go on.", valueName: "file.png"),
        completion: .file(extensions: ["png"]), transform: NameArgument.parsePNG)
    var snapshot: String?

    @Option(
        help: ArgumentHelp(
            "Write a picture again and again; %d in the name counts, %t is the time.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var snapshotEvery: Span?

    @Option(
        help: ArgumentHelp("Keep what is received there, as it is: mp4, or by the name.", valueName: "file"),
        completion: .file(extensions: ["mp4", "mkv", "ts", "flv"]), transform: NameArgument.parseFile)
    var record: String?

    func apply(to settings: inout PlaySettings) throws(SluiceError) {
        settings.videoOutput = vo
        settings.audioOutput = ao
        settings.hardwareDecoding = hwaccel
        settings.isFullscreen = fullscreen
        settings.size = size
        settings.title = title
        settings.volume = volume ?? 100
        settings.rawOutput = raw
        settings.pixelFormat = pixFmt
        settings.wavOutput = wav
        settings.snapshot = snapshot.map { PlaySettings.Snapshot(path: $0, interval: snapshotEvery) }
        if let record {
            _ = try ContainerName.format(of: record, option: "--record")
            try OrdinaryPath.check(record, hint: nil)
        }
        try check(settings)
    }

    private func check(_ settings: PlaySettings) throws(SluiceError) {
        if pixFmt != nil, raw == nil {
            throw UsageErrors.error("--pix-fmt", "it says the format of --raw, which is missing")
        }
        if snapshotEvery != nil, snapshot == nil {
            throw UsageErrors.error("--snapshot-every", "--snapshot is missing: it names the file")
        }
        if raw?.scheme == .standardStream, wav?.scheme == .standardStream {
            throw UsageErrors.error("--wav -", "standard output already takes the pictures of --raw")
        }
        if !settings.showsVideo, raw != nil {
            throw UsageErrors.error("--raw", "--no-video leaves no picture to write")
        }
        if !settings.showsVideo, snapshot != nil {
            throw UsageErrors.error("--snapshot", "--no-video leaves no picture to write")
        }
        if !settings.playsAudio, wav != nil {
            throw UsageErrors.error("--wav", "--no-audio leaves no sound to write")
        }
    }
}
