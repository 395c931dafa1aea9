// Controllers of what is sent live: stamps that follow arrival, and a network that is too slow.
import Model
import TestSupport
import Testing

extension ControllerTests {
    @Test func arrivalSmoother_removesJitterAndDoesNotDrift() async throws {
        let server = try await NginxRTMP.start()
        let tape = try FLVTape.unprobed(server.url("jitter"))
        #expect(await server.waitForPlayer("jitter"))
        let push = try SluiceBinary.start(
            [
                "push", "-", server.url("jitter"), "--input-format", "rawvideo", "--input-pix-fmt", "yuv420p",
                "--input-size", "320x180", "--input-fps", "30", "--json",
            ], input: .pipe)
        #expect(await push.event("push_begins") != nil)
        // A camera that says 30 pictures a second and makes 29.4, each up to 12 ms early or late.
        let count = 353
        var numbers = RepeatableNumbers(state: 11)
        let due = (0..<count).map { Double($0) / 29.4 + Double.random(in: -0.012...0.012, using: &numbers) }
        var painter = StampedPainter(width: 320, height: 180)
        let pictures = (0..<50).map { painter.frame($0, UInt64($0)) }
        let camera = Timetable(to: try #require(push.program.inputDescriptor)) { index in
            guard index < count else { return nil }
            return .init(at: .seconds(due[index] + 0.05), bytes: pictures[index % 50])
        }
        push.program.closeInput()
        let run = await push.finish(within: .seconds(40))
        #expect(run.status == 0, "\(run.errors)")
        #expect(await eventually(within: .seconds(5)) { tape.video.count == count })
        let stamps = try #require(tape.video.count == count ? tape.video.map { Double($0.timestamp) } : nil)
        await tape.stop()
        let made = camera.times.map(\.exactMilliseconds)
        #expect(made.count == count)

        // The first two seconds are for learning.
        let given = steps(Array(made[60...])).spread
        let kept = steps(Array(stamps[60...])).spread
        #expect(given > 7, "the input is as uneven as it should be: \(given) ms")
        #expect(kept < given * 0.6, "steps spread by \(kept) ms, of \(given) ms at the input")
        let offsets = zip(stamps, made).map { $0 - $1 }
        let drift = Array(offsets.suffix(60)).median - Array(offsets[60..<120]).median
        #expect(abs(drift) < 30, "drift \(drift) ms over 8 s")
    }

    @Test func backlogPolicy_dropsPicturesAndNeverSound() async throws {
        let directory = try TempDirectory("backlog")
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let tape = try FLVTape.unprobed(server.url("slow"))
        #expect(await server.waitForPlayer("slow"))
        let push = try SluiceBinary.start([
            "push", "testsrc", "rtmp://127.0.0.1:\(proxy.port)/live/slow", "--size", "640x360", "--preset",
            "ultrafast", "--json",
        ])
        #expect(await tape.holds(milliseconds: 3_000, within: .seconds(20)))
        // Enough for the sound, and for about half of what the encoder makes of this picture.
        proxy.limit(.up, bitsPerSecond: 300_000)
        await watch(for: .seconds(12))
        proxy.limit(.up, bitsPerSecond: nil)
        let lifted = WallTime.now()
        // The next key frame is two seconds away at most.
        let goesOn = await eventually(within: .seconds(15)) {
            tape.video.filter { $0.arrival > lifted + .seconds(2.5) }.span > 3_000
        }
        #expect(goesOn)
        let run = await push.interrupt()
        #expect((run.result?["dropped_frames"]?.int ?? 0) > 30)
        let queue = push.status("queue_ms")
        #expect(try #require(queue.max()) > 1_000, "the limit was felt")
        #expect(try #require(queue.max()) < 7_000, "ms: three seconds, and what they take to leave")
        #expect(await eventually(within: .seconds(3)) { server.log.contains("deleteStream") })
        let tags = tape.tags
        await tape.stop()
        let audio = tags.filter { $0.isAudio && $0.isMedia }
        let sound = steps(audio.map(\.timestamp))
        #expect(sound.allSatisfy { $0 >= 15 && $0 <= 30 }, "no sound is missing: \(sound.max() ?? 0) ms")
        #expect(audio.suffix(40).lags.median - audio.prefix(80).lags.median < 300, "sound is on time again")
        let video = tags.filter { $0.isVideo && $0.isMedia }
        let resumed = zip(video.dropFirst(), video).filter { $0.0.timestamp - $0.1.timestamp > 100 }.map(\.0)
        #expect(!resumed.isEmpty && resumed.allSatisfy(\.isKeyframe), "after a hole comes a key frame")
        try directory.write(HandmadeFLV.file(tags), to: "seen.flv")
        let decoder = try Program([
            "ffmpeg", "-nostdin", "-v", "warning", "-i", directory.file("seen.flv"), "-an", "-f", "null", "-",
        ])
        #expect(await decoder.wait(within: .seconds(30)) == .exited(0))
        #expect(!decoder.errors.contains("h264"), "every picture can be decoded: \(decoder.errors.prefix(300))")
    }
}

/// Steps between neighbours.
private func steps(_ values: [Double]) -> [Double] { zip(values.dropFirst(), values).map { $0 - $1 } }

/// The same numbers on every run.
private struct RepeatableNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
