// All findings of a probe, the worst first.
import Model

enum FindingList {
    /// - Parameters:
    ///   - asked: How long was to be observed; nil: until the first key frame only.
    ///   - now: The end of the observation, or now while it goes on.
    static func of(
        _ observation: StreamObservation, _ measured: Measurements, asked: Span?, expectations: [Expectation],
        now: HostTime
    ) -> [Finding] {
        var found = ExpectationCheck.findings(expectations, measured)
        found += session(observation, measured, asked: asked)
        found += HeaderFindings.of(observation, measured)
        found += TimelineFindings.of(observation)
        found += ArrivalFindings.of(observation, measured)
        found += PictureFindings.of(observation, measured)
        found += RateFindings.of(observation)
        found += SegmentFindings.of(observation, now: now)
        found += LatencyFindings.of(measured)
        // An expectation of the verdict needs the verdict.
        found += ExpectationCheck.verdictFindings(expectations, Verdict(found))
        return found.enumerated().sorted {
            $0.element.severity == $1.element.severity
                ? $0.offset < $1.offset : $0.element.severity > $1.element.severity
        }.map(\.element)
    }

    private static func session(
        _ observation: StreamObservation, _ measured: Measurements, asked: Span?
    ) -> [Finding] {
        var found: [Finding] = []
        if let error = observation.endError, observation.packets > 0 {
            found.append(
                Finding(
                    .fail, "connection_lost", "the stream breaks off: \(error.why)",
                    [
                        .init("reason", .string(error.reason.rawValue)),
                        .init("observed_s", .number(measured.observed.seconds)),
                        .init("at_s", Words.seconds((observation.video ?? observation.audio)?.timeline.last)),
                    ]))
        } else if let asked, observation.hasEnded, measured.isLive, measured.observed < asked - .milliseconds(500) {
            found.append(
                Finding(
                    .info, "ended", "the stream ends after \(Words.length(measured.observed))",
                    [.init("observed_s", .number(measured.observed.seconds))]))
        }
        if observation.facts.lostHere > 0 {
            found.append(
                Finding(
                    .info, "slow_reader",
                    "this machine was too slow to read everything: packets lost here: \(observation.facts.lostHere)",
                    [.init("packets", .int(observation.facts.lostHere))]))
        }
        if measured.isShort {
            found.append(
                Finding(
                    .info, "short_observation",
                    asked == nil
                        ? "looked only until the first key frame: rates, regularity and arrival are not judged"
                        : "\(Words.length(measured.observed)) are too short to judge rates, regularity and arrival",
                    [.init("observed_s", .number(measured.observed.seconds))]))
        }
        return found
    }
}
