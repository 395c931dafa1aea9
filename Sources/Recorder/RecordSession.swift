// One `record` from the first byte to the last closed file: reads the source, chooses its tracks, keeps the time.
import Intake
import Media
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Create and run it on one thread; `run` blocks until the recording is over and its files are closed.
public final class RecordSession {
    private let settings: RecordSettings
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private var recording: Recording?
    private var description: SourceDescription?
    private var announced: [Track] = []
    private var choice: TrackChoice
    private var limit: RecordLimit
    private var reconnects = 0
    private var isConnected = false
    private var hasKeyframe = false
    private var lost = 0

    /// What may wait for a slow disk: more than a minute at 8 Mbit/s.
    private static let waitingBytes = 64 << 20
    /// How often a stream that stands still is looked after.
    private static let tick = Span.milliseconds(200)
    /// How long a live stream waits in the queue, and before that in its socket. A packet is in the file 0.7 s after
    /// it came at the latest: the rest in the socket, the 0.4 s of a fragment, in which is that in the queue, and one
    /// more before its age is looked at. A second may be lost.
    private static let rest = Span.milliseconds(150)
    /// The same for what comes faster than it plays: a server that sends all it has must not fill the queue meanwhile.
    private static let shortRest = Span.milliseconds(5)
    /// After so many events the clock is looked at, whatever still waits. No stream plays as many in one rest.
    private static let handful = 128

    /// - Parameter cancel: Set from outside: end cleanly.
    public init(settings: RecordSettings, reporter: any Reporter, cancel: CancelFlag) {
        self.settings = settings
        self.reporter = reporter
        self.cancel = cancel
        choice = TrackChoice(settings.options)
        limit = RecordLimit(settings.duration)
    }

    /// Records until the end.
    /// - Throws: What kept the recording from beginning. What ends it later is in the result.
    public func run() throws(SluiceError) -> RecordResult {
        FFmpegLog.install(reporter)
        // A limit on the size of files (ulimit -f) is a full disk like any other, not a reason to be killed.
        signal(SIGXFSZ, SIG_IGN)
        try repairLeftovers()
        var source = SourceSettings(address: settings.source, options: settings.options)
        source.verb = "record"
        source.reconnect = settings.reconnect
        source.wantsFacts = true
        source.liveBytes = Self.waitingBytes
        source.readPause = Self.rest
        let input = Source(source, cancel: cancel)
        defer { input.close() }
        var failure: SluiceError?
        var end = EndedBy.endOfInput
        do throws(SluiceError) {
            end = try read(input)
        } catch {
            failure = error
        }
        input.close()
        do throws(SluiceError) { try recording?.finish() } catch { failure = failure ?? error }
        // A reader that closes its end of our output wants no more; that is no error.
        if settings.output == .standardOutput, let code = failure?.code, code.magnitude == UInt(EPIPE) {
            return RecordResult(endedBy: .endOfInput)
        }
        return try result(end, failure)
    }

    /// What an earlier recorder left open in this directory is closed first: it may be what fills the disk.
    private func repairLeftovers() throws(SluiceError) {
        guard case .template(let template) = settings.output else { return }
        let naming = try FileNaming(
            template: template, name: FileNaming.name(of: settings.source), format: settings.resolvedFormat)
        guard FilePlacement.isDirectory(naming.directory) else { return }
        do throws(SluiceError) {
            let done = try Repair.run(directory: naming.directory, rewritesClosed: false, reporter: reporter)
            if !done.files.isEmpty {
                reporter.log(.notice, "closed \(done.files.count) recordings that were left open")
            }
        } catch {
            reporter.log(.warning, error.description)
        }
    }

    // MARK: Reading

    /// A live stream is taken in handfuls: all that has come, then a rest. Woken for each packet, here and by the
    /// socket, 20 s of a stream of 73 packets a second took 0.34 s of processor time instead of 0.18 (bench.py record-cpu).
    private func read(_ input: Source) throws(SluiceError) -> EndedBy {
        let rest = CancellableWait(cancel)
        var nextStatus = HostTime.now() + .seconds(1)
        var isBusy = false
        while true {
            let deadline = min(nextStatus, .now() + Self.tick)
            var taken = 0
            while taken < Self.handful, let event = input.next(until: isLive ? .zero : deadline) {
                if let end = try take(event) { return end }
                taken += 1
            }
            let now = HostTime.now()
            try recording?.tick(now: now)
            if now >= nextStatus {
                // After a stop of the process there is one line, not one for each second that it slept.
                nextStatus = max(nextStatus + .seconds(1), now)
                report(at: now)
            }
            if limit.isPassed(at: now) { return .duration }
            if taken == Self.handful {
                isBusy = true
                continue
            }
            if cancel.isSet || input.isFinished { return cancel.isSet ? .signal : .endOfInput }
            if isLive { rest.wait(until: now + (isBusy ? Self.shortRest : Self.rest)) }
            isBusy = false
        }
    }

