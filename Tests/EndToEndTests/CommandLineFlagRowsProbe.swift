// Rows of the flag table: what is looked at, and what is thought of it.
import Model
import TestSupport
import Testing

extension FlagTable {
    static let probeRows: [FlagRow] = [
        FlagRow("probe", "-i") { lab in
            let run = try await lab.run("probe", "-i", FlagLab.clip, "--json")
            #expect(run.probed("video")?["codec"]?.string == "h264")
            #expect(run.probed("audio")?["codec"]?.string == "aac")
        },
        FlagRow("probe", "-t", "--duration") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("timed"))
            #expect(await server.waitForPublisher("timed"))
            let short = try await lab.run("probe", server.url("timed"), "--json")
            #expect(short.result?["stalls"] == .null)
            for option in ["-t", "--duration"] {
                let run = try await lab.run("probe", server.url("timed"), option, "1500ms", "--json")
                let observed = run.result?["observed_s"]?.number ?? 0
                #expect((1.3...3).contains(observed), "\(option): \(observed)")
                #expect(run.took > .seconds(1.3))
                #expect(run.result?["stalls"]?.int != nil)
            }
            _ = await publisher.interrupt()
        },
        FlagRow("probe", "--latency") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("marked"))
            #expect(await server.waitForPublisher("marked"))
            let plain = try await lab.run("probe", server.url("marked"), "--json")
            #expect(plain.result?["latency_ms"] == .null)
            let run = try await lab.run("probe", server.url("marked"), "--latency", "-t", "2s", "--json")
            let latency = run.result?["latency_ms"]
            #expect(latency?["method"]?.string == "sei", "\(run.text)")
            #expect((0...500).contains(latency?["p50"]?.number ?? -1), "\(run.text)")
            _ = await publisher.interrupt()
        },
        FlagRow("probe", "--check") { lab in
            // A second of media, then silence: a stall that no player rides out.
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("sick"))
            #expect(await server.waitForPublisher("sick"))
            for (option, status) in [([], Int32(0)), (["--check"], 3)] {
                let proxy = try await FaultProxy.start(to: server.rtmpPort)
                let running = try SluiceBinary.start(
                    ["probe", "rtmp://127.0.0.1:\(proxy.port)/live/sick", "-t", "6s", "--json"] + option,
                    directory: lab.directory)
                #expect(await eventually(within: .seconds(10)) { proxy.traffic.bytesDown > 20_000 })
                proxy.stall(.down, for: .seconds(4.5))
                let run = await running.finish()
                #expect(run.status == status, "\(run.errors)\(run.text)")
                #expect(run.result?["verdict"]?.string == "FAIL", "\(run.text)")
                #expect((run.error?["reason"]?.string == "verdict_fail") == (status == 3), "\(run.errors)")
                if status == 3 { #expect(run.errorLines.count == 1 && run.errors.contains(": stall: ")) }
            }
            _ = await publisher.interrupt()
        },
        FlagRow("probe", "--expect") { lab in
            let conditions = "video=h264,fps>=25,gop<=2s"
            let good = try await lab.run("probe", FlagLab.clip, "--expect", conditions, "--json")
            #expect(good.result?["verdict"]?.string == "PASS", "\(good.text)")
            let bad = try await lab.run(
                "probe", FlagLab.clip, "--expect", conditions, "--expect", "video=hevc", "--json", status: 3)
            #expect(bad.error?["reason"]?.string == "verdict_fail")
            #expect(bad.error?["exit"]?.int == 3)
            #expect(bad.errorLines.count == 1)
        },
        FlagRow("probe", "--follow") { lab in
            let server = try await NginxRTMP.start()
            let publisher = try lab.publisher(to: server.url("followed"))
            #expect(await server.waitForPublisher("followed"))
            let told = try lab.start("probe", server.url("followed"), "--follow", "--json")
            #expect(
                await eventually(within: .seconds(15)) {
                    JSONReader.lines(told.program.output).filter { $0["event"]?.string == "status" }.count > 2
                })
            let ended = await told.interrupt()
            #expect(ended.events.last?["event"]?.string == "result")
            // For people a line a second on standard output, and the report at the end.
            let shown = try await lab.run("probe", server.url("followed"), "--follow", "-t", "3500ms")
            #expect(shown.text.contains("00:00:01 ") && shown.text.contains("00:00:02 "), "\(shown.text)")
            #expect(shown.text.contains("PASS"), "\(shown.text)")
            _ = await publisher.interrupt()
        },
        FlagRow("probe", "--loopback") { lab in
            let server = try await NginxRTMP.start()
            let run = try await lab.run(
                "probe", server.url("round"), "--loopback", server.url("round"), "-t", "3s", "--json")
            #expect(run.result?["latency_ms"]?["method"]?.string == "loopback", "\(run.text)")
            #expect((0...2000).contains(run.result?["latency_ms"]?["p50"]?.number ?? -1), "\(run.text)")
            #expect(
                await eventually(within: .seconds(5)) { server.log.contains("deleteStream") }, "it unpublishes")
        },
        FlagRow("probe", "--wait") { lab in
            let server = try await NginxRTMP.start()
            let address = server.url("late")
            let hasty = try await lab.run("probe", address, "--timeout", "1s", "--json", status: 69)
            #expect(hasty.error?["reason"]?.string == "not_live")
            let bounded = try await lab.run("probe", address, "--timeout", "1s", "--wait=1500ms", status: 69)
            #expect(bounded.took > .seconds(1.5))
            let patient = try lab.start("probe", address, "--timeout", "1s", "--wait", "--json")
            #expect(await server.waitForPlayer("late"))
            let publisher = try lab.publisher(to: address)
            let run = await patient.finish()
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.probed("video")?["width"]?.int == 160)
            _ = await publisher.interrupt()
        },
    ]
}
