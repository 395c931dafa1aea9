// A recorder takes a stream in handfuls: it is not woken for each packet, which is most of what it would cost.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct RecordWakeTests {
    /// Sleeps of the program's threads and packets that it took, over some seconds of a stream in its course.
    private func measure(_ program: Program, packets: () -> Int) async throws -> (sleeps: Int, packets: Int) {
        // Start-up, and what a server sends first, is over by then.
        await watch(for: .seconds(1))
        let before = (try #require(program.sleeps), packets())
        await watch(for: .seconds(4))
        let after = (try #require(program.sleeps), packets())
        return (after.0 - before.0, after.1 - before.1)
    }

    @Test func httpFLV_wakesFewerTimesThanPacketsCome() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        // As many packets a second as a stream of sixty pictures brings.
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let directory = try TempDirectory("wake")
        let recorder = try RunningSluice.recording([server.url("cam"), "-q"], in: directory)
        #expect(await eventually(within: .seconds(20)) { server.taken("cam").last?.isEmpty == false })
        let seen = try await measure(recorder.program) { server.taken("cam").last?.count ?? 0 }
        _ = await recorder.interrupt()
        #expect(seen.packets > 400, "\(seen)")
        #expect(seen.sleeps * 2 < seen.packets, "\(seen)")
    }

    @Test func rtmp_wakesFewerTimesThanPacketsCome() async throws {
        let nginx = try await NginxRTMP.start()
        let directory = try TempDirectory("wake")
        let clip = directory.file("clip.flv")
        try await Clips.ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=60", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
                + ["-t", "12", "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-c:a", "aac", clip])
        let push = try Program(
            ["ffmpeg", "-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "flv", nginx.url("cam")])
        #expect(await nginx.waitForPublisher("cam"))
        let recorder = try RunningSluice.recording([nginx.url("cam"), "-q"], in: directory)
        #expect(
            await eventually(within: .seconds(10)) {
                RecordShelf.names(in: directory.path).contains { $0.hasSuffix(".part.mp4") }
            })
        // 60 pictures and 47 frames of sound a second.
        let began = HostTime.now()
        let seen = try await measure(recorder.program) { Int((HostTime.now() - began).seconds * 107) }
        _ = await recorder.interrupt()
        await push.stop()
        #expect(seen.sleeps * 2 < seen.packets, "\(seen)")
    }
}
