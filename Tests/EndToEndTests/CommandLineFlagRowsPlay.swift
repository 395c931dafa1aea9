// Rows of the flag table: what is played, and where pictures and sound go.
import Model
import TestSupport
import Testing

extension FlagTable {
    static let playRows: [FlagRow] = [
        FlagRow("play", "-i") { lab in
            let run = try await lab.run("play", "-i", FlagLab.clip, "--vo", "null", "--ao", "null", "--json")
            #expect(run.result?["shown_frames"]?.int ?? 0 > 15)
        },
        FlagRow("play", "--nobuffer", "-fflags", "-flags") { lab in
            // A pipe is played at its pace, unless it is said to be live: then it is over once decoded.
            let made = try await lab.run(
                "push", "--loop=3", FlagLab.clip, "-", "--format", "mpegts", "--audio", "none")
            let plain = try await lab.run("play", "-", "--vo", "null", input: .bytes(made.output))
            #expect(plain.took > .seconds(2.7))
            // So long that a busy machine cannot take it for the other.
            let long = try await lab.run(
                "push", "--loop=20", FlagLab.clip, "-", "--format", "mpegts", "--audio", "none")
            for option in [["--nobuffer"], ["-fflags", "nobuffer"], ["-flags", "low_delay"]] {
                let run = try await SluiceBinary.run(
                    ["play", "-", "--vo", "null"] + option, input: .bytes(long.output),
                    directory: lab.directory)
                #expect(run.status == 0)
                #expect(run.took < .seconds(15), "\(option)")
            }
        },
        FlagRow("play", "--start-at", "-ss") { lab in
            let whole = try await lab.run("play", FlagLab.clip, "--raw", "-", "-an").output.count
            for option in ["--start-at", "-ss"] {
                let part = try await lab.run("play", FlagLab.clip, "--raw", "-", "-an", option, "600ms").output
                    .count
                #expect(part > 0 && part <= whole * 6 / 10, "\(option): \(part) of \(whole)")
            }
        },
        FlagRow("play", "-t", "--duration") { lab in
            let whole = try await lab.run("play", FlagLab.clip, "--raw", "-", "-an").output.count
            for option in ["-t", "--duration"] {
                let part = try await lab.run("play", FlagLab.clip, "--raw", "-", "-an", option, "400ms").output
                    .count
                #expect(part > 0 && part <= whole / 2, "\(option): \(part) of \(whole)")
            }
        },
        FlagRow("play", "--no-video", "-vn") { lab in
            for option in ["--no-video", "-vn"] {
                let run = try await lab.run("play", FlagLab.clip, "--ao", "null", option, "--json")
                #expect(run.result?["shown_frames"]?.int == 0, "\(option)")
            }
        },
        FlagRow("play", "--no-audio", "-an") { lab in
            // The disk driver keeps what would be heard.
            for option in ["--no-audio", "-an"] {
                try await lab.run(
                    "play", FlagLab.clip, "--vo", "null", "--ao", "sdl", option, environment: lab.soundToDisk)
                #expect((contents(ofFile: lab.directory.file("heard.raw")) ?? []).isEmpty, "\(option)")
            }
        },
        FlagRow("play", "-autoexit", "--exit-on-end") { lab in
            let server = try await NginxRTMP.start()
            let screen = try await XvfbScreen.start()
            for option in [nil, "-autoexit", "--exit-on-end"] {
                let address = server.url("ends" + (option ?? ""))
                let publisher = try lab.publisher(to: address)
                #expect(await server.waitForPublisher("ends" + (option ?? "")))
                let play = try lab.start(
                    ["play", address, "-an", "--json"] + (option.map { [$0] } ?? []),
                    environment: screen.environment)
                #expect(await play.event("playback_begins") != nil)
                _ = await publisher.interrupt()
                if option == nil { #expect(await play.event("reconnecting") != nil, "waits for its return") }
                let run = option == nil ? await play.interrupt() : await play.finish(within: .seconds(8))
                #expect(run.result?["ended_by"]?.string == (option == nil ? "signal" : "end_of_input"))
            }
            await screen.stop()
        },
        FlagRow("play", "-framedrop", "-probesize", "-analyzeduration", "-sync") { lab in
            let run = try await lab.run(
                "play", FlagLab.clip, "--vo", "null", "--ao", "null", "-framedrop", "-probesize", "32",
                "-analyzeduration", "0", "-sync", "ext")
            for option in ["-framedrop", "-probesize", "-analyzeduration", "-sync"] {
                #expect(run.errors.contains("sluice: \(option) is not needed: "), "\(option)")
            }
        },
    ]

    static let playConnectionRows: [FlagRow] = [
        FlagRow("play", "--wait") { lab in
            let server = try await NginxRTMP.start()
            let words = ["play", server.url("late"), "--vo", "null", "--ao", "null", "--timeout", "1s", "--json"]
            let hasty = try await lab.start(words).finish()
            #expect(hasty.status == 69 && hasty.error?["reason"]?.string == "not_live")
            let bounded = try await lab.start(words + ["--wait=1500ms"]).finish()
            #expect(bounded.status == 69 && bounded.took > .seconds(1.5))
            let patient = try lab.start(words + ["--wait", "-t", "1s"])
            #expect(await patient.event("reconnecting") != nil)
            let publisher = try lab.publisher(to: server.url("late"))
            let run = await patient.finish()
            #expect(run.status == 0 && run.result?["shown_frames"]?.int ?? 0 > 5, "\(run.errors)")
            _ = await publisher.interrupt()
        },
        FlagRow("play", "--reconnect", "--give-up") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("cut"))
            #expect(await server.waitForPublisher("cut"))
            let cases: [(option: [String], status: Int32, tries: ClosedRange<Int>)] = [
                (["--reconnect", "off"], 74, 0...0), (["--reconnect", "1"], 74, 1...1),
                (["--give-up", "3s"], 74, 2...4),
            ]
            for (option, status, tries) in cases {
                let proxy = try await FaultProxy.start(to: server.rtmpPort)
                let play = try lab.start(
                    ["play", "rtmp://127.0.0.1:\(proxy.port)/live/cut", "--vo", "null", "--ao", "null", "--json"]
                        + option)
                #expect(await play.event("playback_begins") != nil)
                proxy.refuse()
                proxy.cut()
                let run = await play.finish(within: .seconds(10))
                #expect(run.status == status, "\(option): \(run.errors)")
                let tried = run.events.count { $0["event"]?.string == "reconnecting" }
                #expect(tries.contains(tried), "\(option): \(tried)")
            }
            _ = await publisher.interrupt()
        },
    ]

    static let outputRows: [FlagRow] = [
        FlagRow("play", "--vo", "-nodisp") { lab in
            let screen = try await XvfbScreen.start()
            for (option, isSeen) in [(["--vo", "sdl"], true), (["--vo", "null"], false), (["-nodisp"], false)] {
                let seen = try await lab.windows(screen, ["-an", "--title", "here-it-is"] + option)
                #expect(seen.contains("here-it-is") == isSeen, "\(option)")
            }
            await screen.stop()
        },
        FlagRow("play", "--ao") { lab in
            try await lab.run(
                "play", FlagLab.clip, "--vo", "null", "--ao", "null", environment: lab.soundToDisk)
            #expect(contents(ofFile: lab.directory.file("heard.raw")) == nil)
            try await lab.run("play", FlagLab.clip, "--vo", "null", "--ao", "sdl", environment: lab.soundToDisk)
            #expect(try lab.loudest("heard.raw") > 0.05)
        },
        FlagRow("play", "--hwaccel") { lab in
            // With a device or without one: who asks for it is told what became of it.
            for (how, isTold) in [("auto", true), ("none", false)] {
                let run = try await lab.run(
                    "play", FlagLab.clip, "--vo", "null", "--ao", "null", "--hwaccel", how, "--log-level", "info")
                #expect(run.errors.contains("decoding ") == isTold, "\(how): \(run.errors)")
                #expect(run.errors.contains("sluice: showed ") && !run.errors.contains("showed 0"), "\(run.errors)")
            }
        },
        FlagRow("play", "--volume", "-volume") { lab in
            for option in ["--volume", "-volume"] {
                try await lab.run(
                    "play", FlagLab.clip, "--vo", "null", "--ao", "sdl", option, "0", environment: lab.soundToDisk)
                #expect(try lab.loudest("heard.raw") < 0.001, "\(option)")
            }
        },
        FlagRow("play", "--fullscreen", "-fs") { lab in
            let screen = try await XvfbScreen.start()
            for option in ["--fullscreen", "-fs"] {
                let seen = try await lab.windows(screen, ["-an", "--title", "here-it-is", option])
                let window = seen.split(separator: "\n").first { $0.contains("here-it-is") }
                #expect(window?.contains("640x360+0+0") == true, "\(option): \(seen)")
            }
            await screen.stop()
        },
        FlagRow("play", "--size") { lab in
            let run = try await lab.run(
                "play", FlagLab.clip, "-an", "--raw", "-", "--size", "80x46", "--pix-fmt", "gray")
            #expect(run.output.count == 92_000)
            let screen = try await XvfbScreen.start()
            let seen = try await lab.windows(screen, ["-an", "--title", "here-it-is", "--size", "320x200"])
            #expect(seen.contains("320x200+"), "\(seen)")
            await screen.stop()
        },
        FlagRow("play", "-x", "-y") { lab in
            let screen = try await XvfbScreen.start()
            let both = try await lab.windows(screen, ["-an", "-x", "300", "-y", "210"])
            #expect(both.contains("300x210+"), "\(both)")
            let one = try await lab.windows(screen, ["-an", "-x", "320"])
            #expect(one.contains("320x180+"), "\(one)")
            await screen.stop()
        },
        FlagRow("play", "--title") { lab in
            let screen = try await XvfbScreen.start()
            #expect(try await lab.windows(screen, ["-an", "--title", "my own words"]).contains("my own words"))
            await screen.stop()
        },
        FlagRow("play", "--raw", "--pix-fmt") { lab in
            // 25 pictures of 160x90, 12 and 24 bits a pixel.
            let run = try await lab.run("play", FlagLab.clip, "-an", "--raw", "-")
            #expect(run.output.count == 540_000)
            try await lab.run("play", FlagLab.clip, "-an", "--raw", "out.raw", "--pix-fmt", "bgr24")
            #expect(try lab.bytes("out.raw").count == 1_080_000)
        },
        FlagRow("play", "--wav") { lab in
            let run = try await lab.run("play", FlagLab.clip, "-vn", "--wav", "-")
            #expect(run.output.starts(with: Array("RIFF".utf8)))
            try await lab.run("play", FlagLab.clip, "-vn", "--wav", "out.wav")
            let file = try await lab.probe("out.wav")
            #expect(file.audio?["channels"]?.int == 2)
            #expect((0.8...1.2).contains(file.length), "\(file.length)")
        },
        FlagRow("play", "--record") { lab in
            let run = try await lab.run(
                "play", FlagLab.clip, "--vo", "null", "--ao", "null", "--record", "kept.mkv", "--json")
            #expect(run.result?["shown_frames"]?.int ?? 0 > 15)
            let kept = try await lab.probe("kept.mkv")
            #expect(kept.pictures == 25 && kept.codecs == ["h264", "aac"])
        },
        FlagRow("play", "--snapshot") { lab in
            try await lab.run("play", FlagLab.clip, "--vo", "null", "--ao", "null", "--snapshot", "one.png")
            #expect(try await lab.probe("one.png").width == 160)
        },
        FlagRow("play", "--snapshot-every") { lab in
            try await lab.run(
                "play", SluiceBinary.clip("bbb-360p.mp4"), "--vo", "null", "--ao", "null", "-t", "2s", "--snapshot",
                "s-%d.png", "--snapshot-every", "500ms")
            for name in ["s-1.png", "s-2.png"] {
                #expect(contents(ofFile: lab.directory.file(name)) != nil, "\(name)")
            }
            #expect(contents(ofFile: lab.directory.file("s-9.png")) == nil)
        },
    ]
}

