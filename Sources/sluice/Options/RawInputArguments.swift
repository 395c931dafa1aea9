// What raw pictures on a pipe cannot say about themselves.
import ArgumentParser
import Model
import Publisher

struct RawInputArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The container of the input where it cannot be recognised; rawvideo for bare pictures.",
            valueName: "format"),
        completion: .list(["rawvideo", "mpegts", "flv", "matroska", "mp4", "h264", "hevc", "nut"]),
        transform: NameArgument.parse)
    var inputFormat: String?

    @Option(
        help: ArgumentHelp("Pixel format of raw video.", valueName: "format"),
        completion: .list(["yuv420p", "nv12", "bgr24", "rgb24", "bgra", "rgba", "gray", "yuyv422"]),
        transform: NameArgument.parse)
    var inputPixFmt: String?

    @Option(
        help: ArgumentHelp("Picture size of raw video.", valueName: "wxh"), transform: SizeArgument.parse)
    var inputSize: PictureSize?

    @Option(
        help: ArgumentHelp("Frame rate of raw video.", valueName: "n"), transform: FrameRateArgument.parse)
    var inputFps: Rational?

    /// The first of them that was given, where there is no input.
    var given: String? {
        let present: [(String, Bool)] = [
            ("--input-format", inputFormat != nil), ("--input-pix-fmt", inputPixFmt != nil),
            ("--input-size", inputSize != nil), ("--input-fps", inputFps != nil),
        ]
        return present.first(where: \.1)?.0
    }

    func format() throws(SluiceError) -> PublishSettings.InputFormat? {
        let present: [(String, Bool)] = [
            ("--input-pix-fmt", inputPixFmt != nil), ("--input-size", inputSize != nil),
            ("--input-fps", inputFps != nil),
        ]
        if inputFormat == "rawvideo" {
            if let missing = present.first(where: { !$0.1 }) {
                throw UsageErrors.error(
                    "--input-format rawvideo", "\(missing.0) is missing: raw pictures do not say what they are")
            }
        } else if let stray = present.first(where: { $0.1 }) {
            throw UsageErrors.error(stray.0, "only raw video needs it; add --input-format rawvideo")
        }
        return inputFormat.map {
            PublishSettings.InputFormat(
                name: $0, pixelFormat: inputPixFmt, size: inputSize, frameRate: inputFps)
        }
    }
}
