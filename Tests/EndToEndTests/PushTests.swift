import Model
import TestSupport
import Testing

// `sluice push` through a real server, looked at from the viewer's end.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct PushTests {
    @Test func loopedClip_arrivesCopiedInOrderAndOnTime() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", "-t", "16", server.url("loop"), "--json",
        ])
        #expect(await push.event("push_begins")?["code"]?.int == 1002)
        let tape = try FLVTape(server.url("loop"))
        // The clip is 5.28 s long: this is the end of the second turn and the beginning of the third.
        #expect(await tape.holds(milliseconds: 10_000, within: .seconds(25)))
        let (video, audio) = (tape.video, tape.audio)
        await tape.stop()
        // The clip's sound is 53 ms longer than its picture, and the longer one decides where the next turn begins.
        let advances = steps(video.map(\.timestamp))
        #expect(advances.allSatisfy { $0 > 0 && $0 <= 100 }, "25 fps goes on over the seam: \(advances)")
        #expect(steps(audio.map(\.timestamp)).allSatisfy { $0 > 0 && $0 <= 80 })
        let head = try #require(tape.tags.first { $0.isVideo && !$0.isMedia })
        #expect(head.body.first == 0x17, "the sequence header is there")
        #expect(video.contains { $0.compositionOffset > 0 }, "B-frames keep their composition offsets")

        // Paced: arrival follows the timestamps, and does not run away.
        let late = video.map { Double($0.arrival.wholeMilliseconds) - Double($0.timestamp) }
        let first = try #require(late.dropFirst(50).min())
        #expect(late.dropFirst(50).allSatisfy { $0 - first < 500 })
        let drift = try #require(late.suffix(100).min()) - #require(late.dropFirst(50).prefix(100).min())
        #expect(abs(drift) < 60, "drift \(drift) ms")

        let run = await push.finish()
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "duration")
        let frames = try #require(run.result?["video_frames"]?.int)
        #expect(abs(frames - 400) < 12, "16 s at 25 fps: \(frames)")
        #expect((run.result?["audio_frames"]?.int ?? 0) > 500)
        #expect((run.result?["sent_bytes"]?.int ?? 0) > 500_000)
        #expect(run.result?["dropped_frames"]?.int == 0)
        #expect(run.events.filter { $0["event"]?.string == "status" }.count >= 12)
        #expect(run.error == nil)
    }

    @Test func everyPicture_isMarkedAndNeverInTheFuture() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url("marks"),
        ])
        let tape = try FLVTape(server.url("marks"))
        #expect(await tape.holds(milliseconds: 7_000, within: .seconds(30)))
        let video = tape.video
        await tape.stop()
        let marks = video.compactMap(\.mark)
        #expect(marks.count == video.count)
        for (tag, mark) in zip(video, marks) {
            let age = (tag.arrival - mark).milliseconds
            #expect(age >= 0 && age < 5_000, "mark \(age) ms before arrival")
        }
        // In order of presentation the marks follow the pictures: one frame apart, seam or not.
        let shown = zip(video, marks).sorted {
            $0.0.timestamp + $0.0.compositionOffset < $1.0.timestamp + $1.0.compositionOffset
        }
        let distances = zip(shown.dropFirst(), shown).map { ($0.1 - $1.1).milliseconds }
        // The largest PTS - DTS is learnt from the very first pictures.
        let seams = distances.dropFirst(3).filter { abs($0 - 40) > 3 }
        #expect(seams.count <= 2 && seams.allSatisfy { $0 > 40 && $0 < 100 }, "\(distances)")
        let run = await push.interrupt()
        #expect(run.exit == .signalled(SIGINT))
    }

    @Test func sixChannels_becomeStereo_whileTheVideoIsCopied() async throws {
        let server = try await NginxRTMP.start()
        let clip = SluiceBinary.clip("bigbuckbunny.mp4")
        let original = try FLVTape(clip)
        #expect(await original.ends(within: .seconds(10)))
        let tape = try FLVTape(server.url("six"))
        #expect(await server.waitForPlayer("six"))
        let run = try await SluiceBinary.run(["push", clip, server.url("six"), "--json"])
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        #expect(await eventually(within: .seconds(5)) { tape.video.count == original.video.count })
        #expect(tape.video.map(\.unmarked) == original.video.map(\.unmarked), "the same bytes, but for the marks")
        #expect(tape.video.map(\.isKeyframe) == original.video.map(\.isKeyframe))
        let configuration = try #require(tape.tags.first { $0.isAudio && !$0.isMedia }).body
        // AAC-LC; channel configuration 2 is in bits 3-6 of the second byte.
        #expect(configuration[2] >> 3 == 2)
        #expect(configuration[3] >> 3 & 0xF == 2)
        #expect(tape.audio.count > 200)
        await tape.stop()
    }

    @Test func rawVideoOnStdin_isLive() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start(
            [
                "push", "-", "tone", server.url("raw"), "--input-format", "rawvideo", "--input-pix-fmt", "yuv420p",
                "--input-size", "640x360", "--input-fps", "30", "--json",
            ], input: .pipe)
        let camera = StampedSource(to: try #require(push.program.inputDescriptor), length: .seconds(9))
        push.program.closeInput()
        let tape = try FLVTape(server.url("raw"))
        #expect(await tape.holds(milliseconds: 3_500, within: .seconds(25)))
        let video = tape.video
        let ages = video.suffix(60).compactMap { tag in tag.mark.map { (tag.arrival - $0).milliseconds } }.sorted()
        #expect(ages.count == 60)
        #expect(try #require(ages.first) >= 0)
        #expect(ages[30] < 1_000, "half of the pictures arrive within \(ages[30]) ms")
        #expect(tape.audio.count > 100)
        // A key frame each two seconds; the camera makes 30 pictures a second.
        let keys = video.enumerated().filter { $0.element.isKeyframe }.map(\.offset)
        #expect(keys.count > 1 && steps(keys).allSatisfy { $0 == 60 }, "\(keys)")
        #expect(!video.contains { $0.compositionOffset != 0 }, "no B-frames")
        await tape.stop()
        let run = await push.finish(within: .seconds(15))
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        #expect(camera.frames > 200)
    }

    @Test func interruption_unpublishes() async throws {
        let server = try await NginxRTMP.start()
        for _ in 0..<2 {
            let push = try SluiceBinary.start([
                "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url("again"), "--json",
            ])
            #expect(await push.event("status") != nil)
            let run = await push.interrupt(SIGTERM, within: .seconds(5))
            #expect(run.exit == .signalled(SIGTERM))
            #expect(run.result?["ended_by"]?.string == "signal")
            #expect(run.error == nil)
            // The name is free at once: the second turn would be refused.
            #expect(await eventually(within: .seconds(2)) { server.log.contains("deleteStream") })
        }
    }

    @Test func relay_fromOneNameToAnother() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("one"), gop: 30)
        #expect(await server.waitForPublisher("one"))
        let push = try SluiceBinary.start(["push", server.url("one"), server.url("two")])
        #expect(await server.waitForPublisher("two"))
        let tape = try FLVTape(server.url("two"))
        #expect(await tape.holds(milliseconds: 2_000, within: .seconds(20)))
        #expect(tape.video.allSatisfy { $0.mark != nil }, "what had no mark gets one")
        #expect(!tape.audio.isEmpty)
        await tape.stop()
        await publisher.stop()
        let run = await push.finish(within: .seconds(20))
        #expect(run.exit != nil, "the end of the source is an end")
    }
}
