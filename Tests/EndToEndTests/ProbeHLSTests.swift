import Model
import TestSupport
import Testing

// `sluice probe` of HLS: what is wrong with a playlist, and the delay that its dates tell.

@Suite(.inCrowd) struct ProbeHLSTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: String
        var severity: String
        /// Findings that come along with it by necessity.
        var along: Set<String> = []
        var lab: HLSLab
    }

    static let faults: [Fault] = [
        .init(
            testDescription: "segments above the target duration", code: "segment_too_long", severity: "warn",
            // Nothing new for as long as a segment lasts.
            along: ["playlist_stall"], lab: HLSLab(length: 2, target: 1)),
        .init(
            testDescription: "an edge that does not move", code: "playlist_stall", severity: "fail",
            lab: HLSLab(frozenAfter: .seconds(1))),
        .init(
            testDescription: "an edge that is a minute old", code: "stale_edge", severity: "warn",
            lab: HLSLab(lag: .seconds(60))),
        .init(
            testDescription: "discontinuities", code: "discontinuity", severity: "info",
            lab: HLSLab(cutEvery: 2)),
    ]

    @Test(arguments: faults) func fault(_ fault: Fault) async throws {
        let reports = try await Metronome.undisturbed {
            let server = try await fault.lab.serve()
            return try await Diagnosis.both(server.url("live.m3u8"), 6)
        }
        let json = try Diagnosis(reports.json)
        let finding = try #require(json.findings.first { $0.code == fault.code }, "\(json.summary)")
        #expect(finding.severity == fault.severity && finding.hasEvidence, "\(finding)")
        #expect(
            Set(json.serious.map(\.code)).subtracting([fault.code]).subtracting(fault.along).isEmpty,
            "\(json.summary)")
        #expect(reports.text.text.contains(fault.code), "\(reports.text.text)")
        let status: Int32 = fault.severity == "fail" ? 3 : 0
        #expect(reports.json.status == status && reports.text.status == status, "\(reports.json.errors)")
    }

    @Test func noFault() async throws {
        let report = try await Metronome.undisturbed {
            let server = try await HLSLab().serve()
            return try await Diagnosis.of(server.url("live.m3u8"), 6)
        }
        #expect(report.serious.isEmpty && report.verdict == "PASS", "\(report.summary)")
        #expect(report.result["protocol"]?.string == "hls")
        #expect(report.result["stalls"]?.int == 0)
    }

    /// Two streams, alike but for what their dates say: the one that is three seconds later is told to be.
    @Test func programDate_tellsTheDelay() async throws {
        let labs = [HLSLab(lag: .seconds(2)), HLSLab(lag: .seconds(5))]
        let servers = [try await labs[0].serve(), try await labs[1].serve()]
        async let first = Diagnosis.of(servers[0].url("live.m3u8"), 6, ["--latency"])
        async let second = Diagnosis.of(servers[1].url("live.m3u8"), 6, ["--latency"])
        let found = try await [first, second].map { try #require($0.result["latency_ms"]) }
        for (latency, lag) in zip(found, [2_000.0, 5_000]) {
            #expect(latency["method"]?.string == "program_date_time", "\(latency)")
            let middle = try #require(latency["p50"]?.number)
            // A picture waits for the end of its segment, on average half its length, and for the next request.
            #expect(middle > lag + 300 && middle < lag + 2_000, "\(latency)")
            #expect((latency["error_ms"]?.number ?? 0) > 0)
            #expect((latency["p95"]?.number ?? 0) >= middle && (latency["p99"]?.number ?? 0) >= middle)
        }
        let difference = (found[1]["p50"]?.number ?? 0) - (found[0]["p50"]?.number ?? 0)
        #expect(abs(difference - 3_000) < 700, "\(difference) ms")
    }
}
