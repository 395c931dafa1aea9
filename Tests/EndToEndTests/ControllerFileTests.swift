// Controllers of what is sent from files: pace, loops, order. Looked at from the viewer's end of a real server.
import Model
import TestSupport
import Testing

extension ControllerTests {
    @Test func pacer_holdsRealTimeAndCatchesUpGently() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let tape = try FLVTape.unprobed(server.url("pace"))
        #expect(await server.waitForPlayer("pace"))
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", "rtmp://127.0.0.1:\(proxy.port)/live/pace",
            "--json",
        ])
        try #require(await tape.holds(milliseconds: 21_500, within: .seconds(45)))
        let calm = tape.video.between(500, 21_500)
        let firstLag = try #require(calm.between(0, 4_000).lags.min())
        let lastLag = try #require(calm.between(16_500, 21_000).lags.min())
        #expect(abs(lastLag - firstLag) < 20, "drift over 20 s")
        let pace = 16_500 / (16_500 + lastLag - firstLag)
        #expect(pace > 0.998 && pace < 1.002, "times real time: \(pace)")

        proxy.stall(.up)
        await watch(for: .seconds(4))
        let released = WallTime.now()
        proxy.release(.up)
        let caughtUp = await eventually(within: .seconds(35)) {
            let recent = tape.video.suffix(50).filter { $0.arrival > released + .milliseconds(700) }
            return recent.lags.min().map { $0 - lastLag < 60 } ?? false
        }
        #expect(caughtUp)
        await watch(for: .seconds(1))
        let after = tape.video.filter { $0.arrival >= released }
        let burst = after.filter { $0.arrival < released + .milliseconds(1_500) }
        #expect(burst.span < 3_500, "only what waited in buffers comes at once")
        // A busy machine makes pictures late, and those that come after one seem to hurry. None is early: the
        // least lag of each second falls as the sender catches up, no faster, and four seconds of it tell how fast.
        let floors = after.dropFirst(burst.count).leastLags(each: .seconds(1))
        let falls = zip(floors, floors.dropFirst(4)).compactMap { from, to in
            if let from, let to { from - to } else { nil }
        }
        let fastest = falls.max().map { 1 + $0 / 4_000 }
        #expect(try #require(fastest) <= 1.35, "times real time; least lags: \(floors)")
        #expect(steps(tape.video.map(\.timestamp)).allSatisfy { $0 > 0 && $0 <= 100 }, "nothing was lost")
        let run = await push.interrupt()
        #expect(run.result?["dropped_frames"]?.int == 0)
        await tape.stop()
    }

    @Test func loopTimeline_goesOnOverTheSeam() async throws {
        let directory = try TempDirectory("seam")
        let clip = try await HandmadeFLV.clip(in: directory, seconds: 3, bFrames: 2)
        try directory.write(HandmadeFLV.file(clip), to: "clip.flv")
        let server = try await NginxRTMP.start()
        let tape = try FLVTape.unprobed(server.url("seam"))
        #expect(await server.waitForPlayer("seam"))
        let run = try await SluiceBinary.run(
            ["push", "clip.flv", "--loop=3", server.url("seam"), "--json"], directory: directory)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        #expect(await eventually(within: .seconds(5)) { tape.video.count == 225 })
        let (video, audio) = (tape.video, tape.audio)
        await tape.stop()
        #expect(video.contains { $0.compositionOffset > 0 }, "there are B-frames")
        #expect(steps(video.map(\.timestamp)).allSatisfy { abs($0 - 40) <= 2 }, "decoding goes on in step")
        #expect(steps(audio.map(\.timestamp)).allSatisfy { $0 > 0 })
        let shown = video.map { $0.timestamp + $0.compositionOffset }.sorted()
        #expect(steps(shown).allSatisfy { abs($0 - 40) <= 2 }, "so do the pictures")
        // Each pass has 75 pictures and a third of the sound; sound and picture stay together in all of them.
        #expect(audio.count % 3 == 0 && !audio.isEmpty)
        let offsets = (0..<3).map { audio[$0 * audio.count / 3].timestamp - shown[$0 * 75] }
        #expect(offsets.allSatisfy { abs($0 - offsets[0]) <= 2 }, "\(offsets)")
    }

    @Test func interleaver_putsFilesInOrderAndHoldsNoSoundBack() async throws {
        let directory = try TempDirectory("order")
        let clip = directory.file("mute.mp4")
        try await Clips.numbered(clip, frames: 250, width: 320, height: 180)
        let run = try await SluiceBinary.run(["push", clip, "tone", "out.flv", "--json"], directory: directory)
        #expect(run.status == 0)
        let file = try HandmadeFLV.tags(ofFile: directory.file("out.flv")).filter(\.isMedia)
        #expect(file.filter(\.isVideo).count == 250 && file.filter(\.isAudio).count > 400)
        #expect(steps(file.map(\.timestamp)).allSatisfy { $0 >= 0 }, "a file is in order")

        // A pipe in which the sound comes 700 ms after the pictures it belongs to.
        let whole = try await HandmadeFLV.clip(in: directory, seconds: 6, bFrames: 0)
        let heads = Timetable.Block(at: .zero, bytes: HandmadeFLV.file(whole.filter { !$0.isMedia }))
        let media = whole.filter(\.isMedia).map { tag in
            let at = Span.milliseconds(Double(tag.timestamp + (tag.isAudio ? 700 : 0)))
            return Timetable.Block(at: at, bytes: HandmadeFLV.bytes(tag))
        }
        let blocks = [heads] + media.sorted { $0.at < $1.at }
        let server = try await NginxRTMP.start()
        let tape = try FLVTape.unprobed(server.url("order"))
        #expect(await server.waitForPlayer("order"))
        let push = try SluiceBinary.start(["push", "-", server.url("order")], input: .pipe)
        let source = Timetable(to: try #require(push.program.inputDescriptor)) {
            blocks.indices.contains($0) ? blocks[$0] : nil
        }
        push.program.closeInput()
        let live = await push.finish(within: .seconds(30))
        #expect(live.status == 0, "\(live.errors)")
        #expect(await eventually(within: .seconds(5)) { tape.video.count == 150 })
        let tags = tape.tags.filter(\.isMedia)
        let (video, audio) = (tags.filter(\.isVideo), tags.filter(\.isAudio))
        await tape.stop()
        let begin = try #require(source.times.first)
        #expect(try #require(video.first).arrival - begin < .seconds(3.5), "nothing waits for the end")
        #expect(audio.count > 220)
        // By the order in which they came: the machine may make all of it late, but no sound later than its picture.
        let behind = tags.indices.filter { tags[$0].isAudio }.compactMap { sound in
            tags[..<sound].last { $0.isVideo }.map { Double($0.timestamp - tags[sound].timestamp) }
        }
        #expect(abs(behind.median) < 60, "ms between the tracks: \(behind.median)")
        #expect(behind.percentile(0.9) < 120 && behind.percentile(0.1) > -120, "\(behind.sorted())")
    }
}
