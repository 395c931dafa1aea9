// Controllers of playback behind live, over a network that is made bad: the delay that is learnt, the way back to it,
// and picture and sound together all the while.
import Model
import TestSupport
import Testing

/// A clip pushed to a real server and played through a bad network, unseen.
private struct BadLine {
    let server: NginxRTMP
    let proxy: FaultProxy
    let push: RunningSluice
    let play: RunningSluice

    init(_ name: String, _ options: String...) async throws {
        server = try await NginxRTMP.start()
        proxy = try await FaultProxy.start(to: server.rtmpPort)
        push = try SluiceBinary.start(["push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url(name)])
        #expect(await server.waitForPublisher(name))
        play = try SluiceBinary.start(
            ["play", "rtmp://127.0.0.1:\(proxy.port)/live/\(name)", "--vo", "null", "--ao", "null", "--json"]
                + options)
    }

    func last(_ field: String) -> Double? { play.status(field).last }

    func waits(_ limit: Double, until condition: @escaping @Sendable (RunningSluice) -> Bool) async -> Bool {
        let play = play
        return await eventually(within: .seconds(limit), every: .milliseconds(50)) { condition(play) }
    }

    /// Lines of status so far.
    var lines: Int { play.status("delay_ms").count }

    func stop() async {
        _ = await play.interrupt()
        _ = await push.interrupt()
    }

    func events(_ name: String) -> [JSONReader.Value] {
        JSONReader.lines(play.program.output).filter { $0["event"]?.string == name }
    }
}

extension ControllerTests {
    @Test func delayTarget_risesWithJitterAndFallsInTheCalm() async throws {
        let line = try await BadLine("learn", "--mode", "live")
        try #require(
            await line.waits(30) {
                $0.status("target_delay_ms").suffix(2).allSatisfy { $0 < 250 }
                    && $0.status("target_delay_ms").count > 8
            })
        let calm = try #require(line.last("target_delay_ms"))
        line.proxy.jitter(.down, upTo: .milliseconds(300))
        #expect(
            await line.waits(15) { $0.status("target_delay_ms").last.map { $0 > calm + 80 } ?? false },
            "\(line.play.status("target_delay_ms"))")
        let before = line.lines
        #expect(await line.waits(10) { $0.status("target_delay_ms").count >= before + 4 })
        let learnt = try #require(line.play.status("target_delay_ms").suffix(3).max())
        line.proxy.jitter(.down, upTo: .zero)
        #expect(
            await line.waits(50) { $0.status("target_delay_ms").last.map { $0 < learnt - 60 } ?? false },
            "\(line.play.status("target_delay_ms"))")
        await line.stop()
    }

    @Test func delayCorrection_comesBackWithoutASkip() async throws {
        let line = try await BadLine(
            "rate", "--target-delay", "300ms", "--skip-above", "off", "--max-rate", "1.5")
        try #require(
            await line.waits(20) {
                $0.status("delay_ms").suffix(2).allSatisfy { abs($0 - 300) < 60 } && $0.status("delay_ms").count > 6
            })
        line.proxy.hold(.down, for: .seconds(2))
        #expect(await line.waits(8) { $0.status("delay_ms").last.map { $0 > 1200 } ?? false })
        let behind = line.lines
        #expect(
            await line.waits(20) { $0.status("delay_ms").last.map { $0 < 400 } ?? false },
            "\(line.play.status("delay_ms"))")
        #expect(await line.waits(5) { $0.status("rate").last == 1 })
        #expect(line.play.status("rate").max() ?? 0 > 1.2)
        #expect(line.events("skip").isEmpty)
        #expect(line.events("rate").contains { $0["reason"]?.string == "catching_up" })
        let delays = line.play.status("delay_ms").dropFirst(behind)
        #expect(delays.min() ?? 0 > 190, "at most one overshoot of 100 ms: \(delays)")
        let offsets = line.play.status("av_play_interval_ms").dropFirst(behind)
        #expect(offsets.filter { abs($0) > 45 }.count <= 1, "sound and picture together: \(offsets)")
        await line.stop()
    }

    @Test func delayCorrection_skipsWhenFarBehind() async throws {
        let line = try await BadLine("skip", "--target-delay", "300ms", "--skip-above", "1s")
        try #require(
            await line.waits(20) {
                $0.status("delay_ms").suffix(2).allSatisfy { abs($0 - 300) < 60 } && $0.status("delay_ms").count > 6
            })
        line.proxy.hold(.down, for: .seconds(3))
        #expect(await line.waits(8) { $0.status("skips").last == 1 })
        #expect(
            await line.waits(4) { $0.status("delay_ms").last.map { $0 < 450 } ?? false },
            "\(line.play.status("delay_ms"))")
        #expect(line.events("skip").first?["skipped_ms"]?.number.map { $0 > 1000 } == true)
        let run = await line.play.interrupt()
        #expect(run.result?["skips"]?.int == 1)
        _ = await line.push.interrupt()
    }

    @Test func liveSkip_bringsNobufferBackAtOnce() async throws {
        for isHeld in [true, false] {
            let line = try await BadLine(isHeld ? "held" : "stalled", "--nobuffer")
            try #require(await line.waits(15) { $0.status("delay_ms").count >= 4 })
            let before = try #require(line.play.status("latency_ms").suffix(2).max())
            if isHeld {
                line.proxy.hold(.down, for: .seconds(3))
            } else {
                line.proxy.stall(.down, for: .seconds(3))
            }
            #expect(await line.waits(10) { $0.status("stalls").last.map { $0 >= 1 } ?? false })
            // The line after the one in which it came back, one to two seconds later: picture and sound are where
            // they were.
            let lines = line.lines
            #expect(await line.waits(6) { $0.status("delay_ms").count > lines })
            let after = try #require(line.last("latency_ms"))
            #expect(after < before + 100, "\(line.play.status("latency_ms"))")
            let offset = try #require(line.last("av_play_interval_ms"))
            #expect(abs(offset) < 300, "\(line.play.status("av_play_interval_ms"))")
            await line.stop()
        }
    }
}
