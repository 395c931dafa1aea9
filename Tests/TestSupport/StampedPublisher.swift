// A live stream with a barcode, published by ffmpeg: what players and readers are measured against.
public import Model

/// x264 without B-frames and AAC, 640x360 at 30 fps unless told otherwise. Ends with its owner.
public final class StampedPublisher: Sendable {
    public let program: Program
    private let camera: StampedSource?

    /// - Parameters:
    ///   - format: FFmpeg's name of the container; `flv` for RTMP.
    ///   - extra: Options before the address, e.g. `["-bf", "2"]`.
    public init(
        to address: String, width: Int = 640, height: Int = 360, framesPerSecond: Int = 30, gop: Int = 60,
        hasSound: Bool = true, hasPicture: Bool = true, length: Span? = nil, format: String = "flv",
        extra: [String] = []
    ) throws {
        var words = ["ffmpeg", "-hide_banner", "-loglevel", "warning"]
        if hasPicture {
            words += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "\(width)x\(height)"]
            words += ["-r", "\(framesPerSecond)", "-use_wallclock_as_timestamps", "1", "-i", "-"]
        }
        if hasSound { words += ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"] }
        if hasPicture {
            words += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0"]
            words += ["-g", "\(gop)", "-keyint_min", "\(gop)", "-sc_threshold", "0", "-b:v", "1500k"]
        }
        if hasSound { words += ["-c:a", "aac", "-b:a", "96k"] }
        if hasPicture, hasSound { words += ["-shortest"] }
        words += extra + ["-f", format, "-flush_packets", "1", address]
        program = try Program(words, input: .pipe)
        camera = program.inputDescriptor.flatMap { descriptor in
            guard hasPicture else { return nil }
            return StampedSource(
                to: descriptor, width: width, height: height, framesPerSecond: Double(framesPerSecond),
                length: length)
        }
        program.closeInput()
    }

    /// Ends it as a user would, so that the server hears of it.
    public func stop() async {
        camera?.stop()
        await program.stop()
    }

    deinit { camera?.stop() }
}