    private var isLive: Bool { description?.isLive ?? false }

    private func take(_ event: SourceEvent) throws(SluiceError) -> EndedBy? {
        switch event {
        case .opened(let description): try open(description)
        case .tracks(let tracks):
            announced = tracks
            try recording?.begin(tracks: choice.choose(tracks))
        case .packet(let packet): return try keep(packet) ? nil : .duration
        case .discontinuity: break
        case .note(let text): reporter.log(.info, text)
        case .fact(.lostHere(let packets)): lost += packets
        case .fact: break
        case .interrupted(let error, let attempt, let pause): try interrupted(error, attempt, pause)
        case .resumed(_, let gap):
            recording?.resumed(gap: gap)
            reporter.report(Event("resumed", [.init("gap_s", .number(gap.seconds))]))
        case .end(let error):
            if let error, !cancel.isSet { throw error }
            return cancel.isSet ? .signal : .endOfInput
        }
        return nil
    }

    private func open(_ description: SourceDescription) throws(SluiceError) {
        self.description = description
        if !isConnected { reporter.report(ServiceEvent.playConnected.event()) }
        isConnected = true
        guard recording == nil else { return }
        limit.isLive = description.isLive
        recording = try Recording(settings, isLive: description.isLive, reporter: reporter)
    }

    private func interrupted(_ error: SluiceError, _ attempt: Int, _ pause: Span) throws(SluiceError) {
        if attempt == 1 {
            reconnects += 1
            try recording?.interrupted(error)
        }
        isConnected = false
        reporter.report(
            ServiceEvent.playReconnecting.event([
                .init("attempt", .int(attempt)), .init("pause_s", .number(pause.seconds)),
                .init("reason", .string(error.reason.rawValue)),
            ]))
        reporter.log(attempt == 1 ? .notice : .info, "\(error.description); trying again")
    }

    /// False once the wanted length is reached.
    private func keep(_ packet: Packet) throws(SluiceError) -> Bool {
        guard choice.contains(packet.track) else { return true }
        switch limit.admit(packet) {
        case .keep: break
        case .leaveOut: return true
        case .over: return false
        }
        if !hasKeyframe, packet.kind == .video, packet.isKeyframe {
            hasKeyframe = true
            reporter.report(ServiceEvent.firstKeyframe.event())
        }
        try recording?.write(packet)
        return true
    }

    // MARK: Telling

    private func report(at now: HostTime) {
        guard let recording else { return }
        var numbers = recording.statistics
        reporter.report(
            Event(
                "status",
                [
                    .init("time_s", .number(numbers.mediaSpan.seconds)),
                    .init("bytes", .int(Int(recording.bytes))),
                    .init("net_kbps", .number(numbers.kbps(at: now))),
                    .init("fps", .number(numbers.framesPerSecond(at: now))),
                    .init("file", .optional(recording.currentPath)),
                    .init("file_s", .number(recording.segmentDuration.seconds)),
                    .init("reconnects", .int(reconnects)),
                    .init("lost_packets", .int(lost)),
                ]))
    }

    private func result(_ end: EndedBy, _ failure: SluiceError?) throws(SluiceError) -> RecordResult {
        let isEmpty = recording.map { $0.statistics.videoPackets + $0.statistics.audioPackets == 0 } ?? true
        if let failure, isEmpty, !cancel.isSet { throw failure }
        if isEmpty, !cancel.isSet, end == .endOfInput {
            let pictures = recording?.undecodablePackets ?? 0
            throw SluiceError(
                .noMedia, "cannot record \(settings.source)",
                why: pictures > 0 ? "no key frame came in \(pictures) pictures" : "no packet came")
        }
        var result =
            if let failure, !cancel.isSet || failure.reason == .noSpace {
                RecordResult(endedBy: .error, error: failure)
            } else {
                RecordResult(endedBy: cancel.isSet && end != .duration ? .signal : end)
            }
        if let recording {
            result.files = recording.files
            result.gaps = recording.gaps
            result.duration = recording.statistics.mediaSpan
            // Closing a file changes its size a little; standard output has no file.
            result.bytes = result.files.isEmpty ? recording.bytes : result.files.reduce(0) { $0 + $1.bytes }
            if recording.undecodablePackets > 0 {
                reporter.log(
                    .info, "\(recording.undecodablePackets) pictures before the first key frame are not recorded")
            }
            if recording.refusedPackets > 0 {
                reporter.log(.warning, "the container did not take \(recording.refusedPackets) packets")
            }
        }
        if lost > 0 { reporter.log(.warning, "\(lost) packets are lost: the disk was too slow") }
        return result
    }
}
