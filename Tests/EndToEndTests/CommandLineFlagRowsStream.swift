// Rows of the flag table: the stream commands' own options, and those of the push that stream-start makes. Most run in
// the foreground, where the totals say what was pushed.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension FlagLab {
    static let anyPorts = ["--rtmp-port", "0", "--http-port", "0"]

    /// `stream-start` on any free ports.
    func begin(
        _ name: String, _ words: [String], status: Int32 = 0, input: Program.Input = .null
    ) async throws -> SluiceRun {
        let run = try await SluiceBinary.run(
            ["stream-start", name] + words + Self.anyPorts, input: input, directory: directory, within: .seconds(25)
        )
        #expect(run.status == status, "\(words.joined(separator: " ")): \(run.errors)")
        return run
    }

    /// The result of a push in the foreground to the end of its input.
    func pushed(_ words: [String], input: Program.Input = .null) async throws -> JSONReader.Value {
        let run = try await begin("row", words + ["--foreground", "--json", "--no-marks"], input: input)
        return try #require(run.result)
    }

    /// What a viewer gets of it: a second and a half.
    func watched(_ words: [String], marks: Bool = false) async throws -> ProbedFile {
        let address = try await begin("row", words + ["--print", "watch.rtmp"] + (marks ? [] : ["--no-marks"])).text
        unlink(directory.file("seen.mkv"))
        try await run("record", String(address.dropLast()), "-t", "1500ms", "-o", "seen.mkv", "--quiet")
        try await run("stream-stop", "row", "--quiet")
        return try await probe("seen.mkv")
    }
}

extension FlagTable {
    static let streamStartRows: [FlagRow] = [
        FlagRow("stream-start", "--print") { lab in
            let id = try await lab.begin("row", ["--stream-id", "mine", "--print", "stream_id"])
            #expect(id.text == "mine\n")
            let address = try await lab.begin("row", ["--reuse", "--print", "watch.rtmp"])
            #expect(address.text.hasPrefix("rtmp://127.0.0.1:") && address.text.hasSuffix("/live/mine\n"))
            try await lab.run("stream-stop", "row")
        },
        FlagRow("stream-start", "--foreground") { lab in
            let background = try await lab.begin("row", [FlagLab.clip, "--loop", "--json"])
            #expect(background.result?["state"]?.string == "live")
            try await lab.run("stream-stop", "row")
            let foreground = try await lab.begin("other", [FlagLab.clip, "--foreground", "--json"])
            #expect(foreground.events.first?["event"]?.string == "started")
            #expect(foreground.result?["state"]?.string == "stopped")
            #expect(foreground.result?["ended_by"]?.string == "end_of_input")
        },
        FlagRow("stream-start", "--reuse") { lab in
            let first = try await lab.begin("row", ["--json"])
            let refused = try await lab.begin("row", ["--json"], status: 69)
            #expect(refused.error?["service_code"]?.int == 40_000_415)
            let reused = try await lab.begin("row", ["--json", "--reuse"])
            for run in [refused, reused] {
                #expect(run.result?["publish_url"]?.string == first.result?["publish_url"]?.string)
            }
            try await lab.run("stream-stop", "row")
        },
        FlagRow("stream-start", "--no-wait") { lab in
            _ = try await lab.begin("row", [])
            try await lab.run("stream-stop", "row")
            let refused = try await lab.begin("row", ["--no-wait", "--json"], status: 75)
            #expect(refused.error?["service_code"]?.int == 40_000_500)
            let patient = try await lab.begin("row", [])
            #expect(patient.took > .seconds(1))
            try await lab.run("stream-stop", "row")
        },
        FlagRow("stream-start", "--stream-id") { lab in
            for id in ["one", "two"] {
                let run = try await lab.begin(id, ["--stream-id", id, "--json"])
                #expect(run.result?["stream_id"]?.string == id)
                #expect(run.result?["publish_url"]?.string?.hasSuffix("/" + id) == true)
            }
            try await lab.run("stream-stop", "--all")
        },
        FlagRow("stream-start", "--quota") { lab in
            _ = try await lab.begin("one", [])
            let refused = try await lab.begin("two", ["--quota", "1", "--json"], status: 69)
            #expect(refused.error?["reason"]?.string == "quota")
            #expect(refused.error?["service_code"]?.int == 20101)
            _ = try await lab.begin("two", ["--quota", "2"])
            try await lab.run("stream-stop", "--all")
        },
        FlagRow("stream-start", "--rtmp-port", "--http-port") { lab in
            let (rtmp, http) = (try FreePort.tcp(), try FreePort.tcp())
            let run = try await lab.run(
                "stream-start", "row", "--rtmp-port", "\(rtmp)", "--http-port", "\(http)", "--json")
            #expect(run.result?["publish_url"]?.string?.hasPrefix("rtmp://127.0.0.1:\(rtmp)/") == true)
            #expect(run.result?["watch"]?["flv"]?.string?.hasPrefix("http://127.0.0.1:\(http)/") == true)
            #expect(FreePort.answers(rtmp) && FreePort.answers(http))
            try await lab.run("stream-stop", "row")
        },
    ]

    static let streamStopRows: [FlagRow] = [
        FlagRow("stream-stop", "--all") { lab in
            for name in ["one", "two"] { _ = try await lab.begin(name, []) }
            let run = try await lab.run("stream-stop", "--all", "--json")
            let names = run.result?["channels"]?.array?.compactMap { $0["channel"]?.string }
            #expect(names == ["one", "two"])
            #expect(run.events.filter { $0["event"]?.string == "stopped" }.count == 2)
        }
    ]

