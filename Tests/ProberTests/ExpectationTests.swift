// `--expect`: what is read, what is refused, what is met.
import Model
import Testing

@testable import Prober

@Suite struct ExpectationTests {
    @Test func aList() throws {
        let list = try ExpectationList.parse("video=h264, fps>=25,gop <= 2s,latency<3s,b_frames!=yes")
        #expect(list.map(\.field) == ["video", "fps", "gop", "latency", "b_frames"])
        #expect(list.map(\.relation) == [.equal, .atLeast, .atMost, .below, .notEqual])
        #expect(list.map(\.value) == ["h264", "25", "2s", "3s", "yes"])
    }

    @Test(arguments: [
        "", ",", "video=h264,", "nonsense=1", "fps", "fps25", "fps>=fast", "gop<=2x", "video>=h264", "size>1x1",
        "b_frames=maybe", "stalls=1.5", "verdict=good", "size=1280", "fps=25|30", "video=", "=3", "gop<=-1s",
    ])
    func refused(_ text: String) {
        let error = #expect(throws: SluiceError.self) { try ExpectationList.parse(text) }
        #expect(error?.reason == .usage)
        #expect(error?.what.hasPrefix("cannot use --expect") == true && error?.hint != nil)
    }

    static let measured: Measurements = {
        var all = Measurements(url: "rtmp://h/a/b")
        all.transport = "rtmp"
        all.observed = .seconds(5)
        all.connect = .milliseconds(3)
        all.firstKeyframe = .milliseconds(700)
        all.interleave = .milliseconds(-120)
        all.stalls = 0
        all.jitter = .init(
            rfc3550: .milliseconds(4), p50: .milliseconds(2), p95: .milliseconds(30), p99: .milliseconds(50),
            most: .milliseconds(60))
        all.tracks = [
            .init(
                index: 0, kind: .video, codec: "h264", profile: "High", width: 1280, height: 720, frameRate: 24.98,
                pixelFormat: "yuv420p", bitRate: 2_000_000,
                gop: .init(least: .seconds(1), median: .seconds(2), most: .seconds(2.002), count: 4),
                bFrames: false,
                packets: 125),
            .init(
                index: 1, kind: .audio, codec: "aac", profile: "LC", sampleRate: 48000, channels: 2,
                bitRate: 128_000, packets: 200),
        ]
        return all
    }()

    @Test(arguments: [
        "video=h264", "video=hevc|h264", "video!=hevc", "audio=aac", "audio!=none", "profile=High", "profile=high",
        "pixel_format=yuv420p", "size=1280x720", "size!=1920x1080", "width=1280", "height>=720", "fps>=25",
        "fps=25", "fps<=30", "gop<=2s", "gop<=2", "gop>=1s", "gop=2s", "b_frames=no", "b_frames!=yes",
        "sample_rate=48k", "sample_rate>=44100", "channels=2", "bitrate>=2M", "bitrate<=2.2M", "video_bitrate=2M",
        "audio_bitrate<=128k", "tracks=2", "protocol=rtmp", "connect<=10ms", "first_keyframe<1s",
        "interleave<=200ms", "jitter<=50ms", "stalls=0", "stalls<1",
    ])
    func met(_ text: String) throws {
        #expect(ExpectationCheck.findings(try ExpectationList.parse(text), Self.measured).isEmpty)
    }

    @Test(arguments: [
        "video=hevc", "video=none", "audio!=aac", "profile=Main", "size=1920x1080", "width>1280", "fps>=30",
        "fps>25", "fps=30", "gop<=1s", "gop>=2s", "b_frames=yes", "sample_rate=44100", "channels>2",
        "bitrate<=2M", "audio_bitrate>=192k", "tracks=1", "protocol=hls", "connect<1ms", "interleave<=100ms",
        "jitter<10ms", "stalls>0",
    ])
    func notMet(_ text: String) throws {
        let findings = ExpectationCheck.findings(try ExpectationList.parse(text), Self.measured)
        #expect(findings.codes == ["expectation_failed"] && findings.first?.severity == .fail)
        #expect(findings.first?.message.contains(text) == true)
    }

    @Test(arguments: ["latency<=3s", "latency_p95<=3s", "first_byte<=1s"]) func whatIsUnknown_isNotMet(
        _ text: String
    ) throws {
        let finding = try #require(
            ExpectationCheck.findings(try ExpectationList.parse(text), Self.measured).first)
        #expect(finding.severity == .fail && finding.message.contains("not known"))
    }

    @Test func aTrackThatIsNotThere_isNone() throws {
        var silent = Self.measured
        silent.tracks.removeLast()
        #expect(ExpectationCheck.findings(try ExpectationList.parse("audio=none"), silent).isEmpty)
        #expect(ExpectationCheck.findings(try ExpectationList.parse("sample_rate=48000"), silent).count == 1)
    }

    @Test func aFailedExpectation_isTheFailure() throws {
        let report = try MadeStream().report {
            $0.expectations = [Expectation(field: "fps", relation: .atLeast, value: "50")]
        }
        #expect(report.verdict == .fail)
        #expect(report.failure?.reason == .verdictFail)
        #expect(report.failure?.why == "expectation_failed: expected fps>=50, but it is 25")
        let met = try MadeStream().report {
            $0.expectations = [Expectation(field: "fps", relation: .atLeast, value: "25")]
        }
        #expect(met.failure == nil && met.verdict == .pass)
    }

    @Test func theVerdict_canBeExpected() throws {
        let wish = [Expectation(field: "verdict", relation: .equal, value: "pass")]
        #expect(try MadeStream().report { $0.expectations = wish }.verdict == .pass)
        let gaps = MadeStream { $0.kind == .video && (2..<4).contains($0.second) ? nil : $0 }
        let report = try gaps.report { $0.expectations = wish }
        #expect(report.findings.first?.code == "expectation_failed")
        #expect(report.failure?.reason == .verdictFail)
    }

    /// The contract's own example.
    @Test func check_needsAFail() throws {
        let gaps = MadeStream { $0.kind == .video && (2..<4).contains($0.second) ? nil : $0 }
        let warned = try gaps.report { $0.checks = true }
        #expect(warned.verdict == .warn && warned.failure == nil)
        let failed = try MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(-2)) }.report {
            $0.checks = true
        }
        #expect(failed.failure?.reason == .verdictFail)
        #expect(failed.failure?.why.hasPrefix("timestamp_rollback: ") == true)
        #expect(failed.failure?.what.contains("rtmp://127.0.0.1/live/made") == true)
    }
}
