// A whole probe, over FLV that ffmpeg makes on the spot, files, and servers that never begin.
import Model
import Synchronization
import TestSupport
import Testing

@testable import Prober

/// Keeps what is reported.
private final class KeptReports: Reporter {
    private let kept = Mutex<[Event]>([])
    var events: [Event] { kept.withLock { $0 } }
    func report(_ event: Event) { kept.withLock { $0.append(event) } }
    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {}
}

@Suite(.serialized) struct ProbeSessionTests {
    private static let picture = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]
    private static let tone = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    private static let coded = [
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p",
        "-c:a",
        "aac", "-b:a", "64k", "-flush_packets", "1", "-f", "flv", "-",
    ]

    private func serve(_ inputs: [String]) async throws -> ScriptedServer {
        try await ScriptedServer.start(
            .stream(
                contentType: "video/x-flv",
                program: ["ffmpeg", "-nostdin", "-v", "error"] + inputs + Self.coded))
    }

    /// Runs a probe on a thread of its own, because it blocks.
    private func probe(
        _ url: String, reporter: any Reporter = KeptReports(), cancel: CancelFlag = CancelFlag(),
        _ change: (inout ProbeSettings) -> Void = { _ in }
    ) async throws -> (outcome: Result<ProbeReport, SluiceError>, took: Span) {
        var settings = ProbeSettings(source: try MediaAddress(url))
        change(&settings)
        let fixed = settings
        let ended = Kept()
        let began = HostTime.now()
        let thread = NamedThread("test-probe") {
            do throws(SluiceError) {
                let report = try ProbeSession(settings: fixed, reporter: reporter, cancel: cancel).run()
                ended.value.withLock { $0 = .success(report) }
            } catch {
                ended.value.withLock { $0 = .failure(error) }
            }
        }
        defer { cancel.set() }
        let outcome = await firstValue(within: .seconds(40)) { ended.value.withLock { $0 } }
        withExtendedLifetime(thread) {}
        return (try #require(outcome), HostTime.now() - began)
    }

    @Test func aQuickLook_endsAtTheFirstKeyframe() async throws {
        let server = try await serve(Self.picture + Self.tone)
        let (outcome, _) = try await probe("http://127.0.0.1:\(server.port)/live.flv")
        let report = try outcome.get()
        #expect(report.verdict == .pass && report.findings.codes == ["short_observation"])
        #expect(report.event["protocol"] == .string("http-flv"))
        guard case .array(let tracks)? = report.event["tracks"], tracks.count == 2,
            case .number(let key)? = report.event["first_keyframe_ms"],
            case .number(let observed)? = report.event["observed_s"]
        else {
            Issue.record("\(report.event)")
            return
        }
        #expect(tracks[0].text.contains(#""codec":"h264""#) && tracks[0].text.contains(#""width":320"#))
        #expect(tracks[1].text.contains(#""codec":"aac""#) && tracks[1].text.contains(#""sample_rate_hz":44100"#))
        #expect(key > 0 && observed < 0.3)
        #expect(report.lines.first == "http://127.0.0.1:\(server.port)/live.flv" && report.lines.contains("PASS"))
    }

    @Test func aLongerLook_measures() async throws {
        let server = try await serve(Self.picture + Self.tone)
        let (outcome, took) = try await probe("http://127.0.0.1:\(server.port)/live.flv") {
            $0.duration = .seconds(3)
            $0.expectations = [
                Expectation(field: "video", relation: .equal, value: "h264"),
                Expectation(field: "gop", relation: .atMost, value: "1s"),
            ]
        }
        let report = try outcome.get()
        // Whatever a busy machine makes of arrival, the stream itself is this.
        #expect(report.failure == nil, "\(report.findings)")
        #expect(took > .seconds(2.9))
        guard case .array(let tracks)? = report.event["tracks"], case .object(let video)? = tracks.first else {
            Issue.record("\(report.event)")
            return
        }
        #expect(video.first { $0.name == "gop_s" }?.value.text == #"{"min":1,"median":1,"max":1}"#)
        #expect(video.first { $0.name == "b_frames" }?.value == .bool(false))
        guard case .number(let rate)? = video.first(where: { $0.name == "fps" })?.value else {
            Issue.record("no frame rate")
            return
        }
        #expect((rate - 25).magnitude < 0.5)
    }

    @Test func soundAlone() async throws {
        let server = try await serve(Self.tone)
        let (outcome, took) = try await probe("http://127.0.0.1:\(server.port)/live.flv")
        let report = try outcome.get()
        guard case .array(let tracks)? = report.event["tracks"] else {
            Issue.record("\(report.event)")
            return
        }
        #expect(tracks.count == 1 && tracks[0].text.contains(#""type":"audio""#))
        #expect(report.event["first_keyframe_ms"] == .null)
        #expect(took < .seconds(10))
    }

    @Test func withoutMarks_theExcess() async throws {
        let server = try await serve(Self.picture)
        let (outcome, _) = try await probe("http://127.0.0.1:\(server.port)/live.flv") {
            $0.duration = .seconds(3)
            $0.measuresLatency = true
        }
        // ffmpeg marks nothing: then the excess, and it says so.
        let report = try outcome.get()
        #expect(report.findings["latency_relative"] != nil)
        #expect(report.event["latency_ms"]?.text.contains(#""method":"excess""#) == true)
    }

    @Test func aServerThatAnswersAndSendsNothing_isNotLive() async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n"
        let server = try await ScriptedServer.start(
            .respond(answer, body: [0x46, 0x4C, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0], closes: false))
        let (outcome, took) = try await probe("http://127.0.0.1:\(server.port)/live.flv") {
            $0.options.timeout = .seconds(1)
        }
        guard case .failure(let error) = outcome else {
            Issue.record("a report of nothing: \(outcome)")
            return
        }
        #expect(error.reason == .notLive, "\(error)")
        #expect(took < .seconds(8))
    }

    @Test func theStop_endsItWithWhatWasSeen() async throws {
        let server = try await serve(Self.picture + Self.tone)
        let cancel = CancelFlag()
        let reporter = KeptReports()
        let stopper = NamedThread("test-stop") {
            // Two seconds of status lines, then the signal.
            let deadline = HostTime.now() + .seconds(20)
            let wait = CancellableWait(cancel)
            while reporter.events.count < 2, HostTime.now() < deadline {
                wait.wait(until: .now() + .milliseconds(20))
            }
            cancel.set()
        }
        let (outcome, took) = try await probe(
            "http://127.0.0.1:\(server.port)/live.flv", reporter: reporter, cancel: cancel
        ) { $0.follows = true }
        withExtendedLifetime(stopper) {}
        let report = try outcome.get()
        #expect(took < .seconds(20))
        #expect(reporter.events.count >= 2 && reporter.events.allSatisfy { $0.name == "status" })
        #expect(reporter.events.last?["video_bitrate_kbps"] != .number(0))
        #expect(report.findings["connection_lost"] == nil, "what the stop broke is no finding")
        guard case .number(let observed)? = report.event["observed_s"] else {
            Issue.record("\(report.event)")
            return
        }
        #expect(observed > 0.5)
    }

    @Test func aFile_takesNoTime() async throws {
        let directory = try TempDirectory("probe")
        let file = directory.file("clip.mp4")
        let program = try Program(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=60", "-c:v"]
                + ["libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", file])
        #expect(await program.wait(within: .seconds(60)) == .exited(0), "\(program.errors)")
        let (outcome, took) = try await probe(file) { $0.duration = .seconds(30) }
        let report = try outcome.get()
        #expect(took < .seconds(15), "30 s of media are read, not waited for")
        #expect(report.event["protocol"] == .string("file"))
        #expect(report.event["jitter_ms"] == .null && report.event["stalls"] == .null)
        guard case .number(let observed)? = report.event["observed_s"] else {
            Issue.record("\(report.event)")
            return
        }
        #expect((observed - 30).magnitude < 0.5)
    }
}

private final class Kept: Sendable {
    let value = Mutex<Result<ProbeReport, SluiceError>?>(nil)
    init() {}
}
