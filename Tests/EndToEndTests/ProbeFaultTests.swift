import Model
import TestSupport
import Testing

// `sluice probe` of streams that are broken in one known way: the finding is there, by its code, with evidence,
// in JSON and in the report for people, and `--check` makes a status of what is severe.

@Suite(.inCrowd) struct ProbeFaultTests {
    @Test(arguments: PlantedFault.all) func fault(_ fault: PlantedFault) async throws {
        let tape = try await ProbeTapes.shared.tags(fault.tape)
        var stream = PlantedStream(tape)
        fault.plant(&stream, try await ProbeTapes.shared.tags(.wide))
        let planted = stream
        try expect(fault, try await Metronome.undisturbed { try await reports(of: planted, fault) })
    }

    /// Both reports at once: over HTTP each viewer has a stream of its own, over RTMP the same one.
    private func reports(of stream: PlantedStream, _ fault: PlantedFault) async throws -> Diagnosis.Pair {
        switch fault.road {
        case .httpFLV:
            let server = try stream.serve()
            return try await Diagnosis.both(server.url("live/cam.flv"), fault.seconds, fault.options)
        case .rtmp:
            let nginx = try await NginxRTMP.start()
            // Without waiting for a key frame, lest none ever comes; and the viewers are there from the start.
            let url = nginx.url("cam", application: "eager")
            async let reports = Diagnosis.both(url, fault.seconds, fault.options)
            #expect(await eventually(within: .seconds(10)) { nginx.players("cam") == 2 })
            let sender = try stream.publish(to: nginx, "cam", application: "eager")
            let pair = try await reports
            #expect(sender.problem == nil)
            return pair
        }
    }

    /// What is asserted about every fault.
    private func expect(_ fault: PlantedFault, _ reports: Diagnosis.Pair) throws {
        let json = try Diagnosis(reports.json)
        let finding = try #require(
            json.findings.first { $0.code == fault.code },
            "found: \(json.summary) \(reports.json.errors)")
        #expect(finding.severity == fault.severity, "\(finding)")
        #expect(finding.hasEvidence, "\(finding)")
        #expect(finding.message.count > 10)
        #expect(
            json.verdict == ["info": "PASS", "warn": "WARN", "fail": "FAIL"][fault.severity], "\(json.summary)")
        let others = Set(json.serious.map(\.code)).subtracting([fault.code]).subtracting(fault.along)
        #expect(others.isEmpty, "nothing else is wrong with this stream: \(json.summary)")
        #expect(reports.text.text.contains(fault.code), "\(reports.text.text)")
        let isSevere = fault.severity == "fail"
        for run in [reports.json, reports.text] {
            #expect(run.status == (isSevere ? 3 : 0), "\(run.errors)")
            if isSevere { #expect(run.errorLines.count == 1 && run.errors.contains(fault.code), "\(run.errors)") }
        }
        if isSevere {
            #expect(reports.json.error?["reason"]?.string == "verdict_fail")
            #expect(reports.json.error?["exit"]?.int == 3)
        }
    }

    /// Without a fault, the way through the lab leaves none.
    @Test(arguments: [PlantedFault.Road.httpFLV, .rtmp], [ProbeTapes.Kind.plain, .bFrames])
    func noFault(_ road: PlantedFault.Road, _ kind: ProbeTapes.Kind) async throws {
        let stream = PlantedStream(try await ProbeTapes.shared.tags(kind))
        let reports = try await Metronome.undisturbed {
            switch road {
            case .httpFLV:
                let server = try stream.serve()
                return try await Diagnosis.both(server.url("live/cam.flv"), 5)
            case .rtmp:
                let nginx = try await NginxRTMP.start()
                let sender = try stream.publish(to: nginx, "cam")
                #expect(await nginx.waitForPublisher("cam"))
                let pair = try await Diagnosis.both(nginx.url("cam"), 5)
                #expect(sender.problem == nil)
                return pair
            }
        }
        let json = try Diagnosis(reports.json)
        #expect(json.serious.isEmpty, "\(json.summary)")
        #expect(json.verdict == "PASS")
        #expect(reports.json.status == 0 && reports.text.status == 0)
        #expect(reports.text.text.contains("PASS"))
    }
}
