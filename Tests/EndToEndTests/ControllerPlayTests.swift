import Model
import TestSupport
import Testing

// Controllers of playback: sound that is steered to the picture, pictures that keep their time, and the
// distance from the live edge.
#if canImport(Glibc)
    import Glibc
#endif

extension ControllerTests {
    /// What is wrong with a stream's sound: it comes this long before its pictures, or begins with a backlog.
    enum Fault: String, CaseIterable, Sendable { case early, backlog }

    @Test(arguments: Fault.allCases)
    func audioSteering_bringsSoundToThePicture(fault: Fault) async throws {
        let directory = try TempDirectory("steer")
        let clip = try await HandmadeFLV.clip(in: directory, seconds: 15, bFrames: 0)
        let fifo = directory.file("live")
        #expect(mkfifo(fifo, 0o600) == 0)
        let heads = clip.filter { !$0.isMedia }
        let media = clip.filter(\.isMedia).compactMap { tag -> Timetable.Block? in
            var at = tag.timestamp
            switch fault {
            case .early:
                // Sound of 400 ms and later only, each 400 ms before its picture.
                if tag.isAudio { at -= 400 }
                guard at >= 0 else { return nil }
            case .backlog:
                // Joined at the key frame at one second, with 700 ms of older sound at once.
                guard at >= (tag.isAudio ? 300 : 1_000) else { return nil }
                at = max(0, at - 1_000)
            }
            return .init(at: .milliseconds(Double(at)), bytes: HandmadeFLV.bytes(tag))
        }.sorted { $0.at < $1.at }
        let begin = Timetable.Block(at: .zero, bytes: HandmadeFLV.file(heads))
        let sender = Timetable(toFile: fifo, [begin] + media)
        let server = try await ScriptedServer.start(
            .stream(contentType: "video/x-flv", program: ["cat", fifo]))
        let play = try SluiceBinary.start([
            "play", "--nobuffer", "http://127.0.0.1:\(server.port)/live/cam.flv", "--vo", "null", "--ao", "null",
            "-t", "12", "--json",
        ])
        let run = await play.finish(within: .seconds(30))
        #expect(run.status == 0, "\(run.errors)")
        withExtendedLifetime(sender) {}
        let offsets = play.status("av_play_interval_ms")
        #expect(offsets.count >= 10)
        // A machine that is busy for a moment may spoil one line; what is wrong stays wrong.
        let spoilt = offsets.dropFirst(5).filter { $0 < -45 || $0 > 90 }
        #expect(spoilt.count <= 1, "ms, sound less picture: \(offsets)")
        #expect(play.status("audio_cache_ms").dropFirst(5).filter { $0 <= 0 }.count <= 1, "sound runs dry")
    }

    @Test func pictureSchedule_showsEachPictureAtItsTime() async throws {
        let directory = try TempDirectory("schedule")
        let mute = directory.file("mute.mp4")
        let clip = directory.file("clip.mp4")
        try await Clips.numbered(mute, frames: 150)
        try await Clips.ffmpeg([
            "-i", mute, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "6", "-c:v", "copy",
            "-c:a", "aac", clip,
        ])
        // A picture lasts 40 ms.
        let (seen, run) = try await Metronome.undisturbed(limit: .milliseconds(40)) {
            let screen = try await XvfbScreen.start()
            let play = try SluiceBinary.start(
                ["play", clip, "--ao", "null", "--json"], environment: screen.environment, directory: directory)
            #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
            let seen = await screen.sightings(for: .seconds(6.5)).filter { $0.value >= StampedSource.numberBase }
            return (seen, await play.finish(within: .seconds(15)))
        }
        #expect(run.status == 0, "\(run.errors)")
        // A machine that has too little time for it costs pictures, not the time at which the others are shown.
        #expect(seen.count > 110, "\(seen.count) of 150 pictures were on the screen")
        #expect(zip(seen.dropFirst(), seen).allSatisfy { $0.value > $1.value }, "in order")
        let offsets = seen.map { $0.at.exactMilliseconds - Double($0.value - StampedSource.numberBase) * 40 }
        let settled = Array(offsets.dropFirst(12))
        #expect(settled.count > 95)
        #expect(settled.percentile(0.9) - settled.percentile(0.1) < 40, "each at its time")
        let drift = Array(settled.suffix(40)).median - Array(settled.prefix(40)).median
        #expect(abs(drift) < 30, "\(drift) ms in 4 s: at real speed")
        let (shown, dropped) = (run.result?["shown_frames"]?.int ?? 0, run.result?["dropped_frames"]?.int ?? 0)
        #expect(shown >= 115 && shown + dropped == 150, "\(shown) shown, \(dropped) dropped")
        #expect(run.took > .seconds(5.8) && run.took < .seconds(9))
    }

    @Test func liveEdge_tellsTheDelayThatASlowNetworkAdds() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url("edge"),
        ])
        #expect(await server.waitForPublisher("edge"))
        let play = try SluiceBinary.start([
            "play", "--nobuffer", "rtmp://127.0.0.1:\(proxy.port)/live/edge", "--vo", "null", "--ao", "null",
            "--json",
        ])
        try #require(await eventually(within: .seconds(15)) { play.status("delay_ms").count >= 4 })
        #expect(play.status("delay_ms").suffix(2).allSatisfy { $0 >= 0 && $0 < 200 })
        // Less than the stream needs: each second it falls back further.
        proxy.limit(.down, bitsPerSecond: 500_000)
        let rises = await eventually(within: .seconds(15), every: .milliseconds(50)) {
            play.status("delay_ms").last.map { $0 > 800 } ?? false
        }
        try #require(rises, "\(play.status("delay_ms"))")
        proxy.limit(.down, bitsPerSecond: nil)
        let returns = await eventually(within: .seconds(8), every: .milliseconds(50)) {
            play.status("delay_ms").last.map { $0 >= 0 && $0 < 200 } ?? false
        }
        #expect(returns, "\(play.status("delay_ms"))")
        _ = await play.interrupt()
        _ = await push.interrupt()
    }
}
