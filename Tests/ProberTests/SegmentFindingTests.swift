// What playlists promise and keep, and what the report says of them.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct SegmentFindingTests {
    private static let hls = SourceDescription(transport: "hls", isLive: true, isSegmented: true)

    private func facts(
        target: Double = 2, segments: [Double] = [2, 2, 2], cuts: Int = 0, edge: Double? = 0.5, isNew: Bool = true,
        isEnded: Bool = false
    ) -> SourceEvent {
        .fact(
            .playlist(
                PlaylistFacts(
                    targetDuration: .seconds(target), segmentDurations: segments.map(Span.seconds),
                    discontinuities: cuts, isEnded: isEnded, edgeAge: edge.map(Span.seconds), isNew: isNew)))
    }

    private func findings(_ lists: [(Double, SourceEvent)], seconds: Double = 8) throws -> [Finding] {
        var stream = MadeStream(seconds: seconds, description: Self.hls)
        for (time, event) in lists { stream.insert(event, at: time) }
        return try stream.findings()
    }

    private var clean: [(Double, SourceEvent)] { stride(from: 0, to: 8, by: 2).map { ($0, facts()) } }

    @Test func aCleanList() throws { #expect(try findings(clean).isEmpty) }

    @Test func aListThatStands() throws {
        let old = facts(isNew: false)
        #expect(
            try findings([(0, facts()), (2, old), (4.5, old), (5, facts())])["playlist_stall"]?.severity == .warn)
        #expect(try findings([(0, facts()), (2, old), (4, old)], seconds: 9)["playlist_stall"]?.severity == .fail)
        #expect(try findings([(0, facts(isEnded: true))])["playlist_stall"] == nil)
    }

    @Test func aListThatStands_isAStall() throws {
        var stream = MadeStream(seconds: 8, description: Self.hls)
        stream.insert(facts())
        #expect(try stream.report().event["stalls"] == .int(1))
        var fine = MadeStream(seconds: 8, description: Self.hls)
        for (time, event) in clean { fine.insert(event, at: time) }
        #expect(try fine.report().event["stalls"] == .int(0))
    }

    @Test func segmentsAboveTheTarget() throws {
        #expect(
            try findings(clean + [(1, facts(segments: [2, 3.2]))])["segment_too_long"]?.number("segment_s") == 3.2)
        // Rounded, as the specification compares.
        #expect(try findings(clean + [(1, facts(segments: [2, 2.4]))])["segment_too_long"] == nil)
    }

    @Test func anOldEdge() throws {
        let old = stride(from: 0.0, to: 8, by: 2).map { ($0, facts(edge: 30)) }
        #expect(try findings(old)["stale_edge"]?.number("edge_age_ms") == 30000)
        #expect(try findings(old + [(1, facts(edge: 3))])["stale_edge"] == nil)
    }

    @Test func cuts() throws {
        #expect(
            try findings(clean + [(1, facts(cuts: 2))] + [(7, facts(cuts: 2))])["discontinuity"]?.severity == .info)
    }

    @Test func theReportHasThem() throws {
        var stream = MadeStream(seconds: 8, description: Self.hls)
        for (time, event) in clean { stream.insert(event, at: time) }
        stream.insert(
            .fact(.variants([VariantFacts(bandwidth: 2_500_000, width: 1280, height: 720, codecs: "avc1.64001f")])))
        let report = try stream.report()
        guard case .object(let fields)? = report.event["hls"] else {
            Issue.record("no hls: \(report.event)")
            return
        }
        #expect(fields.first { $0.name == "target_duration_s" }?.value == .number(2))
        #expect(fields.first { $0.name == "edge_age_ms" }?.value == .number(500))
        #expect(
            report.lines.contains { $0.contains("variant") && $0.contains("1280x720, 2.5 Mbit/s, avc1.64001f") })
        #expect(report.lines.contains { $0.contains("target duration 2 s") && $0.contains("segments of 2 s") })
        // Segments say nothing about the jitter of packets.
        #expect(report.event["jitter_ms"] == .null)
    }
}
