// FFmpeg's own words in the log of a capability: for those who ask for detail, never in place of our errors.
public import Model

extension FFmpegLog {
    /// Sends FFmpeg's errors to `reporter` at `info` and its warnings at `debug`: what matters of them the
    /// capability says itself, in its own words.
    public static func install(_ reporter: any Reporter) {
        install(level: .notice) { level, text in
            reporter.log(level > .info ? .info : .debug, "ffmpeg: \(text)")
        }
    }
}
