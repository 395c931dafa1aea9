import Model
import TestSupport
import Testing

// `sluice probe` of streams in which nothing is wrong: it says what they are, and finds nothing above `info`.

@Suite(.takesTurns) struct ProbeCleanTests {
    @Test(arguments: CleanStream.all) func clean(_ stream: CleanStream) async throws {
        let report = try await Metronome.undisturbed {
            let server = try await NginxRTMP.start()
            let (url, held) = try await stream.start(server)
            defer { withExtendedLifetime(held) {} }
            return try await Diagnosis.of(url, stream.seconds)
        }
        #expect(report.serious.isEmpty, "\(report.summary)")
        #expect(report.verdict == "PASS", "\(report.summary)")
        #expect(report.result["protocol"]?.string == stream.protocolName)
        #expect((report.result["observed_s"]?.number ?? 0) > Double(stream.seconds) * 0.8)
        #expect(report.result["stalls"]?.int == 0)
        #expect(
            report.result["tracks"]?.array?.count == (stream.video == nil ? 0 : 1) + (stream.audio == nil ? 0 : 1))
        if let wanted = stream.video {
            let track = try #require(report.track("video"))
            #expect(track["codec"]?.string == "h264")
            #expect(track["width"]?.int == wanted.width && track["height"]?.int == wanted.height)
            #expect(abs((track["fps"]?.number ?? 0) - wanted.fps) < 1, "\(track)")
            let gop = track["gop_s"]?["median"]?.number ?? 0
            #expect(abs(gop - wanted.gop) < 0.1, "\(track)")
            #expect(track["b_frames"]?.bool == wanted.bFrames, "\(track)")
            #expect((track["bitrate_kbps"]?.number ?? 0) > 20)
        }
        if let wanted = stream.audio {
            let track = try #require(report.track("audio"))
            #expect(track["codec"]?.string == "aac")
            #expect(track["sample_rate_hz"]?.int == wanted.rate, "\(track)")
            #expect(track["channels"]?.int == wanted.channels, "\(track)")
            #expect((track["bitrate_kbps"]?.number ?? 0) > 5)
        }
    }

    @Test(arguments: ["bbb-360p.mp4"]) func file(_ name: String) async throws {
        let report = try await Diagnosis.of(SluiceBinary.clip(name), 5)
        #expect(report.serious.isEmpty && report.verdict == "PASS", "\(report.summary)")
        #expect(report.result["protocol"]?.string == "file")
        #expect(report.track("video")?["b_frames"]?.bool == true)
        #expect(report.track("audio")?["channels"]?.int == 2)
    }
}
