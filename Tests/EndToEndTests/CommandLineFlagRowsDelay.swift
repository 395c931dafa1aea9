// Rows of the flag table: how far behind live a play keeps, and how it finds its way back.
import Model
import TestSupport
import Testing

extension FlagTable {
    static let delayRows: [FlagRow] = [
        FlagRow("play", "--mode") { lab in
            let learnt = try await lab.live("--mode", "live", for: .seconds(3)).targets
            #expect(learnt.first.map { (250...400).contains($0) } == true, "\(learnt)")
            let smooth = try await lab.live("--mode", "smooth", for: .seconds(3)).targets
            #expect(smooth.last.map { (5000...5100).contains($0) } == true, "\(smooth)")
            let none = try await lab.live("--mode", "nobuffer", for: .seconds(3)).targets
            #expect(none.last == 0)
        },
        FlagRow("play", "--target-delay") { lab in
            let targets = try await lab.live("--target-delay", "700ms", for: .seconds(3)).targets
            #expect(targets.last.map { (700...760).contains($0) } == true, "\(targets)")
        },
        FlagRow("play", "--min-delay") { lab in
            let targets = try await lab.live("--min-delay", "900ms", for: .seconds(3)).targets
            #expect(targets.allSatisfy { $0 >= 900 } && !targets.isEmpty, "\(targets)")
        },
        FlagRow("play", "--max-delay") { lab in
            let targets = try await lab.live("--max-delay", "150ms", for: .seconds(3)).targets
            #expect(targets.allSatisfy { $0 <= 200 } && !targets.isEmpty, "\(targets)")
        },
        FlagRow("play", "--max-rate") { lab in
            let rates = try await lab.live(
                "--max-rate", "1.02", "--target-delay", "200ms", hold: .seconds(1.5), for: .seconds(9)
            ).rates
            #expect(rates.max() == 1.02, "\(rates)")
        },
        FlagRow("play", "--skip-above") { lab in
            let some = try await lab.live("--skip-above", "500ms", hold: .seconds(1.5), for: .seconds(9))
            #expect(some.count("skip") == 1)
            let none = try await lab.live("--skip-above", "off", hold: .seconds(1.5), for: .seconds(9))
            #expect(none.count("skip") == 0)
        },
    ]
}

/// What one play of a live stream told.
struct LivePlay {
    let run: SluiceRun
    var targets: [Double] { status("target_delay_ms") }
    var rates: [Double] {
        run.events.filter { $0["event"]?.string == "rate" }.compactMap { $0["rate"]?.number }
    }
    func status(_ field: String) -> [Double] {
        run.events.filter { $0["event"]?.string == "status" }.compactMap { $0[field]?.number }
    }
    func count(_ event: String) -> Int { run.events.filter { $0["event"]?.string == event }.count }
}

extension FlagLab {
    /// Plays a live stream over HTTP, unseen.
    /// - Parameter hold: The network keeps everything back for so long, once, and then delivers it in one burst.
    func live(_ options: String..., hold: Span? = nil, for length: Span) async throws -> LivePlay {
        let server = try await ScriptedServer.start(
            .stream(
                contentType: "video/x-flv",
                program: [
                    "ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i",
                    SluiceBinary.clip("bbb-360p.mp4"), "-c", "copy", "-flush_packets", "1", "-f", "flv", "-",
                ]))
        let faults = hold.map { [FaultProxy.Fault.hold(.down, at: .seconds(3), for: $0)] } ?? []
        let proxy = try await FaultProxy.start(to: server.port, faults: faults)
        let run = try await SluiceBinary.run(
            [
                "play", "http://127.0.0.1:\(proxy.port)/live/cam.flv", "--vo", "null", "--ao", "null", "--json",
                "-t",
                "\(length.seconds)",
            ] + options, directory: directory, within: .seconds(30))
        #expect(run.status == 0, "\(options): \(run.errors)")
        return LivePlay(run: run)
    }
}
