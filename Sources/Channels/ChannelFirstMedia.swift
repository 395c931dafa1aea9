// The last part of `stream-start`, without the lock: the first media of the worker, or what became of it.
import Model
import Origin

extension ChannelStart {
    /// How long the first media are waited for: of a file they come at once, of a network they may take their time,
    /// and the addresses are wanted within a second.
    private static let localPatience = Span.seconds(5)
    private static let remotePatience = Span.milliseconds(500)

    func awaitMedia(
        _ record: ChannelRecord, _ readiness: ReadinessReader
    ) throws(SluiceError) -> StartedChannel {
        var patience = Self.remotePatience
        if case .worker(_, isLocal: true) = settings.publisher { patience = Self.localPatience }
        let failure: SluiceError
        switch readiness.wait(until: .now() + patience, cancel: cancel) {
        case .ready: return started(record, try liveSoon(record))
        case .pending: return started(record, .waiting)
        case .failed(let error): failure = error
        case .died:
            failure = SluiceError(
                .internal, "cannot start \(settings.name)", why: "its worker ended without a word",
                hint: "see \(settings.directory.log(of: settings.name))")
        }
        _ = record.worker?.waitForEnd(within: .seconds(2))
        // Whoever is stopping this channel has the lock until it is stopped.
        let lock = try room.lock()
        let now = try room.registry.channel(settings.name)
        let isOurs = now?.startedAt == record.startedAt
        if isOurs, now?.worker == record.worker || now?.worker == nil {
            _ = try room.settle(record, room.close(record.streamID))
        }
        _ = consume lock
        guard isOurs, now?.stoppedAt == nil else {
            throw SluiceError(
                .notLive, "cannot start \(settings.name)", why: "somebody stopped it before its first media")
        }
        throw failure
    }

    /// The first media have left the worker; the origin has them a moment later.
    private func liveSoon(_ record: ChannelRecord) throws(SluiceError) -> ChannelState {
        let deadline = HostTime.now() + .milliseconds(300)
        let pause = CancellableWait(cancel)
        while true {
            let facts = try room.origin.ask()?.streams.first { $0.name == record.streamID.text }
            let state = facts.flatMap { ChannelState(rawValue: $0.state.rawValue) } ?? .waiting
            if state == .live || .now() >= deadline { return state }
            guard pause.wait(until: .now() + .milliseconds(10)) else { return state }
        }
    }
}
