// `sluice play` over connections that break, publishers that leave and come back as others, and a process that was
// stopped: with and without a window.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct PlayReconnectTests {
    private let unseen = ["--vo", "null", "--ao", "null", "--json"]

    /// Named events and their codes, in order; status lines and the result left out.
    private func course(_ events: [JSONReader.Value]) -> [String] {
        events.compactMap { event in
            guard let name = event["event"]?.string, !["status", "result", "rate", "skip"].contains(name) else {
                return nil
            }
            return event["code"]?.int.map { "\(name) \($0)" } ?? name
        }
    }

    private func count(_ play: RunningSluice, _ name: String) -> Int {
        JSONReader.lines(play.program.output).count { $0["event"]?.string == name }
    }

    @Test func cut_goesOnWhereTheStreamIs() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let publisher = try StampedPublisher(to: server.url("cut"), gop: 15)
        #expect(await server.waitForPublisher("cut"))
        let play = try SluiceBinary.start(["play", "rtmp://127.0.0.1:\(proxy.port)/live/cut", "-t", "8"] + unseen)
        #expect(await play.event("status") != nil)
        for round in 1...2 {
            proxy.cut()
            #expect(await eventually(within: .seconds(6)) { count(play, "first_keyframe") == round + 1 })
            #expect(await eventually(within: .seconds(6)) { count(play, "playback_begins") == round + 1 })
        }
        let run = await play.finish(within: .seconds(20))
        #expect(run.status == 0, "\(run.errors)")
        let again = [
            "reconnecting 2103", "connected 2001", "resumed", "first_keyframe 2003", "playback_begins 2004",
        ]
        let seen = course(run.events).filter { $0 != "lag 2105" && $0 != "loading 2007" }
        let first = ["connected 2001", "first_keyframe 2003", "playback_begins 2004"]
        // Sound may be heard before the first key frame has come.
        #expect(Set(seen.prefix(3)) == Set(first), "\(seen)")
        let rest = seen.dropFirst(3).dropLast()
        #expect(
            rest.count == 10 && Set(rest.prefix(5)) == Set(again) && Set(rest.suffix(5)) == Set(again), "\(seen)")
        #expect(seen.last == "end 2006")
        #expect(run.result?["reconnects"]?.int == 2)
        #expect(run.result?["ended_by"]?.string == "duration")
        let status = run.events.filter { $0["event"]?.string == "status" }
        #expect(status.count >= 7, "statistics go on: \(status.count)")
        #expect(status.last?["reconnects"]?.int == 2)
        // A machine that is busy for a moment may spoil one.
        let delays = status.suffix(3).compactMap { $0["delay_ms"]?.number }
        #expect(delays.min() ?? 9_999 < 400, "\(delays)")
        #expect((run.result?["shown_frames"]?.int ?? 0) > 120)
        await publisher.stop()
    }

    @Test func nobodyAnswers_itIsGivenUp() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let publisher = try StampedPublisher(to: server.url("gone"), gop: 15)
        #expect(await server.waitForPublisher("gone"))
        let play = try SluiceBinary.start(
            ["play", "rtmp://127.0.0.1:\(proxy.port)/live/gone", "--reconnect", "2"] + unseen)
        #expect(await play.event("status") != nil)
        proxy.refuse()
        proxy.cut()
        let run = await play.finish(within: .seconds(10))
        #expect(run.status == 74, "\(run.errors)")
        let told = run.events.filter { ["reconnecting", "gave_up", "error", "end"].contains($0["event"]?.string) }
        #expect(told.compactMap { $0["event"]?.string }.prefix(3) == ["reconnecting", "reconnecting", "gave_up"])
        #expect(told.filter { $0["event"]?.string == "gave_up" }.map { $0["code"]?.int } == [-2301])
        #expect(told.prefix(2).map { $0["attempt"]?.int } == [1, 2])
        #expect(run.errorLines.last?.contains("given up after 2 attempts") == true, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "error")
        await publisher.stop()
    }

    /// What a publisher may come back as.
    struct Return: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var width = 640
        var height = 360
        var frames = 30
        var hasSound = true
        var extra: [String] = []
        static let all = [
            Return(testDescription: "smaller, slower", width: 320, height: 240, frames: 15),
            Return(
                testDescription: "another profile", width: 640, height: 360,
                extra: ["-preset", "medium", "-bf", "2"]),
            Return(testDescription: "without sound", hasSound: false),
            Return(testDescription: "other sound", extra: ["-ar", "22050", "-ac", "2"]),
        ]
    }

    @Test(arguments: Return.all) func publisherThatComesBack_isFollowed(other: Return) async throws {
        let server = try await NginxRTMP.start()
        let first = try StampedPublisher(to: server.url("back"), gop: 15)
        #expect(await server.waitForPublisher("back"))
        let play = try SluiceBinary.start(
            ["play", server.url("back"), "--reconnect", "forever", "--raw", "out.raw", "--size", "640x360"]
                + ["--pix-fmt", "gray", "--vo", "null", "--ao", "null", "--stats", "events"])
        func told(_ name: String) -> Int {
            let text = contents(ofFile: play.directory.file("events")) ?? []
            return JSONReader.lines(String(decoding: text, as: UTF8.self)).count { $0["event"]?.string == name }
        }
        #expect(await eventually(within: .seconds(15)) { told("status") >= 3 })
        await first.stop()
        #expect(await eventually(within: .seconds(10)) { told("reconnecting") >= 1 })
        let came = WallTime.now()
        let second = try StampedPublisher(
            to: server.url("back"), width: other.width, height: other.height, framesPerSecond: other.frames,
            gop: 15,
            hasSound: other.hasSound, extra: other.extra)
        let size = 640 * 360
        /// The newest whole picture that was written.
        func newest() -> WallTime? {
            let bytes = contents(ofFile: play.directory.file("out.raw")) ?? []
            let count = bytes.count / size
            guard count > 0 else { return nil }
            return Barcode.read(bytes[((count - 1) * size)...], width: 640, stride: 640).map {
                WallTime(milliseconds: Int64($0))
            }
        }
        #expect(
            await eventually(within: .seconds(12), every: .milliseconds(300)) {
                newest().map { $0 - came > .seconds(2) } ?? false
            })
        #expect(told("playback_begins") == 2 && told("resumed") == 1)
        let run = await play.interrupt()
        #expect(run.exit == .signalled(SIGINT), "\(run.errors)")
        let lines = JSONReader.lines(
            String(decoding: contents(ofFile: play.directory.file("events")) ?? [], as: UTF8.self))
        let last = lines.last { $0["event"]?.string == "status" }
        #expect(last?["video_width"]?.int == other.width && last?["video_height"]?.int == other.height)
        if other.hasSound { #expect((last?["audio_bitrate_kbps"]?.number ?? 0) > 10) }
        #expect((last?["delay_ms"]?.number ?? 9_999) < 2_500, "no delay kept from the other timeline")
        await second.stop()
    }

    @Test func endWithoutAWindow_endsThePlay_andConnectionsAreStillTakenUp() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let publisher = try StampedPublisher(to: server.url("over"), gop: 15)
        #expect(await server.waitForPublisher("over"))
        let play = try SluiceBinary.start(["play", "rtmp://127.0.0.1:\(proxy.port)/live/over"] + unseen)
        #expect(await play.event("status") != nil)
        proxy.cut()
        #expect(await play.event("resumed", within: .seconds(6)) != nil)
        #expect(await eventually(within: .seconds(6)) { count(play, "playback_begins") == 2 })
        await publisher.stop()
        let stopped = HostTime.now()
        let run = await play.finish(within: .seconds(10))
        #expect(run.status == 0 && HostTime.now() - stopped < .seconds(3), "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "end_of_input")
    }

    @Test func streamThatIsNotLiveYet_isWaitedFor() async throws {
        let server = try await NginxRTMP.start()
        let play = try SluiceBinary.start(
            ["play", server.url("late"), "--wait", "--timeout", "1s", "-t", "2s"] + unseen)
        #expect(await eventually(within: .seconds(10)) { count(play, "reconnecting") >= 2 })
        let publisher = try StampedPublisher(to: server.url("late"), gop: 15)
        let run = await play.finish(within: .seconds(15))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.events.count { $0["event"]?.string == "connected" } == 1)
        #expect(run.events.count { $0["event"]?.string == "playback_begins" } == 1)
        #expect(run.result?["reconnects"]?.int == 0)
        #expect((run.result?["shown_frames"]?.int ?? 0) > 25)
        await publisher.stop()
    }

    @Test func processThatWasStopped_goesOn() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("asleep"), gop: 15)
        #expect(await server.waitForPublisher("asleep"))
        let play = try SluiceBinary.start(["play", "--nobuffer", server.url("asleep"), "--timeout", "2s"] + unseen)
        #expect(await play.event("status") != nil)
        play.program.signal(SIGSTOP)
        // Longer than every time-out of the connection.
        #expect(await !eventually(within: .seconds(4)) { !play.program.isRunning })
        let before = JSONReader.lines(play.program.output).count
        play.program.signal(SIGCONT)
        #expect(
            await eventually(within: .seconds(8)) {
                let fresh = JSONReader.lines(play.program.output).dropFirst(before + 2)
                return fresh.contains { ($0["fps"]?.number ?? 0) > 20 && ($0["delay_ms"]?.number ?? 9_999) < 500 }
            }, "\(play.program.output)")
        let run = await play.interrupt()
        #expect(run.exit == .signalled(SIGINT), "\(run.errors)")
        await publisher.stop()
    }

    // MARK: In a window

    @Test func window_keepsThePicture_saysSo_andFollows() async throws {
        let server = try await NginxRTMP.start()
        let screen = try await XvfbScreen.start(width: 1280, height: 720)
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let first = try StampedPublisher(to: server.url("seen"), gop: 15)
        #expect(await server.waitForPublisher("seen"))
        let play = try SluiceBinary.start(
            ["play", "--nobuffer", "rtmp://127.0.0.1:\(proxy.port)/live/seen", "--ao", "null", "--json"],
            environment: screen.environment)
        func barcode(_ width: Int) -> UInt64? { screen.barcode(width: width, left: 320, top: 180) }
        // A window that becomes smaller keeps its middle.
        func smallBarcode() -> UInt64? { screen.barcode(width: 320, left: 480, top: 240) }
        #expect(await eventually(within: .seconds(10)) { barcode(640) != nil })
        proxy.refuse()
        proxy.cut()
        // The text lies over the barcode; the rest of the picture stands, and is never black.
        #expect(await eventually(within: .seconds(5), every: .milliseconds(5)) { barcode(640) == nil })
        let points = (0..<40).map { (330 + $0 * 15, 400 + $0 % 3 * 40) }
        func look() -> [UInt8] { points.map { screen.colour($0.0, $0.1).green } }
        // What was decoded before is still shown.
        var kept = look()
        #expect(
            await eventually(within: .seconds(3), every: .milliseconds(400)) {
                defer { kept = look() }
                return look() == kept
            })
        #expect(kept.contains { $0 > 40 })
        #expect(
            await !eventually(within: .seconds(2), every: .milliseconds(5)) { look() != kept }, "it stands still")
        proxy.accept()
        #expect(await eventually(within: .seconds(5)) { barcode(640) != nil }, "the text has gone")
        // Now the publisher goes: the window waits, and follows the next one into another size.
        await first.stop()
        #expect(await eventually(within: .seconds(10)) { barcode(640) == nil })
        let second = try StampedPublisher(to: server.url("seen"), width: 320, height: 240, gop: 15)
        #expect(
            await eventually(within: .seconds(12)) {
                smallBarcode() != nil && screen.colour(900, 300) == (0, 0, 0)
            },
            "the window is as small as the picture")
        #expect(play.program.isRunning)
        let run = await play.interrupt()
        #expect(run.exit == .signalled(SIGINT))
        #expect(run.result?["reconnects"]?.int == 2)
        await second.stop()
    }

    @Test func exitOnEnd_leavesTheWindow() async throws {
        let server = try await NginxRTMP.start()
        let screen = try await XvfbScreen.start()
        let publisher = try StampedPublisher(to: server.url("short"), gop: 15)
        #expect(await server.waitForPublisher("short"))
        let play = try SluiceBinary.start(
            ["play", "--nobuffer", server.url("short"), "--exit-on-end", "--ao", "null", "--json"],
            environment: screen.environment)
        #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
        await publisher.stop()
        let run = await play.finish(within: .seconds(6))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "end_of_input")
    }
}
