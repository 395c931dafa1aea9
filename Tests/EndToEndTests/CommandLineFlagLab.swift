// What the rows of the flag table need: clips made for them, the program in a directory of its own, and
// ffprobe's opinion of what came out.
import Model
import TestSupport
import Testing

/// A directory with the clips in it; every run of a row works there.
final class FlagLab: Sendable {
    let directory: TempDirectory
    /// One second, 160x90 at 25 fps, a key frame each 200 ms, H.264 Main with AAC stereo at 44.1 kHz.
    static let clip = "clip.mp4"
    /// Two pictures (160x90, 320x180) and two sounds (one channel, two channels), one second.
    static let tracks = "tracks.mkv"

    init() async throws {
        directory = try TempDirectory("flags")
        let made = try await FlagClips.shared.made()
        for name in [Self.clip, Self.tracks] {
            try directory.write(contents(ofFile: made.file(name)) ?? [], to: name)
        }
    }

    /// Runs it; a status other than 0 is an issue unless another one is expected.
    @discardableResult
    func run(
        _ words: String..., status: Int32 = 0, environment: [String: String?] = [:], input: Program.Input = .null,
        within limit: Span = .seconds(20)
    ) async throws -> SluiceRun {
        let run = try await SluiceBinary.run(
            words, environment: environment, input: input, directory: directory, within: limit)
        #expect(run.status == status, "\(words.joined(separator: " ")): \(run.errors)")
        return run
    }

    func start(_ words: String..., environment: [String: String?] = [:]) throws -> RunningSluice {
        try start(words, environment: environment)
    }

    func start(_ words: [String], environment: [String: String?] = [:]) throws -> RunningSluice {
        try SluiceBinary.start(words, environment: environment, directory: directory)
    }

    func bytes(_ name: String) throws -> [UInt8] { try #require(contents(ofFile: directory.file(name))) }

    /// What ffprobe says of a file.
    func probe(_ name: String) async throws -> ProbedFile {
        let program = try Program([
            "ffprobe", "-v", "error", "-of", "json", "-count_packets", "-show_streams", "-show_format",
            "-show_entries", "packet=stream_index,pts_time,flags", directory.file(name),
        ])
        #expect(await program.wait(within: .seconds(20)) == .exited(0), "\(program.errors)")
        return ProbedFile(root: try #require(JSONReader.parse(program.output)))
    }

    /// Raw pictures of one shade, as many as `count`.
    static func pictures(_ count: Int, bytesEach: Int) -> [UInt8] {
        [UInt8](repeating: 0x60, count: count * bytesEach)
    }
}

/// Made once for all rows.
actor FlagClips {
    static let shared = FlagClips()
    private var directory: TempDirectory?

    func made() async throws -> TempDirectory {
        if let directory { return directory }
        let fresh = try TempDirectory.ofTheRun("clips")
        let pictures = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1"]
        let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=1"]
        let codecs = [
            "-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-g", "5", "-pix_fmt", "yuv420p", "-c:a", "aac",
        ]
        try await ffmpeg(pictures + sound + codecs + ["-ac", "2", fresh.file(FlagLab.clip)])
        try await ffmpeg(
            pictures + ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1"] + sound + codecs
                + ["-map", "0:v", "-map", "1:v", "-map", "2:a", "-map", "2:a"]
                + ["-ac:a:0", "1", "-ac:a:1", "2", fresh.file(FlagLab.tracks)])
        directory = fresh
        return fresh
    }

    private func ffmpeg(_ words: [String]) async throws {
        let program = try Program(["ffmpeg", "-v", "error", "-y"] + words)
        guard await program.wait(within: .seconds(30)) == .exited(0) else {
            throw LabError("ffmpeg made no clip: \(program.errors)")
        }
    }
}

/// ffprobe's JSON, asked for the things that rows look at.
struct ProbedFile {
    let root: JSONReader.Value

    var streams: [JSONReader.Value] { root["streams"]?.array ?? [] }
    var video: JSONReader.Value? { streams.first { $0["codec_type"]?.string == "video" } }
    var audio: JSONReader.Value? { streams.first { $0["codec_type"]?.string == "audio" } }
    var width: Int? { video?["width"]?.int }
    var codecs: [String] { streams.compactMap { $0["codec_name"]?.string } }
    var pictures: Int { video?["nb_read_packets"]?.string.flatMap { Int($0) } ?? 0 }
    /// Seconds from the first packet to the end of the last picture or sound.
    var length: Double {
        let times = packets.compactMap { $0["pts_time"]?.string.flatMap { Double($0) } }
        guard let first = times.min(), let last = times.max() else { return 0 }
        return last - first
    }
    /// Seconds between key frames of the picture.
    var keyframes: [Double] {
        let index = video?["index"]?.int
        return packets.filter { $0["stream_index"]?.int == index && $0["flags"]?.string?.hasPrefix("K") == true }
            .compactMap { $0["pts_time"]?.string.flatMap { Double($0) } }
    }
    private var packets: [JSONReader.Value] { root["packets"]?.array ?? root["packets_and_frames"]?.array ?? [] }
}