    static let streamPushRows: [FlagRow] = [
        FlagRow("stream-start", "-i") { lab in
            let result = try await lab.pushed(["-i", FlagLab.clip])
            #expect(result["video_frames"]?.int == 25)
        },
        FlagRow("stream-start", "--loop") { lab in
            let result = try await lab.pushed([FlagLab.clip, "--loop=2"])
            #expect(result["video_frames"]?.int == 50)
        },
        FlagRow("stream-start", "--start-at") { lab in
            let frames = try await lab.pushed([FlagLab.clip, "--start-at", "600ms"])["video_frames"]?.int ?? 0
            #expect((8...12).contains(frames))
        },
        FlagRow("stream-start", "-t", "--duration") { lab in
            for option in ["-t", "--duration"] {
                let result = try await lab.pushed([FlagLab.clip, option, "400ms"])
                #expect((8...12).contains(result["video_frames"]?.int ?? 0), "\(option)")
            }
        },
        FlagRow("stream-start", "--no-pace", "--live") { lab in
            let paced = try await lab.begin("row", [FlagLab.clip, "--loop=4", "--foreground", "--live", "off"])
            #expect(paced.took > .seconds(3.5))
            for option in [["--no-pace"], ["--live", "on"]] {
                // Half a minute of media, so that a busy machine cannot take as long for it.
                let run = try await lab.begin("row", [FlagLab.clip, "--loop=30", "--foreground"] + option)
                #expect(run.took < .seconds(20), "\(option)")
            }
        },
        FlagRow("stream-start", "--format") { lab in
            _ = try await lab.begin("row", [FlagLab.clip, "--foreground", "--format", "flv"])
            _ = try await lab.begin("row", [FlagLab.clip, "--foreground", "--format", "mpegts"], status: 64)
        },
        FlagRow("stream-start", "--input-format", "--input-pix-fmt", "--input-size", "--input-fps") { lab in
            let result = try await lab.pushed(
                [
                    "-", "--input-format", "rawvideo", "--input-pix-fmt", "gray", "--input-size", "32x16",
                    "--input-fps", "20", "--live", "off",
                ], input: .bytes(FlagLab.pictures(30, bytesEach: 512)))
            #expect(result["video_frames"]?.int == 30)
        },
        FlagRow("stream-start", "--video", "--size", "--fps", "--gop", "--preset") { lab in
            let seen = try await lab.watched([
                FlagLab.clip, "--loop", "--video", "h264", "--size", "128x72", "--fps", "10", "--gop", "500ms",
                "--preset", "ultrafast",
            ])
            #expect(seen.width == 128)
            #expect(seen.video?["profile"]?.string?.hasSuffix("Baseline") == true)
            #expect((10...20).contains(seen.pictures), "\(seen.pictures)")
            let times = seen.keyframes
            #expect(zip(times.dropFirst(), times).allSatisfy { (0.4...0.6).contains($0 - $1) }, "\(times)")
            #expect(try await lab.watched([FlagLab.clip, "--loop", "--video", "none"]).codecs == ["aac"])
        },
        FlagRow("stream-start", "--audio") { lab in
            let seen = try await lab.watched([FlagLab.clip, "--loop", "--audio", "none"])
            #expect(seen.codecs == ["h264"])
        },
        FlagRow("stream-start", "--bitrate", "--tune") { lab in
            func bytes(_ extra: [String]) async throws -> Int {
                try await lab.pushed([FlagLab.clip, "--audio", "none"] + extra)["sent_bytes"]?.int ?? 0
            }
            let (low, high) = (try await bytes(["--bitrate", "60k"]), try await bytes(["--bitrate", "1.2M"]))
            #expect(low > 0 && high > 3 * low, "\(low) \(high)")
            let grain = try await bytes(["--tune", "grain"])
            #expect(try await bytes(["--tune", "zerolatency"]) != grain)
        },
        FlagRow("stream-start", "--profile") { lab in
            for (profile, name) in [("main", "Main"), ("high", "High")] {
                let seen = try await lab.watched([FlagLab.clip, "--loop", "--profile", profile])
                #expect(seen.video?["profile"]?.string == name)
            }
        },
        FlagRow("stream-start", "--audio-bitrate") { lab in
            func bytes(_ rate: String) async throws -> Int {
                try await lab.pushed([FlagLab.clip, "--loop=2", "--video", "none", "--audio-bitrate", rate])[
                    "sent_bytes"]?.int ?? 0
            }
            let low = try await bytes("24k")
            #expect(try await bytes("192k") > 3 * low / 2)
        },
        FlagRow("stream-start", "--no-marks") { lab in
            for marked in [true, false] {
                let name = marked ? "marked" : "bare"
                let address = try await lab.begin(
                    name, [FlagLab.clip, "--loop", "--print", "watch.rtmp"] + (marked ? [] : ["--no-marks"]))
                let run = try await lab.run(
                    "play", String(address.text.dropLast()), "--vo", "null", "--ao", "null", "-t", "1", "--json")
                #expect((run.result?["latency_ms"] == .null) == !marked, "\(name)")
            }
            try await lab.run("stream-stop", "--all")
        },
    ]
}
