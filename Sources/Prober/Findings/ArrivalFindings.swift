// How media arrive: stalls, jitter, sound beside picture, drift.
import Model

enum ArrivalFindings {
    /// What a buffer of a second rides out.
    static let buffer = Span.seconds(1)
    /// A stall that empties even the buffers of relaxed players.
    static let longStall = Span.seconds(3)
    static let wideInterleave = Span.milliseconds(500)
    /// Players wait for the later track up to about here.
    static let widestInterleave = Span.seconds(3)
    /// Sound and picture 45 ms apart are noticed (ITU-R BT.1359); less than 60 is in the noise of interleaving.
    static let drift = Span.milliseconds(60)

    static func of(_ observation: StreamObservation, _ measured: Measurements) -> [Finding] {
        stalls(observation) + jitter(measured) + interleave(observation) + drift(observation.interleave)
            + interruptions(observation)
    }

    private static func stalls(_ observation: StreamObservation) -> [Finding] {
        let stalls = observation.stalls
        guard stalls.count > 0, let longest = stalls.longest else { return [] }
        return [
            Finding(
                longest.length >= longStall ? .fail : .warn, "stall",
                "nothing arrives for \(Words.length(longest.length))"
                    + (stalls.count > 1 ? ", \(stalls.count) stalls in all" : ""),
                [
                    .init("count", .int(stalls.count)), .init("longest_ms", .number(longest.length.milliseconds)),
                    .init("total_ms", .number(stalls.total.milliseconds)),
                    .init("at_s", .array(stalls.examples.map { Words.seconds($0.at) })),
                ])
        ]
    }

    private static func jitter(_ measured: Measurements) -> [Finding] {
        guard let jitter = measured.jitter, jitter.most > buffer else { return [] }
        return [
            Finding(
                jitter.p95 > buffer ? .fail : .warn, "jitter",
                "media arrive up to \(Words.length(jitter.most)) late: a buffer of 1 s runs empty",
                [
                    .init("p95_ms", .number(jitter.p95.milliseconds)),
                    .init("p99_ms", .number(jitter.p99.milliseconds)),
                    .init("max_ms", .number(jitter.most.milliseconds)), .init("at_s", Words.seconds(jitter.mostAt)),
                ])
        ]
    }

    private static func interleave(_ observation: StreamObservation) -> [Finding] {
        guard let median = observation.interleave.median, median.magnitude > wideInterleave else { return [] }
        return [
            Finding(
                median.magnitude > widestInterleave ? .fail : .warn, "interleave",
                "sound arrives \(Words.length(median.magnitude)) \(median > .zero ? "ahead of" : "behind") the picture",
                [
                    .init("interleave_ms", .number(median.milliseconds)),
                    .init("at_s", Words.seconds(observation.video?.timeline.first)),
                ])
        ]
    }

    private static func drift(_ interleave: InterleaveObserver) -> [Finding] {
        guard let drift = interleave.drift, drift.isSteady,
            drift.total.magnitude >= max(Self.drift, drift.noise * 4)
        else {
            return []
        }
        let rate = Words.decimal(drift.perSecond.milliseconds.magnitude, 1)
        return [
            Finding(
                .warn, "av_drift",
                "sound and picture drift apart, \(rate) ms each second: sound runs "
                    + (drift.total > .zero ? "ahead" : "behind"),
                [
                    .init("drift_ms", .number(drift.total.milliseconds)),
                    .init("drift_ms_per_s", .number(drift.perSecond.milliseconds)),
                    .init("noise_ms", .number(drift.noise.milliseconds)),
                    .init("from_s", .number(drift.from.seconds)), .init("length_s", .number(drift.length.seconds)),
                ])
        ]
    }

    private static func interruptions(_ observation: StreamObservation) -> [Finding] {
        guard let worst = observation.interruptions.max(by: { $0.gap < $1.gap }) else { return [] }
        let count = observation.interruptions.count
        return [
            Finding(
                .fail, "interrupted",
                "the connection broke \(Words.times(count)), for up to \(Words.length(worst.gap))",
                [
                    .init("count", .int(count)), .init("longest_ms", .number(worst.gap.milliseconds)),
                    .init("at_s", .array(observation.interruptions.prefix(5).map { Words.seconds($0.at) })),
                ])
        ]
    }
}
