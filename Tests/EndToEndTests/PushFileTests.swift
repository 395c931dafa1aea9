import Model
import TestSupport
import Testing

// `sluice push` into files and pipes: not paced, complete, and what ffprobe makes of it.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct PushFileTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("push") }

    private func push(_ arguments: [String], within limit: Span = .seconds(40)) async throws -> SluiceRun {
        try await SluiceBinary.run(["push"] + arguments + ["--json"], directory: directory, within: limit)
    }

    @Test(arguments: ["flv", "mp4", "mkv", "ts"])
    func clip_isCopiedWhole(container: String) async throws {
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), "out." + container])
        #expect(run.status == 0)
        #expect(run.took < .seconds(5), "files are not paced")
        let file = directory.file("out." + container)
        let streams = try await Clips.streams(file)
        #expect(streams.map { $0["codec_name"] ?? "" }.sorted() == ["aac", "h264"])
        let times = try await Clips.packetTimes(file)
        #expect(try await Clips.packetCount(file, "video") == 132)
        #expect(abs(try await Clips.duration(file) - 5.28) < 0.12)
        let video = try #require(times["video"])
        #expect(zip(video.dropFirst(), video).allSatisfy { $0 > $1 })
    }

    @Test func files_areNotMarked() async throws {
        #expect(try await push([SluiceBinary.clip("bbb-360p.mp4"), "plain.flv"]).status == 0)
        let tape = try FLVTape(directory.file("plain.flv"))
        #expect(await tape.ends(within: .seconds(10)))
        #expect(tape.video.count == 132)
        #expect(tape.video.allSatisfy { $0.mark == nil })
    }

    @Test func loopThreeTimes_isMonotonicWithoutHoles() async throws {
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), "--loop=3", "out.flv"])
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        let times = try await Clips.packetTimes(directory.file("out.flv"))
        #expect(times["video"]?.count == 3 * 132)
        for (kind, track) in times {
            #expect(zip(track.dropFirst(), track).allSatisfy { $0 > $1 }, "\(kind)")
            #expect(zip(track.dropFirst(), track).allSatisfy { $0 - $1 < 0.1 }, "\(kind) has no hole at the seam")
        }
    }

    @Test func duration_cuts() async throws {
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), "-t", "2", "out.mp4"])
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "duration")
        #expect(abs(try await Clips.duration(directory.file("out.mp4")) - 2) < 0.3)
    }

    @Test func startAt_beginsThere() async throws {
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), "--start-at", "3s", "out.mp4"])
        #expect(run.status == 0)
        let length = try await Clips.duration(directory.file("out.mp4"))
        #expect(length > 2.1 && length < 3.4, "from the key frame at or before 3 s: \(length)")
    }

    @Test func testsrc_hasPictureAndTone() async throws {
        let run = try await push(["testsrc", "-t", "3", "out.mp4"])
        #expect(run.status == 0)
        let streams = try await Clips.streams(directory.file("out.mp4"))
        #expect(streams.map { $0["codec_name"] ?? "" }.sorted() == ["aac", "h264"])
        #expect(abs(try await Clips.duration(directory.file("out.mp4")) - 3) < 0.2)
        #expect(try #require(try await Clips.peak(directory.file("out.mp4"))) > -40)
    }

    @Test(arguments: [("tone", -40.0...0), ("silence", -100.0 ... -80)])
    func sound_isWhatItSays(input: String, level: ClosedRange<Double>) async throws {
        let run = try await push([input, "-t", "2", "out.m4a", "--format", "mp4"])
        #expect(run.status == 0)
        let streams = try await Clips.streams(directory.file("out.m4a"))
        #expect(streams.map { $0["codec_name"] ?? "" } == ["aac"])
        #expect(level.contains(try #require(try await Clips.peak(directory.file("out.m4a")))))
    }

    @Test func encodingOptions_areObeyed() async throws {
        let run = try await push([
            SluiceBinary.clip("bbb-360p.mp4"), "out.mp4", "--size", "320x180", "--fps", "10", "--gop", "1s",
            "--bitrate", "300k", "--audio-bitrate", "64k", "--audio", "aac",
        ])
        #expect(run.status == 0)
        let streams = try await Clips.streams(directory.file("out.mp4"))
        let video = try #require(streams.first { $0["codec_type"] == "video" })
        #expect(video["width"] == "320" && video["height"] == "180")
        #expect(video["avg_frame_rate"] == "10/1")
        #expect(video["has_b_frames"] == "0")
        let bits = try #require(video["bit_rate"].flatMap(Double.init))
        #expect(bits < 420_000 && bits > 60_000, "\(bits)")
    }

    @Test(arguments: [("--video", "audio"), ("--audio", "video")])
    func none_leavesATrackOut(option: String, remaining: String) async throws {
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), "out.mp4", option, "none"])
        #expect(run.status == 0)
        #expect(try await Clips.streams(directory.file("out.mp4")).map { $0["codec_type"] ?? "" } == [remaining])
    }

    @Test func hevc_isEncoded() async throws {
        let run = try await push(["testsrc", "out.mp4", "-t", "1", "--video", "hevc", "--size", "320x180"])
        #expect(run.status == 0)
        #expect(try await Clips.streams(directory.file("out.mp4")).contains { $0["codec_name"] == "hevc" })
    }

    @Test func standardOutput_carriesTheMedia() async throws {
        let run = try await SluiceBinary.run(
            ["push", SluiceBinary.clip("bbb-360p.mp4"), "-", "--format", "mpegts"], directory: directory)
        #expect(run.status == 0)
        #expect(run.output.count % 188 == 0 && run.output.first == 0x47)
        try directory.write(run.output, to: "out.ts")
        let streams = try await Clips.streams(directory.file("out.ts"))
        #expect(streams.map { $0["codec_name"] ?? "" }.sorted() == ["aac", "h264"])
        #expect(try await Clips.packetTimes(directory.file("out.ts"))["video"]?.count == 132)
    }

    @Test func standardInput_isAContainer() async throws {
        try await Clips.ffmpeg(["-i", SluiceBinary.clip("bbb-360p.mp4"), "-c", "copy", directory.file("in.ts")])
        let bytes = try #require(contents(ofFile: directory.file("in.ts")))
        let run = try await SluiceBinary.run(
            ["push", "-", "out.flv", "--json"], input: .bytes(bytes), directory: directory)
        #expect(run.status == 0)
        #expect(try await Clips.packetTimes(directory.file("out.flv"))["video"]?.count == 132)
    }

    @Test func noPace_sendsAtOnce() async throws {
        let server = try await NginxRTMP.start()
        let run = try await push([SluiceBinary.clip("bbb-360p.mp4"), server.url("fast"), "--no-pace", "--loop=5"])
        #expect(run.status == 0)
        #expect(run.took < .seconds(13), "26 s of media")
    }
}
