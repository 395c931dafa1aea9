// The origin's streams in the players that people have. A player that is not installed fails the test.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct OriginPlayerTests {
    /// How many packets of a kind a file has, and that decoding them says nothing.
    private func pictures(_ path: String) async throws -> Int {
        let program = try Program(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-"])
        #expect(await program.wait(within: .seconds(60)) == .exited(0), "\(program.errors)")
        return try await Clips.packetCount(path, "video")
    }

    /// Lines of FFmpeg's frame checksums: one for each decoded picture and frame of sound.
    private func decoded(_ address: String, seconds: Double) async throws -> (video: Int, audio: Int) {
        let program = try Program([
            "ffmpeg", "-nostdin", "-v", "error", "-i", address, "-t", "\(seconds)", "-map", "0:v?", "-map", "0:a?",
            "-f",
            "framecrc", "-",
        ])
        #expect(await program.wait(within: .seconds(40)) == .exited(0), "\(address): \(program.errors)")
        let lines = program.output.split(separator: "\n")
        let hasPicture = lines.contains { $0.hasPrefix("#media_type 0: video") }
        let first = lines.count { $0.hasPrefix("0,") }
        return hasPicture ? (first, lines.count { $0.hasPrefix("1,") }) : (0, first)
    }

    @Test(arguments: OriginStage.Source.allCases) func ffmpeg_playsAllOfThem(_ source: OriginStage.Source)
        async throws
    {
        let stage = try await OriginStage.begin(source)
        for kind in ["rtmp", "flv", "hls", "feed"] {
            let found = try await decoded(stage.address(kind), seconds: 3)
            if source == .soundOnly {
                #expect(found.video == 0 && found.audio > 100, "\(kind): \(found)")
            } else {
                #expect(found.video > 60 && found.audio > 100, "\(kind): \(found)")
            }
        }
        try await stage.end()
    }

    @Test(arguments: ["rtmp", "flv", "hls"]) func ffplay_playsIt(_ kind: String) async throws {
        let stage = try await OriginStage.begin()
        let program = try Program(
            ["ffplay", "-hide_banner", "-nodisp", "-stats", try stage.address(kind)],
            environment: ["SDL_AUDIODRIVER": "dummy"])
        // Its clock, at the beginning of each line of statistics, is the stream's.
        let clocks = {
            program.errors.split(separator: "\r").compactMap { Double($0.split(separator: " ").first ?? "") }
        }
        let hasPlayed = await eventually(within: .seconds(40), every: .milliseconds(100)) {
            let shown = clocks().filter { $0.isFinite }
            return (shown.last ?? 0) - (shown.first ?? 0) > 2
        }
        #expect(hasPlayed, "\(clocks().suffix(5)) \(program.errors.prefix(2000))")
        #expect(program.errors.contains("Audio: aac") && program.errors.contains("Video: h264"))
        await program.stop()
        try await stage.end()
    }

    @Test(arguments: ["rtmp", "flv", "hls"]) func mpv_playsIt(_ kind: String) async throws {
        let stage = try await OriginStage.begin()
        let program = try Program([
            "mpv", "--no-config", "--vo=null", "--ao=null", "--length=4",
            "--term-status-msg=at ${=time-pos} wide ${width};", try stage.address(kind),
        ])
        #expect(await program.wait(within: .seconds(40)) == .exited(0), "\(program.errors.suffix(2000))")
        let said = program.output + program.errors
        let shown = Set(said.split(separator: ";").map(String.init).filter { $0.contains("wide 640") })
        #expect(shown.count > 20, "\(shown.count) pictures: \(said.suffix(1000))")
        try await stage.end()
    }

    @Test(arguments: ["rtmp", "flv", "hls"]) func vlc_playsIt(_ kind: String) async throws {
        let stage = try await OriginStage.begin()
        let home = try TempDirectory("vlc")
        let out = home.file("out.ts")
        let program = try Program(
            OriginStage.asUser(
                [
                    "cvlc", "-I", "dummy", "--no-dbus", "--play-and-exit", "--run-time=5", "--sout",
                    "#std{access=file,mux=ts,dst=\(out)}", try stage.address(kind), "vlc://quit",
                ], home: home))
        #expect(await program.wait(within: .seconds(60)) == .exited(0), "\(program.errors.suffix(2000))")
        let streams = try await Clips.streams(out)
        #expect(streams.map { $0["codec_name"] ?? "" }.sorted() == ["aac", "h264"])
        #expect(try await Clips.packetCount(out, "video") > 60)
        try await stage.end()
    }

    @Test func rtmpdump_keepsIt() async throws {
        let stage = try await OriginStage.begin()
        let directory = try TempDirectory("dump")
        let path = directory.file("out.flv")
        let program = try Program(["rtmpdump", "-q", "-v", "-r", try stage.address("rtmp"), "-o", path])
        let hasCome = await eventually(within: .seconds(30), every: .milliseconds(100)) {
            (contents(ofFile: path)?.count ?? 0) > 600_000
        }
        #expect(hasCome, "\(program.errors)")
        program.signal(SIGINT)
        _ = await program.wait(within: .seconds(10))
        #expect(try await pictures(path) > 60)
        try await stage.end()
    }

    @Test(arguments: ["rtmp", "flv", "hls"]) func gstreamer_playsIt(_ kind: String) async throws {
        let stage = try await OriginStage.begin()
        let directory = try TempDirectory("gst")
        let path = directory.file("out.h264")
        let address = try stage.address(kind)
        let source =
            switch kind {
            case "rtmp": ["rtmp2src", "location=\(address)", "!", "flvdemux", "name=d"]
            case "flv": ["souphttpsrc", "is-live=true", "location=\(address)", "!", "flvdemux", "name=d"]
            default: ["souphttpsrc", "location=\(address)", "!", "hlsdemux", "!", "qtdemux", "name=d"]
            }
        let pad = kind == "hls" ? "d.video_0" : "d.video"
        let program = try Program(
            ["gst-launch-1.0", "-q", "-e"] + source
                + [pad, "!", "queue", "!", "h264parse", "!", "video/x-h264,stream-format=byte-stream", "!"]
                + ["filesink", "location=\(path)"])
        let hasCome = await eventually(within: .seconds(40), every: .milliseconds(100)) {
            (contents(ofFile: path)?.count ?? 0) > 300_000
        }
        #expect(hasCome, "\(program.errors.suffix(2000))")
        program.signal(SIGINT)
        _ = await program.wait(within: .seconds(10))
        #expect(try await pictures(path) > 20)
        try await stage.end()
    }

    @Test func curl_fetchesIt() async throws {
        let stage = try await OriginStage.begin()
        let directory = try TempDirectory("curl")
        for kind in ["flv", "feed"] {
            let path = directory.file("out." + (kind == "flv" ? "flv" : "mp4"))
            let program = try Program(["curl", "-sSN", "--max-time", "4", "-o", path, try stage.address(kind)])
            // 28: the time is over, as it was told.
            #expect(await program.wait(within: .seconds(20)) == .exited(28), "\(program.errors)")
            // The last of it is torn.
            #expect(try await Clips.packetCount(path, "video") > 60)
        }
        let playlist = try Program(["curl", "-sSf", "-D", "-", try stage.address("hls")])
        #expect(await playlist.wait(within: .seconds(20)) == .exited(0), "\(playlist.errors)")
        #expect(playlist.output.lowercased().contains("access-control-allow-origin: *"))
        let lines = playlist.output.split(whereSeparator: \.isNewline).map(String.init)
        let folder = try stage.address("hls").split(separator: "/").dropLast().joined(separator: "/")
            .replacing("http:/", with: "http://")
        let map = try #require(
            lines.first { $0.hasPrefix("#EXT-X-MAP:URI=\"") }?.split(separator: "\"").dropFirst().first)
        let segment = try #require(lines.first { $0.hasSuffix(".m4s") })
        let path = directory.file("segment.mp4")
        let fetch = try Program(
            ["curl", "-sSf", "\(folder)/\(map)", "\(folder)/\(segment)"], output: .file(path))
        #expect(await fetch.wait(within: .seconds(20)) == .exited(0), "\(fetch.errors)")
        #expect(try await pictures(path) >= 30)
        try await stage.end()
    }

    @Test func nginx_pullsIt() async throws {
        let stage = try await OriginStage.begin()
        let nginx = try await NginxRTMP.start(pull: stage.address("rtmp"))
        let found = try await decoded(nginx.url("pulled", application: "pulled"), seconds: 3)
        #expect(found.video > 20 && found.audio > 50, "\(found): \(nginx.log.suffix(1000))")
        await nginx.stop()
        try await stage.end()
    }
}
