// The one origin of a state directory: found, or started in the background. Whoever calls this holds the lock.
import Model
import Origin

/// Ports as somebody asked for them: nil is none in particular, 0 is any free one.
public struct PortRequest: Sendable, Equatable {
    public var rtmp: Int?
    public var http: Int?
    public init(rtmp: Int? = nil, http: Int? = nil) {
        self.rtmp = rtmp
        self.http = http
    }
}

struct OriginProcess {
    let directory: StateDirectory
    let registry: Registry
    let control: ControlPath
    /// How long a new one goes on without a stream.
    let lingers: Span
    let cancel: CancelFlag

    /// How long an origin may take to answer, and a new one to listen.
    private static let answerLimit = Span.seconds(5)
    private static let startLimit = Span.seconds(10)

    /// What the running origin says of itself and of its streams; nil when none runs.
    /// - Throws: `timeout` for one that says nothing. It is not taken for dead: its streams may be well.
    func ask() throws(SluiceError) -> ControlReply? { try send(.list) }

    /// nil when none runs, or it is about to end.
    func send(_ request: ControlRequest) throws(SluiceError) -> ControlReply? {
        do throws(SluiceError) {
            return try ControlClient.send(request, to: control.text, within: Self.answerLimit, cancel: cancel)
        } catch {
            switch error.reason {
            case .notLive, .connectionLost, .serverError: return nil
            default: throw error
            }
        }
    }

    /// The origin that runs, or a new one.
    /// - Parameter kept: Ports of the same channel's last time, whose addresses are to hold.
    /// - Throws: `config` where named ports are not those of the running origin; `port_in_use`.
    func ensure(_ ports: PortRequest, kept: PortRequest) throws(SluiceError) -> OriginRecord {
        if let reply = try ask(), let record = try known(reply) {
            try Self.check(ports, against: record)
            return record
        }
        try clearAway()
        return try start(ports, kept: kept)
    }

    static func check(_ ports: PortRequest, against record: OriginRecord) throws(SluiceError) {
        for (option, wanted, actual) in [
            ("--rtmp-port", ports.rtmp, record.rtmpPort), ("--http-port", ports.http, record.httpPort),
        ] {
            guard let wanted, wanted != 0, wanted != actual else { continue }
            throw SluiceError(
                .config, "\(option) \(wanted)", why: "the origin that is running listens on port \(actual)",
                hint:
                    "leave the option out, stop all streams first, or name another directory with SLUICE_STATE_DIR")
        }
    }

    /// The registry's line about the origin that has answered.
    private func known(_ reply: ControlReply) throws(SluiceError) -> OriginRecord? {
        guard let process = ProcessIdentity(pid: Int32(clamping: reply.pid)) else { return nil }
        let written = try registry.origin()
        if let written, written.process == process { return written }
        let record = OriginRecord(
            process: process, host: OriginSettings().host, rtmpPort: reply.rtmpPort, httpPort: reply.httpPort,
            startedAt: .now())
        try registry.save(record)
        return record
    }

    /// One that has no socket any more is about to end.
    private func clearAway() throws(SluiceError) {
        guard let old = try registry.origin()?.process, old.isAlive, old != ProcessIdentity.current else { return }
        guard !old.waitForEnd(within: .seconds(5)) else { return }
        old.send(9)
        _ = old.waitForEnd(within: .seconds(1))
    }

    private func start(_ ports: PortRequest, kept: PortRequest) throws(SluiceError) -> OriginRecord {
        let standard = OriginSettings()
        // "Any free one" is, where it can be, the one of the last time: an address is kept with its port.
        let last = try registry.origin()
        let first = PortRequest(
            rtmp: ports.rtmp == 0 ? kept.rtmp ?? last?.rtmpPort ?? 0 : ports.rtmp ?? kept.rtmp ?? standard.rtmpPort,
            http: ports.http == 0 ? kept.http ?? last?.httpPort ?? 0 : ports.http ?? kept.http ?? standard.httpPort)
        do throws(SluiceError) {
            return try spawn(first)
        } catch {
            let second = PortRequest(
                rtmp: ports.rtmp == 0 ? 0 : first.rtmp, http: ports.http == 0 ? 0 : first.http)
            guard error.reason == .portInUse, second != first else { throw Self.hinted(error) }
            do throws(SluiceError) { return try spawn(second) } catch { throw Self.hinted(error) }
        }
    }

    private func spawn(_ ports: PortRequest) throws(SluiceError) -> OriginRecord {
        let host = OriginHost.Settings(
            directory: directory, rtmpPort: ports.rtmp ?? 0, httpPort: ports.http ?? 0, lingers: lingers)
        let (process, readiness) = try BackgroundProcess.start(
            ["origin"], settings: host.json, log: directory.originLog)
        switch readiness.wait(until: .now() + Self.startLimit, cancel: cancel) {
        case .ready(let facts):
            guard let rtmp = facts["rtmp_port"]?.int, let http = facts["http_port"]?.int else { break }
            let record = OriginRecord(
                process: process, host: OriginSettings().host, rtmpPort: rtmp, httpPort: http, startedAt: .now())
            try registry.save(record)
            return record
        case .failed(let error):
            _ = process.waitForEnd(within: .seconds(1))
            throw error
        case .died:
            throw SluiceError(
                .internal, "cannot start the origin", why: "it ended without a word",
                hint: "see \(directory.originLog)")
        case .pending: break
        }
        process.send(9)
        _ = process.waitForEnd(within: .seconds(1))
        throw SluiceError(
            .timeout, "cannot start the origin",
            why: cancel.isSet ? "cancelled" : "it did not begin to listen within \(Int(Self.startLimit.seconds)) s",
            hint: "see \(directory.originLog)")
    }

    private static func hinted(_ error: SluiceError) -> SluiceError {
        guard error.reason == .portInUse else { return error }
        var error = error
        error.hint = "--rtmp-port and --http-port choose others; 0 is any free one"
        return error
    }
}
