// Stalls, jitter, the backlog of the start, sound beside picture and drift.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct ArrivalFindingTests {
    /// The network holds everything back from `start` for `length`, then gives it all at once.
    private func stalled(at start: Double, for length: Double) -> MadeStream {
        MadeStream {
            let due = ($0.arrival - MadeStream.start).seconds
            guard (start..<start + length).contains(due) else { return $0 }
            return $0.moved(arrival: .seconds(start + length - due))
        }
    }

    @Test func stall() throws {
        let findings = try stalled(at: 3, for: 0.9).findings()
        let stall = try #require(findings["stall"])
        #expect(stall.severity == .warn && stall.number("count") == 1)
        #expect(((stall.number("longest_ms") ?? 0) - 900).magnitude < 50)
        #expect(((stall.firstNumber("at_s") ?? 0) - 3).magnitude < 0.1)
        // A buffer of a second rides it out.
        #expect(findings["jitter"] == nil)
        #expect(try stalled(at: 3, for: 0.4).findings()["stall"] == nil)
        #expect(try stalled(at: 2.5, for: 3.2).findings()["stall"]?.severity == .fail)
    }

    @Test func silenceUpToTheEnd_isAStall() throws {
        let stream = MadeStream(seconds: 3)
        #expect(try stream.findings(until: 5)["stall"]?.number("count") == 1)
        #expect(try stream.findings(until: 3.1)["stall"] == nil)
        // Not where the stream has said that it is over.
        var ended = stream
        ended.events.append(.end(nil))
        #expect(try ended.findings(until: 5)["stall"] == nil)
    }

    @Test func jitter() throws {
        let findings = try stalled(at: 3, for: 1.2).findings()
        let jitter = try #require(findings["jitter"])
        #expect(jitter.severity == .warn && (jitter.number("max_ms") ?? 0) > 1150)
        #expect(((jitter.number("at_s") ?? 0) - 3).magnitude < 0.1)
        // Each second comes at its end: then more than a twentieth is late.
        let often = MadeStream {
            let part = $0.second - $0.second.rounded(.down)
            return $0.second >= 1 ? $0.moved(arrival: .seconds(1.3 - part)) : $0
        }
        #expect(try often.findings()["jitter"]?.severity == .fail)
    }

    @Test func jitterNumbers() throws {
        var late = 0
        let stream = MadeStream(seconds: 12, audio: false) {
            late = (late + 7) % 40
            return $0.moved(arrival: .milliseconds(Double(late)))
        }
        let measured = Measurements(
            stream.observed(), settings: try MadeStream.settings(), began: MadeStream.start, now: MadeStream.start)
        let jitter = try #require(measured.jitter)
        #expect((15...25).contains(jitter.p50.milliseconds) && jitter.most.milliseconds == 39)
        #expect(jitter.p95 <= jitter.p99 && jitter.p99 <= jitter.most && jitter.rfc3550 > .milliseconds(5))
        #expect(try stream.report().findings.isEmpty)
    }

    /// Four seconds that the server has kept arrive within a quarter of a second.
    private func backlog() -> MadeStream {
        MadeStream(seconds: 10) {
            guard $0.second < 4 else { return $0 }
            return $0.moved(arrival: .seconds(3.75 - $0.second + $0.second / 16))
        }
    }

    @Test func theBacklogOfTheStart_isLeftOut() throws {
        let stream = backlog()
        let observation = stream.observed()
        let measured = Measurements(
            observation, settings: try MadeStream.settings { $0.measuresLatency = true }, began: MadeStream.start,
            now: MadeStream.start)
        #expect((measured.jitter?.most ?? .seconds(9)) < .milliseconds(25))
        #expect((observation.video?.arrival.backlogLength ?? .zero) > .seconds(3.5))
        #expect(try stream.report().findings.isEmpty)
        // GOPs and rates count it: it is media like all other.
        #expect(measured.video?.gop?.count == 9)
        #expect(((measured.video?.frameRate ?? 0) - 25).magnitude < 0.01)
    }

    @Test(arguments: [(0.9, Severity.warn), (3.5, .fail)]) func interleave(_ late: Double, _ severity: Severity)
        throws
    {
        let stream = MadeStream(seconds: 8) { $0.kind == .audio ? $0.moved(arrival: .seconds(late)) : $0 }
        let finding = try #require(try stream.findings()["interleave"])
        #expect(finding.severity == severity)
        #expect(((finding.number("interleave_ms") ?? 0) + late * 1000).magnitude < 60)
        #expect(finding.message.contains("behind"))
        let early = MadeStream(seconds: 8) { $0.kind == .video ? $0.moved(arrival: .seconds(late)) : $0 }
        #expect(try early.findings()["interleave"]?.message.contains("ahead") == true)
        let near = MadeStream(seconds: 8) { $0.kind == .audio ? $0.moved(arrival: .milliseconds(300)) : $0 }
        #expect(try near.findings()["interleave"] == nil)
    }

    @Test(arguments: [0.03, -0.03]) func drift(_ share: Double) throws {
        let stream = MadeStream(seconds: 8) {
            $0.kind == .audio ? $0.moved(stamps: .seconds($0.second * share)) : $0
        }
        let finding = try #require(try stream.findings()["av_drift"])
        #expect(((finding.number("drift_ms_per_s") ?? 0) - share * 1000).magnitude < 4)
        #expect(finding.message.contains(share > 0 ? "ahead" : "behind"))
        // Two thousandths are an ordinary crystal, badly cut.
        let little = MadeStream(seconds: 8) {
            $0.kind == .audio ? $0.moved(stamps: .seconds($0.second * share / 15)) : $0
        }
        #expect(try little.findings()["av_drift"] == nil)
    }

    @Test func anEncoderThatFallsBehind_doesNotDrift() throws {
        // Ever more pictures are late, by ever more; each fifth still comes in time.
        let stream = MadeStream(seconds: 8) {
            guard $0.kind == .video, Int(($0.second * 25).rounded()) % 5 != 0 else { return $0 }
            return $0.moved(arrival: .milliseconds(min(35, $0.second * 30)))
        }
        #expect(try stream.findings()["av_drift"] == nil)
        // A step is none either, and seen as what it is by others.
        let step = MadeStream(seconds: 8) {
            $0.kind == .audio && $0.second > 4 ? $0.moved(stamps: .milliseconds(300)) : $0
        }
        #expect(try step.findings()["av_drift"] == nil)
    }

    @Test(arguments: [
        SourceDescription(transport: "file", isLive: false),
        .init(transport: "hls", isLive: true, isSegmented: true),
    ])
    func driftInFilesAndSegments(_ description: SourceDescription) throws {
        let stream = MadeStream(seconds: 8, description: description) {
            let moved = $0.kind == .audio ? $0.moved(stamps: .seconds($0.second * 0.03)) : $0
            return moved.moved(arrival: .seconds(($0.second / 2).rounded(.down) * 2 + 2 - $0.second))
        }
        #expect(try stream.findings()["av_drift"] != nil)
    }

    @Test func soundThatIsLateOnce_doesNotDrift() throws {
        let stream = MadeStream(seconds: 8) {
            $0.kind == .audio && (3..<4).contains($0.second) ? $0.moved(arrival: .milliseconds(250)) : $0
        }
        #expect(try stream.findings()["av_drift"] == nil)
    }

    @Test func aConnectionThatCameBack_isAFinding() throws {
        var stream = MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(-3), arrival: .seconds(4)) }
        let lost = SluiceError(.connectionLost, "cannot play it", why: "the server closed the connection")
        stream.insert(.interrupted(lost, attempt: 1, pause: .zero), at: 6.9)
        stream.insert(.resumed(epoch: 1, gap: .seconds(4)), at: 6.95)
        let findings = try stream.findings()
        #expect(findings["interrupted"]?.number("longest_ms") == 4000)
        #expect(findings["timestamp_rollback"] == nil && findings["stall"] == nil)
    }

    @Test func filesHaveNoArrival() throws {
        let file = SourceDescription(transport: "file", isLive: false)
        let stream = MadeStream(description: file) { $0.moved(arrival: .seconds(-$0.second)) }
        let observation = stream.observed()
        let measured = Measurements(
            observation, settings: try MadeStream.settings { $0.measuresLatency = true }, began: MadeStream.start,
            now: MadeStream.start)
        #expect(measured.jitter == nil && measured.stalls == nil && measured.latency == nil)
        #expect((measured.observed.seconds - 5.98).magnitude < 0.05)
        #expect(try stream.report().findings.isEmpty)
    }
}
