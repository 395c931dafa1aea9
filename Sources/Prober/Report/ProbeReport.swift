// What a probe found out, for people and for scripts.
public import Model

/// The outcome of one probe.
public struct ProbeReport: Sendable {
    public var findings: [Finding]
    public var verdict: Verdict
    /// The result line of `--json`.
    public var event: Event
    /// The report for people, without line ends.
    public var lines: [String]
    /// One line: the verdict and what led to it.
    public var summary: String
    /// Present when `--check` or `--expect` was asked for and the verdict is FAIL (`verdict_fail`); else what broke
    /// the stream off while it was observed.
    public var failure: SluiceError?
    /// The delay from capture to arrival, in the median; nil where it was not asked for or cannot be told.
    public var latencyP50: Span?

    /// The result of a probe that never began: everything is unknown.
    public static var empty: ProbeReport {
        ProbeReport(Measurements(url: ""), HLSValues?.none, findings: [], verdict: nil)
    }

    init(
        _ measured: Measurements, _ hls: HLSValues?, findings: [Finding], verdict: Verdict?,
        failure: SluiceError? = nil
    ) {
        self.findings = findings
        self.verdict = verdict ?? .fail
        self.failure = failure
        latencyP50 = measured.latency?.p50
        event = Event("result", ReportFields.of(measured, hls, findings: findings, verdict: verdict))
        summary = ReportLines.summary(findings, self.verdict)
        lines = ReportLines.of(measured, hls, findings: findings, verdict: self.verdict)
    }

    /// Judges an observation.
    init(_ observation: StreamObservation, settings: ProbeSettings, began: HostTime, now: HostTime) {
        let measured = Measurements(observation, settings: settings, began: began, now: now)
        let findings = FindingList.of(
            observation, measured, asked: settings.observation, expectations: settings.expectations, now: now)
        let verdict = Verdict(findings)
        var failure: SluiceError?
        if settings.checks || !settings.expectations.isEmpty, verdict == .fail, let first = findings.first {
            failure = SluiceError(
                .verdictFail, "\(settings.source) failed the check", why: "\(first.code): \(first.message)")
        } else if let error = observation.endError, observation.packets > 0 {
            failure = error.midStream()
        }
        self.init(
            measured, HLSValues(observation.facts), findings: findings, verdict: verdict, failure: failure)
    }
}

extension ProbeSettings {
    /// How long is observed; nil: until the headers and the first key frame are known.
    var observation: Span? {
        if let duration { return duration }
        if follows { return nil }
        return measuresLatency || isLoopback || checks || !expectations.isEmpty ? .seconds(5) : nil
    }
}
