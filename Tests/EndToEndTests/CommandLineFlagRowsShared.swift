// Rows of the flag table that every command has: how inputs are opened, what is told.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension FlagTable {
    /// The shortest complete line of a command that reads `input`.
    private static func line(_ command: String, _ input: String) -> [String] {
        switch command {
        case "push": ["push", input, "out.mkv"]
        case "record": ["record", input, "-o", "out.mkv"]
        case "probe": ["probe", input]
        default: ["play", input, "--vo", "null", "--ao", "null"]
        }
    }

    private static func run(_ lab: FlagLab, _ words: [String], _ extra: [String] = []) async throws -> SluiceRun {
        // A recorder leaves a file alone that is there.
        if words.first == "record" { unlink(lab.directory.file("out.mkv")) }
        return try await SluiceBinary.run(words + extra, directory: lab.directory, within: .seconds(25))
    }

    static func sourceRows(_ command: String) -> [FlagRow] {
        [
            FlagRow(command, "--timeout") { lab in
                let server = try await ScriptedServer.start(.silence)
                let words = line(command, "rtmp://127.0.0.1:\(server.port)/live/x")
                let run = try await run(lab, words, ["--timeout", "1s"])
                #expect(run.status == 75)
                #expect((.milliseconds(900) ... .seconds(4.5)).contains(run.took), "\(run.took)")
            },
            FlagRow(command, "--header", "--user-agent") { lab in
                let server = try await ScriptedServer.start(
                    .respond("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", body: [], closes: true))
                let words = line(command, "http://127.0.0.1:\(server.port)/x.flv")
                let run = try await run(
                    lab, words,
                    ["--header", "X-One: first", "--header", "X-Two: second", "--user-agent", "tester/7"])
                #expect(run.status == 69)
                let asked = String(decoding: server.received, as: UTF8.self).lowercased()
                for line in ["x-one: first", "x-two: second", "user-agent: tester/7"] {
                    #expect(asked.contains(line), "\(line) in \(asked)")
                }
            },
            FlagRow(command, "--av-option") { lab in
                let words = line(command, FlagLab.clip)
                let accepted = try await run(lab, words)
                #expect(accepted.status == 0)
                // An option of the demuxer that keeps it from opening the file.
                let refused = try await run(lab, words, ["--av-option", "format_whitelist=flv"])
                #expect(refused.status == 65 || refused.status == 66, "\(refused.errors)")
            },
            FlagRow(command, "--rtsp-transport") { lab in
                for (transport, word) in [("tcp", "RTP/AVP/TCP"), ("udp", "RTP/AVP")] {
                    let server = try await RTSPStage.start()
                    let words = line(command, "rtsp://127.0.0.1:\(server.port)/x")
                    let running = try SluiceBinary.start(
                        words + ["--rtsp-transport", transport, "--timeout", "3s"], directory: lab.directory)
                    let setup = await server.transport(within: .seconds(10))
                    #expect(
                        setup?.hasPrefix(word + ";") == true || setup?.hasPrefix(word + "/UDP") == true,
                        "\(setup ?? "")")
                    _ = await running.interrupt()
                }
            },
            FlagRow(command, "--quality") { lab in
                let server = try await HLSVariants.start()
                for (quality, width) in [("best", 320), ("worst", 160), ("180p", 320), ("90p", 160)] {
                    let shown = try await shownWidth(lab, command, server.address, ["--quality", quality])
                    #expect(shown == width, "\(quality)")
                }
            },
            FlagRow(command, "--video-track") { lab in
                for (track, width) in [("0", 160), ("1", 320)] {
                    let shown = try await shownWidth(lab, command, FlagLab.tracks, ["--video-track", track])
                    #expect(shown == width, "track \(track)")
                }
            },
            FlagRow(command, "--audio-track") { lab in
                for (track, channels) in [("0", 1), ("1", 2)] {
                    let heard = try await heardChannels(lab, command, ["--audio-track", track])
                    #expect(heard == channels, "track \(track)")
                }
            },
            FlagRow(command, "--insecure") { lab in
                let server = try await SelfSignedServer.start()
                let words = line(command, "https://127.0.0.1:\(server.port)/x.flv")
                let refused = try await run(lab, words)
                #expect(refused.status == 77, "\(refused.errors)")
                let accepted = try await run(lab, words, ["--insecure"])
                #expect(accepted.status != 77 && accepted.status != 64, "\(accepted.errors)")
            },
        ]
    }

    static func commonRows(_ command: String) -> [FlagRow] {
        let words = line(command, FlagLab.clip)
        // Where the report goes to standard output, nothing is left to say beside it.
        let loud = words + (command == "probe" ? ["--json"] : [])
        return [
            FlagRow(command, "--json") { lab in
                let plain = try await run(lab, words)
                #expect(plain.output.isEmpty == (command != "probe"))
                #expect(plain.events.isEmpty)
                let json = try await run(lab, words, ["--json"])
                #expect(json.events.count == json.text.split(separator: "\n").count)
                let (field, value) = command == "probe" ? ("verdict", "PASS") : ("ended_by", "end_of_input")
                #expect(json.result?[field]?.string == value)
            },
            FlagRow(command, "--stats") { lab in
                let run = try await run(lab, words, ["--stats", "events"])
                #expect(run.events.isEmpty)
                let text = String(decoding: try lab.bytes("events"), as: UTF8.self)
                #expect(JSONReader.lines(text).last?["event"]?.string == "result")
            },
            FlagRow(command, "--log-level") { lab in
                // A server's words are detail that a file has not.
                let server = try await NginxRTMP.start()
                var words = loud
                if command == "push" { words = ["push", FlagLab.clip, server.url("told")] }
                var publisher: RunningSluice?
                if command == "record" || command == "probe" {
                    publisher = try lab.publisher(to: server.url("told"))
                    #expect(await server.waitForPublisher("told"))
                    words =
                        line(command, server.url("told")) + ["-t", "500ms"] + (command == "probe" ? ["--json"] : [])
                }
                var lines: [Int] = []
                for level in ["error", "notice", "trace"] {
                    let errors = try await run(lab, words, ["--log-level", level]).errors
                    lines.append(errors.filter(\.isNewline).count)
                }
                #expect(lines[0] == 0 && lines[0] < lines[1] && lines[1] < lines[2], "\(lines)")
                _ = await publisher?.interrupt()
            },
            FlagRow(command, "-q", "--quiet") { lab in
                #expect(try await !run(lab, loud).errors.isEmpty)
                for option in ["-q", "--quiet"] {
                    let quiet = try await run(lab, loud, [option])
                    #expect(quiet.errors.isEmpty)
                }
            },
            FlagRow(command, "--no-color") { lab in
                let line = ([try SluiceBinary.path()] + Self.line(command, "missing.mp4")).joined(separator: " ")
                for (extra, hasColour) in [("", true), (" --no-color", false)] {
                    let program = try Program(
                        ["script", "-qec", line + extra, "/dev/null"],
                        environment: ["TERM": "xterm", "NO_COLOR": nil], directory: lab.directory.path)
                    _ = await program.wait(within: .seconds(15))
                    #expect(program.output.contains("\u{1B}[31m") == hasColour, "\(program.output)")
                }
            },
            FlagRow(command, "--version") { lab in
                let run = try await run(lab, [command], ["--version"])
                #expect(run.text.hasPrefix("sluice "))
            },
            FlagRow(command, "-h", "--help") { lab in
                for option in ["-h", "--help"] {
                    let run = try await run(lab, [command], [option])
                    #expect(run.text.contains("USAGE: sluice \(command)"))
                }
            },
        ]
    }

    /// The channels of the sound after a command has chosen among several.
    private static func heardChannels(_ lab: FlagLab, _ command: String, _ extra: [String]) async throws -> Int? {
        var words = line(command, FlagLab.tracks)
        switch command {
        case "push": words += ["--audio", "copy"]
        case "play": words = ["play", FlagLab.tracks, "-vn", "--wav", "out.wav"]
        case "probe": words += ["--json"]
        default: break
        }
        let run = try await run(lab, words, extra)
        #expect(run.status == 0, "\(run.errors)")
        if command == "probe" { return run.probed("audio")?["channels"]?.int }
        return try await lab.probe(command == "play" ? "out.wav" : "out.mkv").audio?["channels"]?.int
    }

    /// The picture's width after a command has chosen among several.
    private static func shownWidth(
        _ lab: FlagLab, _ command: String, _ input: String, _ extra: [String]
    ) async throws -> Int? {
        if command == "probe" {
            let probed = try await run(lab, line(command, input), ["--json"] + extra)
            #expect(probed.status == 0, "\(probed.errors)")
            return probed.probed("video")?["width"]?.int
        }
        if command != "play" {
            let kept = try await run(lab, line(command, input), extra)
            #expect(kept.status == 0, "\(kept.errors)")
            return try await lab.probe("out.mkv").width
        }
        let played = try await SluiceBinary.run(
            ["play", input, "--vo", "null", "-an", "--snapshot", "shown.png"] + extra, directory: lab.directory)
        #expect(played.status == 0, "\(played.errors)")
        return try await lab.probe("shown.png").width
    }
}

extension SluiceRun {
    /// The one track of a kind that `probe --json` tells of.
    func probed(_ kind: String) -> JSONReader.Value? {
        let tracks = result?["tracks"]?.array?.filter { $0["type"]?.string == kind } ?? []
        return tracks.count == 1 ? tracks[0] : nil
    }
}
