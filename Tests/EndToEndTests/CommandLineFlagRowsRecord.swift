// Rows of the flag table: what is recorded, in which files, and what happens when the stream breaks.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension FlagTable {
    /// 5 s of media with a key frame each second, 575 kB; read as fast as the disk gives it.
    private static var film: String { SluiceBinary.clip("bbb-360p.mp4") }

    static let recordRows: [FlagRow] = [
        FlagRow("record", "-i") { lab in
            try await lab.run("record", "-i", FlagLab.clip, "-o", "out.mp4")
            #expect(try await lab.probe("out.mp4").pictures == 25)
        },
        FlagRow("record", "-o") { lab in
            let named = try await lab.run("record", FlagLab.clip, "-o", "{name}.of.{start}.mkv", "--json")
            let file = try #require(named.recorded.first)
            #expect(file.hasSuffix(".mkv") && file.contains("clip.of.20"), "\(file)")
            #expect(try await lab.probe(file.lastComponent).codecs == ["h264", "aac"])
            let piped = try await lab.run("record", FlagLab.clip, "-o", "-", "--format", "ts")
            #expect(piped.output.count % 188 == 0 && piped.output.first == 0x47)
        },
        FlagRow("record", "--format") { lab in
            for (format, name) in [("mp4", "mp4"), ("mkv", "matroska"), ("ts", "mpegts"), ("flv", "flv")] {
                let run = try await lab.run("record", FlagLab.clip, "--format", format, "--json")
                let file = try #require(run.recorded.first)
                #expect(file.hasSuffix("." + format))
                let probed = try await lab.probe(file.lastComponent)
                #expect(probed.root["format"]?["format_name"]?.string?.contains(name) == true, "\(format)")
            }
        },
        FlagRow("record", "--segment") { lab in
            let cut = try await lab.run("record", film, "--segment", "2s", "--json")
            #expect((2...3).contains(cut.recorded.count), "\(cut.text)")
            let whole = try await lab.run("record", film, "--segment", "off", "--json")
            #expect(whole.recorded.count == 1)
        },
        FlagRow("record", "--at-clock") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("clock"))
            #expect(await server.waitForPublisher("clock"))
            let run = try await lab.run(
                "record", server.url("clock"), "--segment", "3s", "--at-clock", "-t", "5s", "--json")
            let starts = run.result?["files"]?.array?.compactMap { $0["start"]?.string } ?? []
            #expect(starts.count >= 2, "\(run.text)")
            // Key frames come each 200 ms, so a file begins that late at most.
            for start in starts.dropFirst() {
                let second = Double(start.split(separator: "T")[1].split(separator: ":")[2].prefix(6)) ?? -1
                #expect(second.truncatingRemainder(dividingBy: 3) < 0.6, "\(start)")
            }
            _ = await publisher.interrupt()
        },
        FlagRow("record", "-t", "--duration") { lab in
            for option in ["-t", "--duration"] {
                let run = try await lab.run("record", film, option, "3s", "-o", "part.mp4", "--json")
                #expect(run.result?["ended_by"]?.string == "duration")
                let length = try await lab.probe("part.mp4").length
                #expect((2...3.6).contains(length), "\(option): \(length)")
            }
        },
        FlagRow("record", "--max-disk") { lab in
            for _ in 0..<3 { try await lab.run("record", film, "--segment", "1s", "-o", "all/") }
            #expect(lab.sizes("all").reduce(0, +) > 1_600_000)
            try await lab.run("record", film, "--segment", "1s", "-o", "all/", "--max-disk", "1M")
            let kept = lab.sizes("all").reduce(0, +)
            #expect((700_000...1_000_000).contains(kept), "\(kept)")
        },
        FlagRow("record", "--list") { lab in
            let made = try await lab.run("record", film, "--segment", "2s", "-o", "kept/", "--json")
            let plain = try await lab.run("record", "--list", "kept")
            for file in made.recorded { #expect(plain.text.contains(file.lastComponent), "\(plain.text)") }
            let named = try await lab.run("record", "--list", "kept", "bbb-360p", "--json")
            #expect(named.recorded.map(\.lastComponent) == made.recorded.map(\.lastComponent))
        },
        FlagRow("record", "--repair") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("killed"))
            #expect(await server.waitForPublisher("killed"))
            let recorder = try lab.start("record", server.url("killed"), "-o", "broken/", "--json")
            #expect(await recorder.event("status") != nil)
            recorder.program.kill()
            _ = await recorder.finish()
            #expect(lab.files("broken").contains { $0.hasSuffix(".part.mp4") })
            let repaired = try await lab.run("record", "--repair", "broken")
            #expect(repaired.errors == "sluice: closed 1 recording\n")
            let files = lab.files("broken").filter { $0.hasSuffix(".mp4") }
            #expect(files.count == 1 && files.first?.contains(".part.") == false, "\(files)")
            #expect(try await lab.probe("broken/" + (files.first ?? "")).pictures > 10)
            _ = await publisher.interrupt()
        },
    ]

    static let connectionRows: [FlagRow] = [
        FlagRow("record", "--wait") { lab in
            let server = try await NginxRTMP.start()
            let address = server.url("late")
            let hasty = try await lab.run("record", address, "--timeout", "1s", "--json", status: 69)
            #expect(hasty.error?["reason"]?.string == "not_live")
            let bounded = try await lab.run("record", address, "--timeout", "1s", "--wait=1500ms", status: 69)
            #expect(bounded.took > .seconds(1.5))
            let patient = try lab.start("record", address, "--timeout", "1s", "--wait", "-t", "1s", "--json")
            #expect(await server.waitForPlayer("late"))
            let publisher = try lab.publisher(to: address)
            let run = await patient.finish()
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.recorded.count == 1)
            _ = await publisher.interrupt()
        },
        FlagRow("record", "--reconnect") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("cut"))
            #expect(await server.waitForPublisher("cut"))
            for (limit, files) in [("off", 1), ("forever", 2)] {
                let proxy = try await FaultProxy.start(to: server.rtmpPort)
                let recorder = try lab.start(
                    "record", "rtmp://127.0.0.1:\(proxy.port)/live/cut", "--reconnect", limit, "-t", "4s", "-o",
                    limit + "/", "--json")
                #expect(await recorder.event("status") != nil)
                proxy.cut()
                let run = await recorder.finish()
                #expect(run.status == (limit == "off" ? 74 : 0), "\(limit): \(run.errors)")
                #expect(run.recorded.count == files, "\(limit): \(run.text)")
            }
            _ = await publisher.interrupt()
        },
        FlagRow("record", "--give-up") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("gone"))
            #expect(await server.waitForPublisher("gone"))
            let proxy = try await FaultProxy.start(to: server.rtmpPort)
            let recorder = try lab.start(
                "record", "rtmp://127.0.0.1:\(proxy.port)/live/gone", "--give-up", "2s", "--json")
            #expect(await recorder.event("status") != nil)
            proxy.refuse()
            proxy.cut()
            let cut = HostTime.now()
            let run = await recorder.finish()
            #expect(run.status == 74, "\(run.errors)")
            #expect((.seconds(1) ... .seconds(6)).contains(HostTime.now() - cut))
            _ = await publisher.interrupt()
        },
    ]
}

extension SluiceRun {
    /// Paths of the files of `record --json`.
    var recorded: [String] { result?["files"]?.array?.compactMap { $0["path"]?.string } ?? [] }
}

extension String {
    var lastComponent: String { split(separator: "/").last.map(String.init) ?? self }
}

extension FlagLab {
    /// The clip, live, again and again: a key frame each 200 ms.
    func publisher(to address: String) throws -> RunningSluice {
        try start("push", "--loop", Self.clip, address, "--quiet")
    }

    /// Names of the recordings in a directory, sorted.
    func files(_ name: String) -> [String] {
        fileNames(in: directory.file(name)).filter { !$0.hasPrefix(".") }
    }

    /// Bytes of each of them.
    func sizes(_ name: String) -> [Int] {
        files(name).map { contents(ofFile: directory.file(name + "/" + $0))?.count ?? 0 }
    }
}
