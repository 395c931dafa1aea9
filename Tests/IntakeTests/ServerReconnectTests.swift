// Streams that break and come back, over real servers and protocols: nginx-rtmp behind a bad network, HLS, and
// what FFmpeg reads.
import Glibc
import Model
import TestSupport
import Testing

@testable import Intake

@Suite(.serialized, .timeLimit(.minutes(3))) struct ServerReconnectTests {
    private func picture(_ tape: SourceTape, epoch: Int) -> Packet? {
        tape.packets.first { $0.epoch == epoch && $0.kind == .video }
    }

    @Test func rtmp_aConnectionThatIsCut_isTakenUpAtOnce() async throws {
        let server = try await NginxRTMP.start()
        let proxy = try await FaultProxy.start(to: server.rtmpPort)
        let publisher = try StampedPublisher(to: server.url("cut"), gop: 30)
        #expect(await server.waitForPublisher("cut"))
        let tape = try SourceTape("rtmp://127.0.0.1:\(proxy.port)/live/cut", reconnect: patience())
        #expect(await tape.holds(packets: 100))
        let started = HostTime.now()
        for round in 1...2 {
            // Long enough that the rhythm does not make the next attempt wait.
            #expect(
                await eventually(within: .seconds(5)) {
                    (tape.packets.last?.arrival ?? started) - started > .seconds(Double(round) * 1.5)
                })
            proxy.cut()
            #expect(await eventually(within: .seconds(5)) { tape.resumptions.count == round })
        }
        #expect(tape.resumptions.map(\.epoch) == [1, 2])
        #expect(tape.resumptions.allSatisfy { $0.gap > .zero && $0.gap < .seconds(2) }, "\(tape.resumptions)")
        #expect(tape.interruptions.map(\.attempt) == [1, 1])
        #expect(await eventually(within: .seconds(5)) { picture(tape, epoch: 2) != nil })
        #expect(picture(tape, epoch: 1)?.isKeyframe == true && picture(tape, epoch: 2)?.isKeyframe == true)
        #expect(tape.openings == 1)
        await publisher.stop()
    }

    @Test func rtmp_aPublisherThatComesBack_isPickedUp() async throws {
        let server = try await NginxRTMP.start()
        let first = try StampedPublisher(to: server.url("back"), gop: 30)
        #expect(await server.waitForPublisher("back"))
        let tape = try SourceTape(server.url("back"), reconnect: patience(), timeout: .seconds(1.5))
        #expect(await tape.holds(packets: 100))
        await first.stop()
        // To its players the server says "StreamEOF", whether a publisher leaves or loses its line.
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.count >= 2 })
        let second = try StampedPublisher(to: server.url("back"), width: 320, height: 192, gop: 30)
        let began = HostTime.now()
        #expect(await eventually(within: .seconds(10)) { !tape.resumptions.isEmpty })
        #expect(HostTime.now() - began < .seconds(4), "ffmpeg's own start, and at most a second")
        let epoch = try #require(tape.resumptions.first?.epoch)
        #expect(await eventually(within: .seconds(5)) { picture(tape, epoch: epoch) != nil })
        let tracks = tape.events.compactMap { if case .tracks(let tracks) = $0 { tracks } else { nil } }.last
        #expect(tracks?.first { $0.kind == .video }?.video?.width == 320)
        #expect((picture(tape, epoch: epoch)?.dts ?? .zero) < MediaTime(milliseconds: 6000), "its own times")
        let silences = tape.interruptions.map(\.error.reason)
        #expect(silences.allSatisfy { $0 == .notLive }, "\(silences)")
        #expect(tape.interruptions[0].error.isMidStream && tape.openings == 1)
        await second.stop()
    }

    @Test func rtmp_aPublisherThatStaysAway_wasTheEnd() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("over"), gop: 30)
        #expect(await server.waitForPublisher("over"))
        let patient = try SourceTape(server.url("over"), reconnect: patience(giveUp: .seconds(2)))
        let plain = try SourceTape(server.url("over"))
        #expect(await patient.holds(packets: 60))
        #expect(await plain.holds(packets: 60))
        await publisher.stop()
        let stopped = HostTime.now()
        #expect(await plain.ends(within: .seconds(2)))
        #expect(plain.end == .some(nil))
        #expect(await patient.ends(within: .seconds(8)))
        #expect(patient.end == .some(nil), "said by the server, and nobody came back")
        #expect(HostTime.now() - stopped > .seconds(1.5) && patient.interruptions.count >= 1)
    }

    @Test func rtmp_aStreamThatComesUpLater_isPickedUpWithinASecond() async throws {
        let server = try await NginxRTMP.start()
        let tape = try SourceTape(server.url("later"), reconnect: patience(wait: .forever), timeout: .seconds(1.2))
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.count >= 3 })
        let begins = tape.interruptions.map { $0.at + $0.pause }
        #expect(zip(begins.dropFirst(), begins).allSatisfy { $0 - $1 > .milliseconds(950) })
        let publisher = try StampedPublisher(to: server.url("later"), gop: 30)
        #expect(await server.waitForPublisher("later"))
        let live = HostTime.now()
        #expect(
            await eventually(within: .seconds(5)) {
                picture(tape, epoch: tape.resumptions.first?.epoch ?? -1) != nil
            })
        #expect(HostTime.now() - live < .seconds(2), "a second, and a GOP")
        #expect(tape.openings == 1)
        await publisher.stop()
    }

    @Test func hls_aPlaylistThatStopsAndBeginsAnew_isTakenUp() async throws {
        let server = try await NginxRTMP.start()
        try await Fixture.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-t", "4", "-c:v", "libx264", "-g", "25",
            "-sc_threshold", "0", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0",
            "-hls_segment_filename", server.hlsDirectory + "/%d.ts", server.hlsDirectory + "/made.m3u8",
        ])
        let path = server.hlsDirectory + "/cam.m3u8"
        func list(_ first: Int, _ segments: ClosedRange<Int>, _ tail: String = "") throws {
            let lines = segments.map { "#EXTINF:1.0,\n\($0).ts\n" }.joined()
            try Fixture.replace(
                path, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:\(first)\n\(lines)\(tail)")
        }
        try list(70, 0...1)
        let tape = try SourceTape(server.playlist("cam"), reconnect: patience(), timeout: .seconds(1.5))
        #expect(await tape.holds(packets: 20))
        #expect(await eventually(within: .seconds(10)) { !tape.interruptions.isEmpty })
        #expect(tape.interruptions[0].error.why == "the playlist has stopped growing")
        unlink(path)
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.last?.error.reason == .notLive })
        try list(0, 0...2)
        #expect(await eventually(within: .seconds(5)) { !tape.resumptions.isEmpty })
        let epoch = tape.resumptions.last?.epoch
        #expect(await eventually(within: .seconds(5)) { tape.packets.count { $0.epoch == epoch } >= 20 })
        // What has become a finished playlist meanwhile is not played from its beginning.
        let before = tape.interruptions.count
        unlink(path)
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.count >= before + 2 })
        let count = tape.packets.count
        try list(0, 0...3, "#EXT-X-ENDLIST\n")
        #expect(await tape.ends())
        #expect(tape.end == .some(nil) && tape.openings == 1)
        #expect(tape.packets.count == count)
    }

    /// The server dies with all its connections, and comes back.
    @Test func rtsp_isTakenUp() async throws {
        let first = try await RTSPServer.start()
        let tape = try SourceTape(first.address, reconnect: patience(), timeout: .seconds(2))
        #expect(await tape.holds(packets: 60, within: .seconds(20)))
        await first.stop()
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.count >= 2 })
        #expect(tape.interruptions[0].error.isMidStream)
        #expect(tape.interruptions[0].error.reason == .connectionLost, "\(tape.interruptions[0].error)")
        #expect(tape.interruptions.dropFirst().allSatisfy { $0.error.reason == .refused }, "\(tape.interruptions)")
        let second = try await RTSPServer.start(port: first.port)
        #expect(await eventually(within: .seconds(15)) { tape.resumptions.count == 1 })
        let epoch = tape.resumptions.last?.epoch
        for kind in [TrackKind.video, .audio] {
            #expect(
                await eventually(within: .seconds(5)) {
                    tape.packets.contains { $0.epoch == epoch && $0.kind == kind }
                })
        }
        #expect(tape.openings == 1 && tape.end == nil)
        await second.stop()
    }

    enum Carrier: String, CaseIterable, Sendable { case tcp, srt, udp }

    /// ffmpeg as a listening (for UDP: sending) peer that dies and comes back.
    @Test(arguments: Carrier.allCases) func whatFFmpegReads_isTakenUp(carrier: Carrier) async throws {
        let port = try FreePort.tcp()
        let target =
            switch carrier {
            case .tcp: "tcp://127.0.0.1:\(port)?listen=1"
            case .srt: "srt://127.0.0.1:\(port)?mode=listener"
            case .udp: "udp://127.0.0.1:\(port)?pkt_size=1316"
            }
        func publish() throws -> Program {
            try Program([
                "ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25",
                "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-f", "mpegts",
                target,
            ])
        }
        let tape = try SourceTape(
            carrier.rawValue + "://127.0.0.1:\(port)", reconnect: patience(wait: .forever), timeout: .seconds(2))
        let first = try publish()
        #expect(await tape.holds(packets: 40, within: .seconds(20)))
        let waited = tape.resumptions.count
        first.kill()
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.contains(where: \.error.isMidStream) })
        let second = try publish()
        #expect(await eventually(within: .seconds(15)) { tape.resumptions.count == waited + 1 })
        #expect(
            await eventually(within: .seconds(5)) {
                (tape.packets.last?.epoch ?? 0) == tape.resumptions.last?.epoch
            })
        #expect(tape.openings == 1 && tape.end == nil)
        second.kill()
    }
}
