// `stream-start`: from a name to addresses that play. Everything between the look at what runs and the last line in
// the registry happens under the lock, so that two starts at the same moment share one origin, and a name starts once.
public import Model
import Origin

public struct ChannelStart {
    /// Between a stop and the next start (service code 40000500).
    static let pauseAfterStop = Span.seconds(3)
    /// How long the id of a stream that has ended is kept.
    static let retention = Span.seconds(3600)

    let settings: ChannelStartSettings
    private let reporter: any Reporter
    let cancel: CancelFlag
    let room: ChannelRoom

    public init(
        _ settings: ChannelStartSettings, reporter: any Reporter, cancel: CancelFlag
    ) throws(SluiceError) {
        self.settings = settings
        self.reporter = reporter
        self.cancel = cancel
        room = try ChannelRoom(settings.directory, lingers: settings.originLingers, cancel: cancel)
    }

    public func run() throws(SluiceError) -> StartedChannel {
        while true {
            switch try begin() {
            case .running(let channel): return channel
            case .tooSoon(let rest):
                guard !settings.noWait else { throw tooSoon(rest) }
                reporter.log(.info, "stopped a moment ago: waiting \(Int(rest.milliseconds.rounded(.up))) ms")
                guard CancellableWait(cancel).wait(until: .now() + rest) else { throw cancelled }
            case .begun(let record, let readiness):
                guard let readiness else { return started(record, .waiting) }
                return try awaitMedia(record, readiness)
            }
        }
    }

    private enum Beginning {
        case running(StartedChannel)
        case tooSoon(Span)
        case begun(ChannelRecord, ReadinessReader?)
    }

    // MARK: Under the lock

    private func begin() throws(SluiceError) -> Beginning {
        let lock = try room.lock()
        let census = try room.census()
        let known = census[settings.name]
        if let known, known.isRunning { return .running(try running(known)) }
        if let rest = known?.record.stoppedAt.map({ Self.pauseAfterStop - (WallTime.now() - $0) }),
            rest > .zero, rest <= Self.pauseAfterStop
        {
            return .tooSoon(rest)
        }
        guard census.runningCount < settings.quota else {
            throw SluiceError(
                .quota, "cannot start \(settings.name)",
                why: "\(census.runningCount) channels are running, and the quota is \(settings.quota)",
                hint: "stop one, or raise --quota", serviceCode: 20101)
        }
        if cancel.isSet { throw cancelled }
        var record = try prepared(known?.record, census)
        let origin = try open(&record)
        record.origin = origin.process
        record.addresses = Self.addresses(of: record.streamID, at: origin)
        record.state = .waiting
        // As exact as the registry keeps it: by this a start finds out whether the channel is still its own.
        record.startedAt = WallTime(milliseconds: WallTime.now().wholeMilliseconds)
        (record.endedAt, record.stoppedAt) = (nil, nil)
        record.totals = ChannelTotals()
        let readiness = try appoint(&record)
        try room.registry.save(record)
        _ = consume lock
        return .begun(record, readiness)
    }

    private func running(_ known: ChannelNow) throws(SluiceError) -> StartedChannel {
        if let origin = try room.registry.origin() { try OriginProcess.check(settings.ports, against: origin) }
        if let wanted = settings.streamID, wanted != known.record.streamID {
            throw SluiceError(
                .config, "--stream-id \(wanted)",
                why: "\(settings.name) is running with the stream id \(known.record.streamID)",
                hint: "stop it first")
        }
        var error: SluiceError?
        if !settings.reuse {
            error = SluiceError(
                .alreadyStreaming, "cannot start \(settings.name)", why: "this channel is already streaming",
                hint: "--reuse takes it as it is; 'sluice stream-stop \(settings.name)' stops it",
                serviceCode: 40_000_415)
        }
        return StartedChannel(
            report: ChannelReport(known.record, state: known.state), error: error, wasRunning: true,
            target: known.record.addresses?.publish ?? "")
    }

