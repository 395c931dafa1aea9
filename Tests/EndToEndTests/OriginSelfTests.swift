// The origin's streams in this program's own play, probe and record.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct OriginSelfTests {
    @Test(arguments: ["rtmp", "flv", "hls"]) func ownCommandsReadIt(_ kind: String) async throws {
        let stage = try await OriginStage.begin()
        let address = try stage.address(kind)
        let played = try await SluiceBinary.run([
            "play", address, "--json", "-t", "3", "--vo", "null", "--ao", "null",
        ])
        #expect(played.status == 0, "\(played.errors)")
        // How many come in time is the machine's business here.
        let (shown, late) = (played.result?["shown_frames"]?.int ?? 0, played.result?["dropped_frames"]?.int ?? 0)
        #expect(shown > 0 && shown + late > 50, "\(played.text.suffix(500))")
        let probed = try await SluiceBinary.run(["probe", address, "--json"])
        #expect(probed.status == 0, "\(probed.errors) \(probed.text.suffix(1500))")
        let codecs = probed.result?["tracks"]?.array?.compactMap { $0["codec"]?.string } ?? []
        #expect(codecs.sorted() == ["aac", "h264"])
        let directory = try TempDirectory("record")
        let recorded = try await SluiceBinary.run(
            ["record", address, "--json", "-t", "3", "-o", directory.file("a.mp4")])
        #expect(recorded.status == 0, "\(recorded.errors)")
        #expect(try await Clips.packetCount(directory.file("a.mp4"), "video") > 20)
        try await stage.end()
    }

    @Test func theDatesOfPlaylistsTellTheDelay() async throws {
        let stage = try await OriginStage.begin()
        let probed = try await SluiceBinary.run(["probe", try stage.address("hls"), "--json", "--latency"])
        let latency = try #require(probed.result?["latency_ms"], "\(probed.errors)")
        #expect(latency["method"]?.string == "program_date_time")
        // Segments of two seconds: one is being made, and a probe begins with the last.
        let middle = try #require(latency["p50"]?.number)
        #expect(middle > 1000 && middle < 8000)
        try await stage.end()
    }

    @Test func theEndOfTheStreamIsOneForEverybody() async throws {
        let stage = try await OriginStage.begin()
        let directory = try TempDirectory("ends")
        let flv = try Program(["curl", "-sSN", "-o", directory.file("a.flv"), try stage.address("flv")])
        let feed = try Program(["curl", "-sSN", "-o", directory.file("a.mp4"), try stage.address("feed")])
        let hls = try Program([
            "ffmpeg", "-nostdin", "-v", "error", "-i", try stage.address("hls"), "-c", "copy",
            directory.file("a.ts"),
        ])
        #expect(
            await eventually(within: .seconds(60)) {
                (contents(ofFile: directory.file("a.ts"))?.count ?? 0) > 50_000
                    && (contents(ofFile: directory.file("a.mp4"))?.count ?? 0) > 50_000
            })
        try await stage.stop()
        // 0: curl saw the end of the last chunk.
        #expect(await flv.wait(within: .seconds(10)) == .exited(0), "\(flv.errors)")
        #expect(await feed.wait(within: .seconds(10)) == .exited(0), "\(feed.errors)")
        #expect(await hls.wait(within: .seconds(20)) == .exited(0), "\(hls.errors)")
        try await stage.end()
    }
}
