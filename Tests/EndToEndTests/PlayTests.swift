import Model
import TestSupport
import Testing

// `sluice play` without a window: what goes to other programs, and what the result says.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct PlayTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("play") }

    private let unseen = ["--vo", "null", "--ao", "null"]

    private func play(_ arguments: [String], within limit: Span = .seconds(40)) async throws -> SluiceRun {
        try await SluiceBinary.run(["play"] + arguments, directory: directory, within: limit)
    }

    /// The numbers of raw pictures, in order; nil where none can be read.
    private func numbers(_ bytes: [UInt8], width: Int, height: Int, pixelBytes: Int) -> [Int?] {
        let size = pixelBytes == 1 ? width * height * 3 / 2 : width * height * pixelBytes
        return stride(from: 0, to: bytes.count - size + 1, by: size).map { start in
            Barcode.read(
                bytes[start..<start + size], width: width, stride: width * pixelBytes, pixelBytes: pixelBytes
            )
            .map { Int($0) - Int(StampedSource.numberBase) }
        }
    }

    @Test(arguments: ["bgr24", "yuv420p", "rgb24"])
    func raw_isCompleteAndInOrder(format: String) async throws {
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 60, extra: ["-bf", "2", "-g", "30"])
        let run = try await play([clip, "--raw", "out.raw", "--pix-fmt", format, "--json"] + unseen)
        #expect(run.status == 0)
        let bytes = try #require(contents(ofFile: directory.file("out.raw")))
        let pixelBytes = format == "yuv420p" ? 1 : 3
        let size = format == "yuv420p" ? 640 * 360 * 3 / 2 : 640 * 360 * 3
        #expect(bytes.count == 60 * size)
        #expect(numbers(bytes, width: 640, height: 360, pixelBytes: pixelBytes) == Array(0..<60))
        #expect(run.result?["ended_by"]?.string == "end_of_input")
    }

    @Test func rawOnStdout_isForOpenCV() async throws {
        let run = try await play([SluiceBinary.clip("bbb-360p.mp4"), "--raw", "-", "--pix-fmt", "bgr24"])
        #expect(run.status == 0)
        #expect(run.output.count == 132 * 640 * 360 * 3)
    }

    @Test func rawFromAFile_isNotPaced() async throws {
        let clip = directory.file("long.mp4")
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "testsrc=s=160x90:r=25", "-t", "40", "-c:v", "libx264", "-preset", "ultrafast",
            clip,
        ])
        let run = try await play([clip, "--raw", "out.raw"])
        #expect(run.status == 0)
        #expect(run.took < .seconds(15), "40 s of media")
    }

    @Test func rawSize_scales() async throws {
        let run = try await play([
            SluiceBinary.clip("bbb-360p.mp4"), "--raw", "-", "--pix-fmt", "bgr24", "--size", "320x180",
        ])
        #expect(run.status == 0)
        #expect(run.output.count == 132 * 320 * 180 * 3)
    }

    @Test func sizeChange_keepsTheFirstSize() async throws {
        try await Clips.numbered(directory.file("a.ts"), frames: 25)
        try await Clips.numbered(directory.file("b.ts"), frames: 25, width: 1280, height: 720)
        let both =
            try #require(contents(ofFile: directory.file("a.ts"))) + #require(
                contents(ofFile: directory.file("b.ts")))
        try directory.write(both, to: "both.ts")
        let run = try await play(["both.ts", "--raw", "-", "--pix-fmt", "bgr24"])
        #expect(run.status == 0)
        #expect(run.output.count % (640 * 360 * 3) == 0)
        #expect(run.output.count >= 48 * 640 * 360 * 3, "\(run.output.count / (640 * 360 * 3)) pictures")
    }

    @Test func wav_isTheWholeSound() async throws {
        let run = try await play([SluiceBinary.clip("bbb-360p.mp4"), "--wav", "out.wav"] + unseen)
        #expect(run.status == 0)
        let bytes = try #require(contents(ofFile: directory.file("out.wav")))
        #expect(bytes.starts(with: Array("RIFF".utf8)))
        #expect(abs(try await Clips.duration(directory.file("out.wav")) - 5.28) < 0.12)
        #expect(try #require(try await Clips.peak(directory.file("out.wav"))) > -40)
    }

    @Test func wavOnStdout_canBeRead() async throws {
        let run = try await play([SluiceBinary.clip("bbb-360p.mp4"), "--wav", "-"])
        #expect(run.status == 0)
        try directory.write(run.output, to: "out.wav")
        let streams = try await Clips.streams(directory.file("out.wav"))
        #expect(streams.first?["codec_type"] == "audio")
        #expect(run.output.count > 5 * 44100 * 2)
    }

    @Test func snapshot_isAWholePicture() async throws {
        let run = try await play(
            [SluiceBinary.clip("bbb-360p.mp4"), "-t", "1", "--snapshot", "first.png"] + unseen)
        #expect(run.status == 0)
        let streams = try await Clips.streams(directory.file("first.png"))
        #expect(streams.first?["codec_name"] == "png")
        #expect(streams.first?["width"] == "640" && streams.first?["height"] == "360")
    }

    @Test func snapshotEvery_countsUp() async throws {
        let run = try await play(
            [SluiceBinary.clip("bbb-360p.mp4"), "-t", "3", "--snapshot", "s%d.png", "--snapshot-every", "1s"]
                + unseen)
        #expect(run.status == 0)
        for number in 1...3 { #expect(access(directory.file("s\(number).png"), R_OK) == 0, "s\(number).png") }
    }

    @Test func file_isPlayedAtItsOwnSpeed() async throws {
        let run = try await play([SluiceBinary.clip("bbb-360p.mp4"), "--json", "-autoexit"] + unseen)
        #expect(run.status == 0)
        #expect(run.took > .seconds(4.9) && run.took < .seconds(8))
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        #expect(abs((run.result?["shown_frames"]?.int ?? 0) - 132) <= 3)
        #expect(run.result?["latency_ms"] == .null, "a file is not marked")
        #expect((run.result?["first_frame_ms"]?.number ?? 1e9) < 1500)
    }

    @Test func duration_ends() async throws {
        let run = try await play([SluiceBinary.clip("bbb-360p.mp4"), "-t", "2", "--json"] + unseen)
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "duration")
        #expect(run.took > .seconds(1.8) && run.took < .seconds(6))
        #expect(run.events.filter { $0["event"]?.string == "status" }.count >= 1)
    }

    @Test func startAt_skips() async throws {
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 100, extra: ["-g", "25", "-bf", "0"])
        let run = try await play([clip, "--raw", "-", "--pix-fmt", "bgr24", "--start-at", "2s"])
        #expect(run.status == 0)
        let seen = numbers(run.output, width: 640, height: 360, pixelBytes: 3)
        #expect(seen.first == 50)
        #expect(seen.last == 99)
    }

    @Test func noDisplayAndNoSoundCard_areSaidInOneLineEach() async throws {
        let run = try await SluiceBinary.run(
            ["play", SluiceBinary.clip("bbb-360p.mp4"), "-t", "1", "--json"],
            environment: [
                "SDL_AUDIODRIVER": nil, "PULSE_SERVER": "unix:/nonexistent", "XDG_RUNTIME_DIR": directory.path,
            ],
            directory: directory)
        #expect(run.status == 0)
        #expect((run.result?["shown_frames"]?.int ?? 0) > 15)
        let lines = run.errors.split(separator: "\n")
        #expect(lines.filter { $0.contains("display") }.count == 1, "\(run.errors)")
        #expect(lines.filter { $0.contains("sound") || $0.contains("audio") }.count == 1, "\(run.errors)")
    }

    @Test func ffplaySpellings_work() async throws {
        let run = try await play([
            "-fflags", "nobuffer", "-flags", "low_delay", "-framedrop", "-an", "-nodisp", "-autoexit", "-t", "1",
            "-volume", "50", "-sync", "ext", "-probesize", "32", "-analyzeduration", "0", "-i",
            SluiceBinary.clip("bbb-360p.mp4"),
        ])
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test(arguments: [("audio", ["-vn"]), ("video", ["-an"])])
    func oneTrackAlone_isPlayed(kind: String, without: [String]) async throws {
        let clip = directory.file("\(kind).mp4")
        try await Clips.ffmpeg(
            ["-i", SluiceBinary.clip("bbb-360p.mp4"), "-c", "copy", "-t", "2"] + without + [clip])
        let run = try await play([clip, "--json", "-autoexit"] + unseen)
        #expect(run.status == 0)
        #expect(run.took > .seconds(1.5) && run.took < .seconds(7))
        let shown = run.result?["shown_frames"]?.int ?? -1
        #expect(kind == "audio" ? shown == 0 : abs(shown - 50) <= 3)
    }

    @Test func fullHD_isPlayed() async throws {
        let clip = directory.file("hd.mp4")
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25", "-t", "2", "-c:v", "libx264", "-preset", "ultrafast",
            "-bf", "2", "-pix_fmt", "yuv420p", clip,
        ])
        let run = try await play([clip, "--json"] + unseen)
        #expect(run.status == 0)
        #expect((run.result?["shown_frames"]?.int ?? 0) >= 45)
    }

    @Test func standardInput_isPlayed() async throws {
        try await Clips.ffmpeg(["-i", SluiceBinary.clip("bbb-360p.mp4"), "-c", "copy", directory.file("in.ts")])
        let bytes = try #require(contents(ofFile: directory.file("in.ts")))
        let run = try await SluiceBinary.run(
            ["play", "-", "--raw", "out.raw", "--pix-fmt", "bgr24"], input: .bytes(bytes), directory: directory)
        #expect(run.status == 0, "\(run.errors)")
        #expect(contents(ofFile: directory.file("out.raw"))?.count == 132 * 640 * 360 * 3)
    }
}