    /// The channel with the stream id that it is to have.
    private func prepared(_ known: ChannelRecord?, _ census: Census) throws(SluiceError) -> ChannelRecord {
        var record =
            known ?? ChannelRecord(name: settings.name, id: .make(), streamID: .make(for: settings.name))
        if let wanted = settings.streamID, wanted != record.streamID {
            if let other = try room.registry.owner(of: wanted), let theirs = census[other] {
                guard !theirs.isRunning else {
                    throw SluiceError(
                        .nameInUse, "--stream-id \(wanted)", why: "the channel \(other) is streaming with it")
                }
                try room.registry.update(other) { record in
                    record.streamID = .make(for: record.name)
                    return true
                }
            }
            record.streamID = wanted
            record.addresses = nil
        } else if settings.streamID == nil, let endedAt = record.endedAt, !Self.isKept(endedAt, at: .now()) {
            record.streamID = .make(for: settings.name)
            record.addresses = nil
        }
        return record
    }

    static func isKept(_ endedAt: WallTime, at now: WallTime) -> Bool { now - endedAt < retention }

    private func open(_ record: inout ChannelRecord) throws(SluiceError) -> OriginRecord {
        let kept = PortRequest(rtmp: record.addresses?.rtmpPort, http: record.addresses?.httpPort)
        let name = record.streamID.text
        // An origin that was about to end says so, and is followed by another.
        for _ in 0..<3 {
            let origin = try room.origin.ensure(settings.ports, kept: kept)
            // What a worker that was killed has left behind would be in the way of the new one.
            _ = room.close(record.streamID)
            if try room.origin.send(.open(name: name)) != nil { return origin }
        }
        throw SluiceError(
            .internal, "cannot start \(settings.name)", why: "the origin ends again and again",
            hint: "see \(settings.directory.originLog)")
    }

    /// Names who publishes, and starts it where it is a process in the background.
    private func appoint(_ record: inout ChannelRecord) throws(SluiceError) -> ReadinessReader? {
        record.hasWorker = true
        switch settings.publisher {
        case .anybody:
            record.hasWorker = false
            record.worker = nil
        case .foreground: record.worker = .current
        case .worker(let words, _):
            let worker = WorkerSettings(
                name: settings.name, directory: settings.directory, words: words,
                target: record.addresses?.publish ?? "")
            // Its first look into the registry must find the channel.
            record.worker = nil
            try room.registry.save(record)
            let (process, readiness) = try BackgroundProcess.start(
                ["worker", settings.name.text], settings: worker.json,
                log: settings.directory.log(of: settings.name))
            record.worker = process
            return readiness
        }
        return nil
    }

    private static func addresses(of id: StreamID, at origin: OriginRecord) -> ChannelAddresses {
        let application = OriginSettings().application
        let rtmp = "rtmp://\(origin.host):\(origin.rtmpPort)/\(application)/\(id)"
        let http = "http://\(origin.host):\(origin.httpPort)/\(application)/\(id)"
        return ChannelAddresses(
            publish: rtmp, rtmp: rtmp, flv: http + ".flv", hls: http + ".m3u8", rtmpPort: origin.rtmpPort,
            httpPort: origin.httpPort)
    }

    func started(_ record: ChannelRecord, _ state: ChannelState) -> StartedChannel {
        StartedChannel(
            report: ChannelReport(record, state: state), error: nil, wasRunning: false,
            target: record.addresses?.publish ?? "")
    }

    // MARK: Errors

    private func tooSoon(_ rest: Span) -> SluiceError {
        SluiceError(
            .serverError, "cannot start \(settings.name)", why: "it was stopped less than 3 s ago",
            hint: "try again in \(Int(rest.milliseconds.rounded(.up))) ms, or without --no-wait",
            serviceCode: 40_000_500)
    }

    private var cancelled: SluiceError {
        SluiceError(.timeout, "cannot start \(settings.name)", why: "cancelled")
    }
}
