import Model
import TestSupport
import Testing

// `sluice play` of live streams without a window: RTMP, HTTP-FLV and HLS, joined in the middle.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct PlayLiveTests {
    private let unseen = ["--vo", "null", "--ao", "null", "--json"]

    @Test func marks_tellTheDelay() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url("marked"),
        ])
        #expect(await server.waitForPublisher("marked"))
        let run = try await SluiceBinary.run(["play", "--nobuffer", "-t", "5", server.url("marked")] + unseen)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "duration")
        let delay = try #require(run.result?["latency_ms"]?["p50"]?.number)
        #expect(delay > 0 && delay < 1_000)
        let shown = try #require(run.result?["shown_frames"]?.int)
        #expect(shown > 75, "5 s from start, key frame within 1 s: \(shown)")
        let status = try #require(run.events.last { $0["event"]?.string == "status" })
        #expect(status["video_width"]?.int == 640 && status["video_height"]?.int == 360)
        #expect((status["fps"]?.number ?? 0) > 20)
        for (name, code) in [("connected", 2001), ("first_keyframe", 2003), ("playback_begins", 2004)] {
            #expect(run.events.contains { $0["event"]?.string == name && $0["code"]?.int == code }, "\(name)")
        }
        _ = await push.interrupt()
    }

    @Test(arguments: [true, false])
    func oneTrackAlone_startsAtOnce(isSound: Bool) async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(
            to: server.url("alone"), gop: 15, hasSound: isSound, hasPicture: !isSound)
        #expect(await server.waitForPublisher("alone"))
        let run = try await SluiceBinary.run(["play", "--nobuffer", "-t", "3", server.url("alone")] + unseen)
        #expect(run.status == 0, "\(run.errors)")
        let shown = run.result?["shown_frames"]?.int ?? -1
        #expect(isSound ? shown == 0 : shown > 45, "\(shown)")
        #expect(run.events.contains { $0["event"]?.string == "playback_begins" })
        await publisher.stop()
    }

    @Test func joinInTheMiddle_showsNothingBeforeAKeyframe() async throws {
        let server = try await NginxRTMP.start()
        // This application sends from wherever the stream is; the next key frame is up to four seconds away.
        let publisher = try StampedPublisher(to: server.url("mid", application: "eager"), gop: 120, hasSound: false)
        #expect(await server.waitForPublisher("mid"))
        let running = try SluiceBinary.start([
            "play", "--nobuffer", server.url("mid", application: "eager"), "--raw", "-", "--pix-fmt", "yuv420p",
            "-t", "7",
        ])
        let run = await running.finish(within: .seconds(20))
        #expect(run.status == 0)
        let size = 640 * 360 * 3 / 2
        let codes = stride(from: 0, to: run.output.count - size + 1, by: size).map {
            Barcode.read(run.output[$0..<$0 + size], width: 640, stride: 640)
        }
        #expect(codes.count > 30)
        #expect(codes.allSatisfy { $0 != nil }, "no picture is broken")
        let values = codes.compactMap { $0.map(Int.init) }
        #expect(steps(values).allSatisfy { $0 > 0 }, "in order")
        await publisher.stop()
    }

    @Test func httpFLV_isPlayedAndEnds() async throws {
        let server = try await ScriptedServer.start(
            .stream(
                contentType: "video/x-flv",
                program: [
                    "ffmpeg", "-v", "error", "-nostdin", "-re", "-i", SluiceBinary.clip("bbb-360p.mp4"), "-c",
                    "copy",
                    "-flush_packets", "1", "-f", "flv", "-",
                ]))
        let url = "http://127.0.0.1:\(server.port)/live/clip.flv"
        let run = try await SluiceBinary.run(["play", "--nobuffer", url] + unseen)
        #expect(run.status == 0, "\(run.errors)")
        #expect((run.result?["shown_frames"]?.int ?? 0) > 110)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        #expect(!run.errors.contains("trying again"), "nobody waits for what has ended")
        #expect(String(decoding: server.received, as: UTF8.self).hasPrefix("GET /live/clip.flv HTTP/1.1"))
        #expect(server.connections == 1, "no second request to find out what it is")
    }

    @Test func hls_isPlayedNearItsEdge() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("cam", application: "hls"), gop: 30)
        #expect(
            await eventually(within: .seconds(20)) {
                String(decoding: contents(ofFile: server.hlsDirectory + "/cam.m3u8") ?? [], as: UTF8.self)
                    .split(separator: "\n").filter { $0.hasSuffix(".ts") }.count >= 3
            })
        let running = try SluiceBinary.start([
            "play", "--nobuffer", server.playlist("cam"), "--raw", "-", "--pix-fmt", "yuv420p", "-t", "9",
        ])
        let size = 640 * 360 * 3 / 2
        #expect(
            await eventually(within: .seconds(10), every: .milliseconds(20)) {
                running.program.outputBytes.count >= size
            })
        let run = await running.finish(within: .seconds(25))
        let ended = WallTime.now()
        #expect(run.status == 0, "\(run.errors)")
        let last = run.output.count / size - 1
        let stamp = try #require(Barcode.read(run.output[(last * size)...], width: 640, stride: 640))
        let delay = ended - WallTime(milliseconds: Int64(stamp))
        #expect(delay < .seconds(9), "fragments are 2 s long; \(delay.seconds) s behind")
        #expect(last > 100, "\(last) pictures")
        await publisher.stop()
    }

    /// With no buffer: one segment and a half, and 0.3 s, behind the encoder, and the next segment is always there.
    @Test func hls_isPlayedInsideItsNewestSegment() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "--loop", server.url("near", application: "hls"),
        ])
        #expect(
            await eventually(within: .seconds(20)) {
                String(decoding: contents(ofFile: server.hlsDirectory + "/near.m3u8") ?? [], as: UTF8.self)
                    .split(separator: "\n").filter { $0.hasSuffix(".ts") }.count >= 2
            })
        let run = try await SluiceBinary.run(
            ["play", "--nobuffer", server.playlist("near"), "-t", "14"] + unseen, within: .seconds(30))
        #expect(run.status == 0, "\(run.errors)")
        let status = run.events.filter { $0["event"]?.string == "status" }
        let delays = status.suffix(6).compactMap { $0["latency_ms"]?.number }
        #expect(delays.count == 6)
        // The clip's loop makes segments of 2 and 2.33 s. A busy machine may spoil the worst.
        #expect(delays.min() ?? 9_999 < 3_800, "\(delays)")
        #expect((run.result?["stalls"]?.int ?? 9) <= 1, "\(run.text.suffix(600))")
        #expect((run.result?["shown_frames"]?.int ?? 0) > 280)
        _ = await push.interrupt()
    }

    @Test func endOfTheStream_endsPlaybackWithoutAWindow() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start([
            "push", SluiceBinary.clip("bbb-360p.mp4"), "-t", "5", server.url("ends"),
        ])
        #expect(await server.waitForPublisher("ends"))
        let run = try await SluiceBinary.run(
            ["play", "--nobuffer", server.url("ends"), "--timeout", "3"] + unseen, within: .seconds(20))
        // nginx tells viewers that the publisher has gone; that is an end, not a loss.
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        _ = await push.finish()
    }

    @Test func silenceInMidStream_isALostConnection() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let publisher = try StampedPublisher(to: server.url("lost"), gop: 15)
        #expect(await server.waitForPublisher("lost"))
        let play = try SluiceBinary.start(
            ["play", "--nobuffer", "rtmp://127.0.0.1:\(proxy.port)/live/lost", "--timeout", "2"]
                + ["--reconnect", "off"] + unseen)
        // Sound may begin before the first key frame; half a second later there are pictures.
        #expect(await play.event("first_keyframe") != nil)
        #expect(await play.event("status") != nil)
        proxy.stall(.down)
        let run = await play.finish(within: .seconds(15))
        #expect(run.status == 74)
        #expect(run.error?["reason"]?.string == "connection_lost")
        #expect(run.errorLines.count == 1)
        #expect((run.result?["shown_frames"]?.int ?? 0) > 0)
        await publisher.stop()
    }
}