extension FlagLab {
    /// SDL's disk driver writes what would be heard to heard.raw.
    var soundToDisk: [String: String?] {
        ["SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": directory.file("heard.raw"), "SDL_DISKAUDIODELAY": "5"]
    }

    /// The greatest sample of raw 32-bit floats.
    func loudest(_ name: String) throws -> Float {
        let bytes = try bytes(name)
        return bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / 4).reduce(Float(0)) { peak, index in
                max(peak, buffer.loadUnaligned(fromByteOffset: index * 4, as: Float.self).magnitude)
            }
        }
    }

    /// Plays a clip and says which windows the screen has meanwhile: xwininfo's tree.
    func windows(_ screen: XvfbScreen, _ words: [String]) async throws -> String {
        let running = try SluiceBinary.start(
            ["play", SluiceBinary.clip("bbb-360p.mp4"), "--json"] + words, environment: screen.environment,
            directory: directory)
        #expect(await running.event("playback_begins") != nil)
        var tree = ""
        // The window is mapped, titled and placed one after the other.
        _ = try await eventually(within: .milliseconds(1500), every: .milliseconds(100)) {
            let look = try Program(["xwininfo", "-root", "-tree"], environment: screen.environment)
            _ = await look.wait(within: .seconds(5))
            tree = look.output
            return false
        }
        _ = await running.interrupt()
        return tree
    }
}
