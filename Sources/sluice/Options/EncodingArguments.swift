// What is sent: copied or encoded, and how.
import ArgumentParser
import Model
import Publisher

struct EncodingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What becomes of the picture (default: copy where the target can carry it, else h264).",
            valueName: "codec"))
    var video: PublishSettings.VideoTreatment?

    @Option(
        help: ArgumentHelp(
            "What becomes of the sound (default: copy where the target can carry it, else aac).",
            valueName: "codec"))
    var audio: PublishSettings.AudioTreatment?

    @Option(
        help: ArgumentHelp("Video bit rate (default: by picture size).", valueName: "rate"),
        transform: RateArgument.parse)
    var bitrate: Int?

    @Option(help: ArgumentHelp("Picture size.", valueName: "wxh"), transform: SizeArgument.parse)
    var size: PictureSize?

    @Option(help: ArgumentHelp("Frame rate.", valueName: "n"), transform: FrameRateArgument.parse)
    var fps: Rational?

    @Option(
        help: ArgumentHelp("Distance of key frames (default: 2s).", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var gop: Span?

    @Option(help: ArgumentHelp("Speed against quality (default: veryfast).", valueName: "name"))
    var preset: Preset?

    @Option(help: ArgumentHelp("What the encoder favours (default: zerolatency).", valueName: "name"))
    var tune: Tune?

    @Option(help: ArgumentHelp("The profile that the decoders can take.", valueName: "name"))
    var profile: Profile?

    @Option(
        help: ArgumentHelp("Audio bit rate (default: 128k).", valueName: "rate"), transform: RateArgument.parse)
    var audioBitrate: Int?

    @Flag(help: "No latency marks in the picture.")
    var noMarks = false

    /// The first of them that was given, where there is nothing to send.
    var given: String? {
        let present: [(String, Bool)] =
            changes + [
                ("--video", video != nil), ("--audio", audio != nil), ("--audio-bitrate", audioBitrate != nil),
                ("--no-marks", noMarks),
            ]
        return present.first(where: \.1)?.0
    }

    /// What changes the picture.
    private var changes: [(String, Bool)] {
        [
            ("--bitrate", bitrate != nil), ("--size", size != nil), ("--fps", fps != nil), ("--gop", gop != nil),
            ("--preset", preset != nil), ("--tune", tune != nil), ("--profile", profile != nil),
        ]
    }

    func apply(to settings: inout PublishSettings) throws(SluiceError) {
        settings.video = video
        settings.audio = audio
        settings.bitRate = bitrate
        settings.size = size
        settings.frameRate = fps
        settings.gop = gop
        settings.preset = preset?.rawValue
        settings.tune = tune?.rawValue
        settings.profile = profile?.rawValue
        settings.audioBitRate = audioBitrate
        settings.marks = !noMarks
        try check()
    }

    private func check() throws(SluiceError) {
        if let change = changes.first(where: { $0.1 }) {
            if video == .copy { throw UsageErrors.error(change.0, "--video copy leaves the picture as it is") }
            if video == PublishSettings.VideoTreatment.none {
                throw UsageErrors.error(change.0, "--video none sends no picture")
            }
        }
        if audioBitrate != nil, audio == .copy {
            throw UsageErrors.error("--audio-bitrate", "--audio copy leaves the sound as it is")
        }
        if audioBitrate != nil, audio == PublishSettings.AudioTreatment.none {
            throw UsageErrors.error("--audio-bitrate", "--audio none sends no sound")
        }
        if video == PublishSettings.VideoTreatment.none, audio == PublishSettings.AudioTreatment.none {
            throw UsageErrors.error("--video none", "with --audio none there is nothing to send")
        }
        if let size, size.width % 2 != 0 || size.height % 2 != 0 {
            throw UsageErrors.error("--size", "\"\(size)\" has an odd side; video codecs want even ones")
        }
        if video == .hevc {
            if profile == .baseline || profile == .high {
                throw UsageErrors.error("--profile", "\"\(profile?.rawValue ?? "")\" is not a profile of hevc")
            }
        }
    }
}
