// Rows of the flag table: how stream-start opens its input, and what every stream command tells.
import Model
import TestSupport
import Testing

extension FlagTable {
    static let streamSourceRows: [FlagRow] = [
        FlagRow("stream-start", "--timeout") { lab in
            let server = try await ScriptedServer.start(.silence)
            let run = try await lab.begin(
                "row", ["rtmp://127.0.0.1:\(server.port)/live/x", "--foreground", "--timeout", "1s"], status: 75)
            #expect((.milliseconds(900) ... .seconds(4.5)).contains(run.took), "\(run.took)")
        },
        FlagRow("stream-start", "--header", "--user-agent") { lab in
            let server = try await ScriptedServer.start(
                .respond("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", body: [], closes: true))
            _ = try await lab.begin(
                "row",
                [
                    "http://127.0.0.1:\(server.port)/x.flv", "--header", "X-One: first", "--user-agent", "tester/7",
                    "--foreground",
                ], status: 69)
            let asked = String(decoding: server.received, as: UTF8.self).lowercased()
            for line in ["x-one: first", "user-agent: tester/7"] { #expect(asked.contains(line), "\(asked)") }
        },
        FlagRow("stream-start", "--av-option") { lab in
            _ = try await lab.begin("row", [FlagLab.clip, "--foreground"])
            let refused = try await SluiceBinary.run(
                ["stream-start", "row", FlagLab.clip, "--av-option", "format_whitelist=flv"] + FlagLab.anyPorts,
                directory: lab.directory)
            #expect(refused.status == 65 || refused.status == 66, "\(refused.errors)")
        },
        FlagRow("stream-start", "--rtsp-transport") { lab in
            for (transport, word) in [("tcp", "RTP/AVP/TCP"), ("udp", "RTP/AVP")] {
                let server = try await RTSPStage.start()
                let running = try lab.start(
                    ["stream-start", transport, "rtsp://127.0.0.1:\(server.port)/x", "--foreground"]
                        + ["--rtsp-transport", transport, "--timeout", "3s"] + FlagLab.anyPorts)
                let setup = await server.transport(within: .seconds(10))
                #expect(
                    setup?.hasPrefix(word + ";") == true || setup?.hasPrefix(word + "/UDP") == true,
                    "\(setup ?? "")")
                _ = await running.interrupt()
            }
        },
        FlagRow("stream-start", "--quality") { lab in
            let server = try await HLSVariants.start()
            for (quality, width) in [("best", 320), ("worst", 160)] {
                let seen = try await lab.watched([server.address, "--loop", "--quality", quality])
                #expect(seen.width == width, "\(quality)")
            }
        },
        FlagRow("stream-start", "--video-track") { lab in
            for (track, width) in [("0", 160), ("1", 320)] {
                let seen = try await lab.watched([FlagLab.tracks, "--loop", "--video-track", track])
                #expect(seen.width == width, "\(track)")
            }
        },
        FlagRow("stream-start", "--audio-track") { lab in
            for (track, channels) in [("0", 1), ("1", 2)] {
                let seen = try await lab.watched([
                    FlagLab.tracks, "--loop", "--audio", "copy", "--audio-track", track,
                ])
                #expect(seen.audio?["channels"]?.int == channels, "\(track)")
            }
        },
        FlagRow("stream-start", "--insecure") { lab in
            let server = try await SelfSignedServer.start()
            let words = ["https://127.0.0.1:\(server.port)/x.flv", "--foreground"]
            _ = try await lab.begin("row", words, status: 77)
            let accepted = try await SluiceBinary.run(
                ["stream-start", "row", "--insecure"] + words + FlagLab.anyPorts, directory: lab.directory)
            #expect(accepted.status != 77 && accepted.status != 64, "\(accepted.errors)")
        },
    ]

    /// A line of the command that does something, each time it is run, and that has something to say about it.
    private static func run(_ lab: FlagLab, _ command: String, _ extra: [String] = []) async throws -> SluiceRun {
        switch command {
        case "stream-start":
            _ = try await lab.begin("row", ["--reuse"])
            return try await lab.begin("row", ["--reuse"] + extra)
        case "stream-stop":
            return try await SluiceBinary.run(["stream-stop", "row"] + extra, directory: lab.directory)
        default:
            _ = try await lab.begin("row", ["--reuse"])
            return try await SluiceBinary.run(["stream-list"] + extra, directory: lab.directory)
        }
    }

    /// A line that fails, or has something to say on standard error.
    private static func loud(_ command: String) -> [String] {
        switch command {
        case "stream-start": [command, "loud", "missing.mp4"] + FlagLab.anyPorts
        case "stream-stop": [command, "nothing"]
        default: [command, "nothing"]
        }
    }

    static func streamCommonRows(_ command: String) -> [FlagRow] {
        [
            FlagRow(command, "--json") { lab in
                #expect(try await run(lab, command).events.isEmpty)
                let json = try await run(lab, command, ["--json"])
                #expect(json.status == 0 && json.events.count == 1 && json.result != nil, "\(json.text)")
                try await lab.run("stream-stop", "--all", "--quiet")
            },
            FlagRow(command, "--stats") { lab in
                #expect(try await run(lab, command, ["--stats", "events"]).events.isEmpty)
                let text = String(decoding: try lab.bytes("events"), as: UTF8.self)
                #expect(JSONReader.lines(text).last?["event"]?.string == "result")
                try await lab.run("stream-stop", "--all", "--quiet")
            },
            FlagRow(command, "--log-level", "-q", "--quiet") { lab in
                let line = loud(command)
                let lines = { (extra: [String]) async throws -> Int in
                    let run = try await SluiceBinary.run(line + extra, directory: lab.directory)
                    return run.errors.filter(\.isNewline).count
                }
                // Errors are said in any case; that nothing ran is a notice.
                let least = command == "stream-stop" ? 0 : 1
                for quiet in [["-q"], ["--quiet"], ["--log-level", "error"]] {
                    let said = try await lines(quiet)
                    #expect(command == "stream-stop" ? said == 0 : said >= least, "\(quiet)")
                }
                #expect(try await lines(["--log-level", "notice"]) > 0)
            },
            FlagRow(command, "--no-color") { lab in
                // stream-stop has no errors but those of the command line.
                let words = command == "stream-stop" ? [command, "a/b"] : loud(command)
                let line = ([try SluiceBinary.path()] + words).joined(separator: " ")
                for (extra, hasColour) in [("", true), (" --no-color", false)] {
                    let program = try Program(
                        ["script", "-qec", line + extra, "/dev/null"],
                        environment: [
                            "TERM": "xterm", "NO_COLOR": nil, "SLUICE_STATE_DIR": lab.directory.file("state"),
                            "SLUICE_ORIGIN_LINGER": "500ms",
                        ], directory: lab.directory.path)
                    _ = await program.wait(within: .seconds(15))
                    #expect(program.output.contains("\u{1B}[31m") == hasColour, "\(program.output)")
                }
            },
            FlagRow(command, "--version") { lab in
                let run = try await lab.run(command, "--version")
                #expect(run.text.hasPrefix("sluice "))
            },
            FlagRow(command, "-h", "--help") { lab in
                for option in ["-h", "--help"] {
                    let run = try await lab.run(command, option)
                    #expect(run.text.contains("USAGE: sluice \(command)"))
                }
            },
        ]
    }
}
