// Whether the measured delay can be believed.
import Model

enum LatencyFindings {
    /// No live stream is later than this; its marks come from another clock or another day. Delays are counted up
    /// to ten minutes.
    static let absurd = Span.seconds(599)

    static func of(_ measured: Measurements) -> [Finding] {
        guard let latency = measured.latency else {
            guard measured.wantsLatency else { return [] }
            let why = measured.isLive ? "too little of it was seen" : "it does not come live"
            return [
                Finding(
                    .info, "latency_unknown", "the delay of this stream cannot be told: \(why)",
                    [.init("observed_s", .number(measured.observed.seconds))])
            ]
        }
        if latency.method == .excess {
            return [
                Finding(
                    .info, "latency_relative",
                    "nothing in the stream tells when it was captured: the delay is the excess over the best seen",
                    [.init("samples", .int(latency.samples))])
            ]
        }
        let evidence: [JSONValue.Field] = [
            .init("p50_ms", .number(latency.p50.milliseconds)), .init("p99_ms", .number(latency.p99.milliseconds)),
            .init("samples", .int(latency.samples)),
        ]
        // A clock that is set in milliseconds may be one behind.
        if latency.p50 < -max(latency.error ?? .zero, .milliseconds(2)) {
            return [
                Finding(
                    .warn, "foreign_clock",
                    "the stream's clock is ahead of this machine's by at least \(Words.length(latency.p50.magnitude)): "
                        + "the delay cannot be trusted",
                    evidence)
            ]
        }
        if latency.p50 > absurd {
            return [
                Finding(
                    .warn, "foreign_clock",
                    "the stream's marks are ten minutes old or more: they are not of this clock", evidence)
            ]
        }
        guard latency.clock == .unknown else { return [] }
        return [
            Finding(
                .info, "clock_unknown",
                "the marks are of another machine's clock: the delay is as wrong as the two clocks are apart",
                evidence)
        ]
    }
}
