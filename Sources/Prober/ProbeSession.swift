// `probe`: opens a source, observes it for as long as is needed, and judges it. The work is in
// StreamObservation (what is seen), ObservationEnd (when it is enough) and FindingList (what it means).
import Intake
import Media
public import Model

/// One probe. Runs on the caller's thread, which waits for the source's events and for nothing else.
public final class ProbeSession {
    private let settings: ProbeSettings
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private let end: ObservationEnd
    private let began = HostTime.now()
    private var observation = StreamObservation()
    private var filter: TrackFilter
    private var status = FollowStatus()
    private var nextStatus: HostTime?
    private var lastMedia: HostTime?

    /// - Parameter cancel: Ends the observation; what was seen until then is reported.
    public init(settings: ProbeSettings, reporter: any Reporter, cancel: CancelFlag) {
        self.settings = settings
        self.reporter = reporter
        self.cancel = cancel
        filter = TrackFilter(settings.options)
        end = ObservationEnd(duration: settings.observation, follows: settings.follows)
    }

    /// Observes and judges. Ends by itself unless `--follow` has no duration.
    /// - Throws: What kept the stream from beginning: nothing there (`not_live`), refused, unreachable, …
    public func run() throws(SluiceError) -> ProbeReport {
        FFmpegLog.install(reporter)
        var sourceSettings = SourceSettings(address: settings.source, options: settings.options)
        sourceSettings.verb = "probe"
        sourceSettings.reconnect = settings.reconnect
        sourceSettings.wantsFacts = true
        let source = Source(sourceSettings, cancel: cancel)
        defer { source.close() }
        try observe(source)
        let now = HostTime.now()
        observation.finish(at: now)
        if observation.packets == 0 {
            if let error = observation.endError, !cancel.isSet { throw error }
            guard cancel.isSet else { throw nothingCame() }
            let measured = Measurements(observation, settings: settings, began: began, now: now)
            return ProbeReport(measured, HLSValues(observation.facts), findings: [], verdict: nil)
        }
        // What the stop itself broke is no finding.
        return ProbeReport(observation, settings: settings, began: began, now: now)
    }

    private func observe(_ source: Source) throws(SluiceError) {
        if settings.follows { nextStatus = .now() + .seconds(1) }
        while !cancel.isSet {
            let now = HostTime.now()
            report(now)
            guard case .wait(let moment) = end.step(observation, now: now) else { return }
            let silence = silenceEnd
            if let silence, now >= silence { return try fallSilent() }
            let deadline = [moment, silence, nextStatus].compactMap { $0 }.min()
            guard let event = source.next(until: deadline) else {
                if source.isFinished { return }
                continue
            }
            take(event)
        }
    }

    private func take(_ event: SourceEvent) {
        let now = HostTime.now()
        if case .end = event, cancel.isSet { return }
        guard let event = filter.pass(event) else { return }
        switch event {
        case .packet(let packet):
            lastMedia = now
            if settings.follows { status.add(packet) }
        case .note(let text): reporter.log(.info, text)
        case .opened(let description) where settings.source.isNetwork:
            reporter.log(
                .info,
                "connected: "
                    + ([description.transport, description.server].compactMap { $0 }).joined(separator: ", "))
        case .interrupted(let error, _, let pause):
            reporter.log(.notice, "\(error.why): next try in \(Words.length(pause))")
        default: break
        }
        observation.take(
            event, now: now,
            toWall: Span(nanoseconds: WallTime.now().nanoseconds &- now.nanoseconds))
    }

    private func report(_ now: HostTime) {
        guard let due = nextStatus, now >= due else { return }
        // Seconds that were slept through are not made up for.
        nextStatus = max(due + .seconds(1), now + .milliseconds(500))
        guard observation.packets > 0 else { return }
        let measured = Measurements(observation, settings: settings, began: began, now: now)
        let findings = FindingList.of(observation, measured, asked: nil, expectations: [], now: now)
        reporter.report(status.event(observation, measured, findings: findings, now: now))
    }

    // MARK: Silence

    /// The source bounds its own waits; this is for what it cannot see: standard input that stands still, a
    /// server that talks but sends no media. nil: for ever, as asked for, or the source itself waits.
    private var silenceEnd: HostTime? {
        guard let limit = settings.options.silenceTimeout else { return nil }
        let segment = observation.facts.playlist?.latest.targetDuration ?? .zero
        let patience = max(limit, segment * 3) + .seconds(2)
        if let lastMedia { return lastMedia + patience }
        return settings.reconnect.wait == nil ? began + patience + (settings.options.connectTimeout ?? .zero) : nil
    }

    private func fallSilent() throws(SluiceError) {
        let error = SluiceError(
            .connectionLost, "cannot probe \(settings.source)",
            why: "nothing came for \(Words.length(settings.options.silenceTimeout ?? .zero))", isMidStream: true)
        guard observation.packets > 0 else { throw nothingCame() }
        observation.take(.end(error), now: .now(), toWall: .zero)
    }

    private func nothingCame() -> SluiceError {
        if filter.isMissing {
            return SluiceError(
                .noMedia, "cannot probe \(settings.source)", why: "it has none of the tracks that were asked for",
                hint: "leave out --video-track or --audio-track")
        }
        let reason: Reason = settings.source.isNetwork && observation.isLive ? .notLive : .noMedia
        return SluiceError(
            reason, "cannot probe \(settings.source)",
            why: reason == .notLive
                ? "the stream is not live: no media came" : "there is neither picture nor sound in it")
    }
}
