// Stamps that break, each found with where and how far, and not found on the clean neighbour.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct TimelineFindingTests {
    @Test func aCleanStream_hasNoFindings() throws {
        let report = try MadeStream().report()
        #expect(report.findings.isEmpty, "\(report.findings)")
        #expect(report.verdict == .pass)
        #expect(report.failure == nil)
    }

    @Test func aJump_isFound() throws {
        let findings = try MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(5)) }.findings()
        let jump = try #require(findings["timestamp_jump"])
        #expect(jump.severity == .fail)
        #expect((jump.number("jump_ms") ?? 0) > 5000 && (jump.number("jump_ms") ?? 0) < 5100)
        #expect(((jump.firstNumber("at_s") ?? 0) - 2.97).magnitude < 0.05)
        // One for each track; and the stream is otherwise as it was.
        #expect(findings.codes == ["timestamp_jump", "timestamp_jump"])
        let small = try MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(1)) }.findings()
        #expect(small["timestamp_jump"]?.severity == .warn)
        let slight = try MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .milliseconds(300)) }.findings()
        #expect(slight["timestamp_jump"] == nil)
    }

    @Test func whatIsMissing_isAGapAndNoJump() throws {
        let findings = try MadeStream { $0.kind == .video && (2..<4).contains($0.second) ? nil : $0 }.findings()
        let gap = try #require(findings["timestamp_gap"])
        #expect(gap.severity == .warn)
        #expect(gap.number("gap_ms") == 2040)
        #expect(findings["timestamp_jump"] == nil)
        // The sound went on: nothing stalled.
        #expect(findings["stall"] == nil)
    }

    @Test func inFiles_whatIsMissingIsAJump() throws {
        let file = SourceDescription(transport: "file", isLive: false)
        let findings = try MadeStream(description: file) { (2..<4).contains($0.second) ? nil : $0 }.findings()
        #expect(findings["timestamp_jump"] != nil)
        #expect(findings["timestamp_gap"] == nil)
    }

    @Test func aRollback_isFound() throws {
        let findings = try MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(-2)) }.findings()
        let rollback = try #require(findings["timestamp_rollback"])
        #expect(rollback.severity == .fail)
        #expect(((rollback.number("rollback_ms") ?? 0) - 1960).magnitude < 30)
        #expect(rollback.number("count") == 1)
    }

    /// As Matroska tells a stream with B-frames: the first pictures have no DTS.
    @Test func stampsThatBecomeDated_areNoRollback() {
        func packet(_ pts: Int, _ dts: Int?) -> Packet {
            Packet(
                track: 0, kind: .video, pts: MediaTime(nanoseconds: Int64(pts) * 1_000_000),
                dts: dts.map { MediaTime(nanoseconds: Int64($0) * 1_000_000) }, isKeyframe: pts == 0, data: [],
                arrival: HostTime(nanoseconds: 0))
        }
        var timeline = TimelineObserver(isLive: false)
        let head = [packet(0, nil), packet(160, nil), packet(80, 0), packet(40, 40), packet(120, 80)]
        for packet in head { _ = timeline.add(packet) }
        #expect(timeline.rollbacks.count == 0 && timeline.repeats.count == 0)
        _ = timeline.add(packet(320, 40))
        #expect(timeline.rollbacks.count == 1)
    }

    @Test func aRepeat_isFound() throws {
        let findings = try MadeStream {
            $0.kind == .video && $0.second == 2.04 ? $0.moved(stamps: .milliseconds(-40)) : $0
        }.findings()
        #expect(findings["timestamp_repeat"]?.number("count") == 1)
        #expect(findings["timestamp_repeat"]?.severity == .info)
        #expect(findings["timestamp_repeat"]?.firstNumber("at_s") == 2)
        #expect(findings.codes == ["timestamp_repeat"])
    }

    @Test func dtsAfterPTS_isFound() throws {
        let findings = try MadeStream {
            var packet = $0
            if packet.kind == .video, packet.second == 2 { packet.pts = packet.pts.map { $0 - .milliseconds(80) } }
            return packet
        }.findings()
        let found = try #require(findings["dts_after_pts"])
        #expect(found.severity == .fail && found.number("excess_ms") == 80)
        #expect(findings["timestamp_rollback"] == nil)
    }

    @Test func picturesWithoutDTS_areNotDisordered() throws {
        // Decoding order of an I-P-B-B pattern, as transport streams over RTP tell it.
        let order: [Int64] = [0, 120, 40, 80]
        var observer = TimelineObserver(isLive: true)
        for index in 0..<100 {
            var packet = MadeStream.picture(index, isKeyframe: false, bytes: 100)
            packet.dts = nil
            packet.pts = MadeStream.picture(index / 4 * 4, isKeyframe: false, bytes: 100).pts.map {
                $0 + .milliseconds(Double(order[index % 4]))
            }
            _ = observer.add(packet)
        }
        #expect(observer.rollbacks.count == 0 && observer.repeats.count == 0 && observer.jumps.count == 0)
        #expect((observer.covered.seconds - 3.96).magnitude < 0.05)
    }

    @Test func aSlideShow_hasRegularSteps() throws {
        var observer = TimelineObserver(isLive: true)
        for index in 0..<20 {
            var packet = MadeStream.picture(index * 50, isKeyframe: true, bytes: 100)
            packet.arrival = MadeStream.start + .seconds(Double(index) * 2)
            _ = observer.add(packet)
        }
        // Until the usual step is known, two seconds look like a gap.
        #expect(observer.jumps.count == 0)
        #expect(observer.gaps.count <= 3)
    }

    @Test func manyOccurrences_areCountedAndFewAreKept() throws {
        let findings = try MadeStream {
            $0.kind == .video && Int(($0.second * 25).rounded()) % 2 == 1
                ? $0.moved(stamps: .milliseconds(-40)) : $0
        }.findings()
        let found = try #require(findings["timestamp_repeat"])
        #expect(found.number("count") == 75 && found.severity == .warn)
        guard case .array(let places)? = found.evidence.first(where: { $0.name == "at_s" })?.value else {
            Issue.record("no places")
            return
        }
        #expect(places.count == TimelineObserver.Incidents.kept)
    }

    @Test func aCutThatTheSourceAnnounces_isNoJump() throws {
        var stream = MadeStream { $0.second < 3 ? $0 : $0.moved(stamps: .seconds(100)) }
        stream.insert(.fact(.cut), at: 2.99)
        let findings = try stream.findings()
        #expect(findings["timestamp_jump"] == nil)
        #expect(findings["timestamp_gap"] == nil)
    }
}
