// Readers of a live address, one after the other: when one fails, `ReconnectPolicy` says whether and when the
// next one begins. Reads nothing itself.
import Model
import Timing

/// Its thread waits for the end of the attempt under way, or for the next one to be due; it is the only one that
/// begins attempts after the first. Ends when the source does.
final class ReconnectingReader: SourceReader {
    private struct Session: Sendable {
        let reader: any SourceReader
        let port: EventPort
        let cancel: CancelFlag
    }
    private struct State: Sendable {
        var session: Session?
        /// How it ended, until the thread has seen it.
        var outcome: Outcome?
        var isClosed = false
        /// The end of the stream is no interruption, whatever the options say.
        var endsWithStream = false
        /// Bytes, by sessions that are over.
        var received = 0
    }
    private enum Outcome: Sendable {
        case ended(SluiceError?)
        /// The policy's patience is at an end, the attempt's is not.
        case outOfTime
        case closed
    }

    private let settings: SourceSettings
    private let queue: EventQueue
    private let make: @Sendable (EventPort, CancelFlag) -> any SourceReader
    private let rhythm: Span
    private let state = Monitor(State())
    /// A wait that lasts so much longer than it should means that the process was stopped.
    private static let standstill = Span.seconds(2)

    /// Files have nothing to reconnect to. What only looks like a live address shows when it is open.
    static func serves(_ settings: SourceSettings) -> Bool {
        settings.address.isNetwork && (settings.reconnect.limit != .off || settings.reconnect.wait != nil)
    }

    /// - Parameter make: Makes the reader of one attempt; it is to end when its flag is set.
    init(
        _ settings: SourceSettings, queue: EventQueue, rhythm: Span = ReconnectPolicy.rhythm,
        make: @escaping @Sendable (EventPort, CancelFlag) -> any SourceReader
    ) {
        self.settings = settings
        self.queue = queue
        self.rhythm = rhythm
        self.make = make
    }

    // MARK: From outside

    func start() {
        let now = HostTime.now()
        begin(AttemptGate(epoch: 0, opened: nil, missingSince: nil))
        _ = NamedThread("reconnect") { [self] in run(since: now) }
    }

    func close() {
        let session = state.withLock { state in
            state.isClosed = true
            return state.session
        }
        session?.cancel.set()
    }

    func seek(to time: MediaTime, epoch: Int) { state.read(\.session)?.reader.seek(to: time, epoch: epoch) }

    func endsWithStream() { state.withLock { $0.endsWithStream = true } }

    var receivedBytes: Int {
        let (received, session) = state.read { ($0.received, $0.session) }
        return received + (session?.reader.receivedBytes ?? 0)
    }

    // MARK: The course of the source

    private func run(since start: HostTime) {
        var policy = ReconnectPolicy(settings.reconnect, now: start, rhythm: rhythm)
        policy.began(at: start)
        var missingSince = start
        var last: SluiceError?
        while let session = state.read(\.session) {
            let outcome = awaitEnd(of: session, &policy)
            let gate = retire(session)
            missingSince = gate.lastMedia ?? missingSince
            let error: SluiceError?
            switch outcome {
            case .closed: return
            case .outOfTime: return finish(policy.exhausted(last ?? silence, at: .now()))
            case .ended(let said):
                error = meaning(said, hadMedia: gate.hasMedia, isEstablished: policy.isEstablished)
            }
            switch policy.ended(error, hadMedia: gate.hasMedia, at: .now()) {
            case .end(let final): return finish(final)
            case .retry(let attempt, let pause):
                last = error ?? last
                if let error { queue.put(.interrupted(error, attempt: attempt, pause: pause)) }
                guard rest(pause, &policy) else { return }
                policy.began(at: .now())
                begin(AttemptGate(epoch: gate.epoch + 1, opened: gate.opened, missingSince: missingSince))
            }
        }
    }

    private func begin(_ gate: AttemptGate) {
        let cancel = CancelFlag()
        let port = EventPort(queue, gate: gate) { [weak self] error in
            self?.state.withLock { $0.outcome = .ended(error) }
        }
        let reader = make(port, cancel)
        cancel.onSet { reader.close() }
        let mayStart = state.withLock { state in
            guard !state.isClosed else { return false }
            state.session = Session(reader: reader, port: port, cancel: cancel)
            state.outcome = nil
            return true
        }
        guard mayStart else { return cancel.set() }
        reader.start()
    }

    /// Waits for as long as the attempt lasts, or the policy's patience with one that brings no media.
    private func awaitEnd(of session: Session, _ policy: inout ReconnectPolicy) -> Outcome {
        var deadline = policy.deadline
        while true {
            let found = state.wait(until: deadline) { $0.isClosed ? Outcome.closed : $0.outcome }
            if let found { return found }
            let late = HostTime.now() - (deadline ?? .now())
            if late > Self.standstill {
                policy.stoodStill(for: late)
                deadline = policy.deadline
            } else if session.port.abandon() {
                return .outOfTime
            } else {
                // Media have come: from here on the stream itself tells its end.
                deadline = nil
            }
        }
    }

    /// Ends what is left of a session and tells how far it came.
    private func retire(_ session: Session) -> AttemptGate {
        session.cancel.set()
        let received = session.reader.receivedBytes
        state.withLock { state in
            state.received += received
            state.session = nil
        }
        return session.port.gate
    }

    /// False when the source was closed.
    private func rest(_ pause: Span, _ policy: inout ReconnectPolicy) -> Bool {
        let due = HostTime.now() + pause
        if state.wait(until: due, { $0.isClosed ? true : nil }) == true { return false }
        let late = HostTime.now() - due
        if late > Self.standstill { policy.stoodStill(for: late) }
        return true
    }

    private func finish(_ error: SluiceError?) {
        queue.put(.end(error))
        queue.close()
    }

    // MARK: Words

    private var what: String { settings.what }

    private var silence: SluiceError {
        SluiceError(.notLive, what, why: "no media came", hint: "is anybody publishing this stream?")
    }

    /// These protocols have no word for "the stream is over": FFmpeg reads the end of the connection as the end of
    /// the input. (Over HTTP the end of the body is taken for one, as by every HTTP client.)
    private func meaning(_ error: SluiceError?, hadMedia: Bool, isEstablished: Bool) -> SluiceError? {
        let endless: Set<AddressScheme> = [.srt, .rtsp, .rtsps, .tcp, .udp, .rtp]
        if hadMedia, error == nil || error?.reason == .notLive, state.read(\.endsWithStream) { return nil }
        guard error == nil, settings.reconnect.limit != .off else { return error }
        if case .interruption = settings.reconnect.streamEnd {
            // A performance that is over already when it is joined is one that goes on being over.
            guard hadMedia else { return isEstablished ? silence : nil }
            return SluiceError(.notLive, what, why: "the stream has ended", isMidStream: true)
        }
        guard endless.contains(settings.address.scheme) else { return error }
        guard hadMedia else { return silence }
        return SluiceError(
            .connectionLost, what, why: "the other side closed the connection", isMidStream: true)
    }
}
