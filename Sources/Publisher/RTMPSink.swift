// The RTMP target: opens the session, writes tags, unpublishes. Waiting happens here, never on the
// network thread.
import Media
import Model
import Net
import Wire

final class RTMPSink: PublishTarget {
    private struct State {
        var isEstablished = false
        var isClosed = false
        var isFinishing = false
        var error: SluiceError?
        var client: RTMPClient?
        var writer: FLVTagWriter?
        var handler: (@Sendable (SluiceError) -> Void)?
    }

    /// The kernel would take megabytes and hide them; a backlog must show where it can be acted on. Half a
    /// second at 1 Mbit/s, and enough for one key frame of most streams.
    private static let unsentLowWater = 64 << 10

    private let state = Monitor(State())
    private let address: MediaAddress
    private let reporter: any Reporter

    init(_ address: MediaAddress, reporter: any Reporter) {
        self.address = address
        self.reporter = reporter
    }

    /// Connects and waits until the server lets us publish.
    /// - Returns: False when cancelled.
    func open(_ options: SourceOptions, cancel: CancelFlag) throws(SluiceError) -> Bool {
        cancel.onSet { [weak self] in self?.state.withLock { _ in } }
        var settings = RTMPClient.Settings(address: address, role: .publish, options: options)
        settings.unsentLowWater = Self.unsentLowWater
        let opened = RTMPClient.open(settings, cancel: nil, onEvent: { [weak self] in self?.receive($0) })
        state.withLock { $0.client = opened }
        let outcome = state.wait(until: nil) { state -> (Bool, SluiceError?)? in
            if state.isEstablished { return (true, nil) }
            if state.isClosed || cancel.isSet { return (false, state.error) }
            return nil
        }
        if let error = outcome?.1, !cancel.isSet { throw error }
        if outcome?.0 != true { opened.close() }
        return outcome?.0 == true
    }

    private func receive(_ event: LiveEvent) {
        switch event {
        case .reached, .finite, .header, .tag: break
        case .connected(let server):
            reporter.report(
                ServiceEvent.pushConnected.event([
                    .init("protocol", .string(address.scheme.rawValue)), .init("server", .optional(server)),
                ]))
        case .established: state.withLock { $0.isEstablished = true }
        case .status(_, let code, let description):
            reporter.log(.info, description.isEmpty ? code : "\(code): \(description)")
        case .closed(let error):
            let (handler, failure) = state.withLock { state -> ((@Sendable (SluiceError) -> Void)?, SluiceError?) in
                let wasEstablished = state.isEstablished
                state.isClosed = true
                state.error = error
                if wasEstablished, !state.isFinishing, error == nil {
                    state.error = SluiceError(
                        .connectionLost, "cannot publish to \(address)", why: "the server ended the session",
                        isMidStream: true)
                }
                return (wasEstablished && !state.isFinishing ? state.handler : nil, state.error)
            }
            if let failure { handler?(failure) }
        }
    }

    func onFailure(_ handler: @escaping @Sendable (SluiceError) -> Void) {
        let failed = state.withLock { state -> SluiceError? in
            state.handler = handler
            return state.isClosed ? state.error : nil
        }
        if let failed { handler(failed) }
    }

    func begin(tracks: [Track]) throws(SluiceError) {
        let tags = try state.withLock { (state) throws(SluiceError) -> [FLVTag] in
            if state.writer != nil { return try state.writer?.update(tracks: tracks) ?? [] }
            let writer = try FLVTagWriter(tracks: tracks)
            state.writer = writer
            return state.writer?.header() ?? []
        }
        let client = client
        for tag in tags { client?.send(tag) }
    }

    func write(_ packet: Packet) throws(SluiceError) {
        let (tags, client) = try state.withLock { (state) throws(SluiceError) -> ([FLVTag], RTMPClient?) in
            if let error = state.error { throw error }
            return (state.writer?.tags(for: packet) ?? [], state.client)
        }
        for tag in tags { client?.send(tag) }
    }

    private var client: RTMPClient? { state.read { $0.client } }
    var waiting: Span { client?.backlog.media ?? .zero }
    var bytesSent: Int? { client?.bytesSent }

    func finish() throws(SluiceError) {
        guard let client else { return }
        state.withLock { $0.isFinishing = true }
        client.unpublishAndClose(within: .seconds(2))
        let error = state.wait(until: .now() + .seconds(3)) { state -> SluiceError?? in
            state.isClosed ? .some(state.error) : nil
        }
        if let error = error ?? nil, error.reason != .connectionLost || waiting > .zero { throw error }
    }
}
