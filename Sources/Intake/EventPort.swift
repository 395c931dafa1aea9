// The way of one reader's events into its source's queue. Where a source reconnects, each attempt has a port of
// its own: it keeps the end to itself, stamps the epoch, and lets nothing pass once the attempt is over.
import Model
import Synchronization

final class EventPort: Sendable {
    private let queue: EventQueue
    private let attempt: Attempt?

    /// One of several readers that follow each other.
    private final class Attempt: Sendable {
        let gate: Mutex<AttemptGate>
        let onEnd: @Sendable (SluiceError?) -> Void
        init(_ gate: AttemptGate, onEnd: @escaping @Sendable (SluiceError?) -> Void) {
            self.gate = Mutex(gate)
            self.onEnd = onEnd
        }
    }

    /// The port of a source's only reader: everything passes as it is.
    init(_ queue: EventQueue) {
        self.queue = queue
        attempt = nil
    }

    /// - Parameter onEnd: Once, on the reader's thread, when the attempt is over: must not block. Not called for
    ///   files, which end in the queue, nor after `abandon`.
    init(_ queue: EventQueue, gate: AttemptGate, onEnd: @escaping @Sendable (SluiceError?) -> Void) {
        self.queue = queue
        attempt = Attempt(gate, onEnd: onEnd)
    }

    /// Waits for room. False when nobody listens any more.
    func pushWaiting(_ event: SourceEvent) -> Bool {
        guard let attempt else { return queue.pushWaiting(event) }
        var passed = event
        switch attempt.gate.withLock({ $0.admit(&passed) }) {
        case .passes(let before):
            for event in before { guard queue.pushWaiting(event) else { return false } }
            return queue.pushWaiting(passed)
        case .isHeld: return true
        case .isRefused: return false
        case .ends(let error):
            attempt.onEnd(error)
            return false
        }
    }

    /// Never waits.
    func pushLive(_ event: SourceEvent) {
        guard let attempt else { return queue.pushLive(event) }
        var passed = event
        switch attempt.gate.withLock({ $0.admit(&passed) }) {
        case .passes(let before):
            for event in before { queue.pushLive(event) }
            queue.pushLive(passed)
        case .isHeld, .isRefused: break
        case .ends(let error): attempt.onEnd(error)
        }
    }

    /// Tells a fact, where facts are wanted.
    func tell(_ fact: @autoclosure () -> SourceFact) {
        if let attempt, attempt.gate.withLock(\.isOver) { return }
        queue.tell(fact())
    }

    /// The reader has nothing more to say.
    func close() {
        guard let attempt else { return queue.close() }
        switch attempt.gate.withLock({ $0.close() }) {
        case .ends(let error): attempt.onEnd(error)
        case .passes: queue.close()
        case .isHeld, .isRefused: break
        }
    }

    /// Ends an attempt that has brought no media so far; nothing that it still says is heard.
    /// - Returns: False where media have come, or the end: it is not touched then.
    func abandon() -> Bool { attempt?.gate.withLock { $0.abandon() } ?? false }

    /// How far the attempt has come.
    var gate: AttemptGate {
        attempt?.gate.withLock(\.self) ?? AttemptGate(epoch: 0, opened: nil, missingSince: nil)
    }

    /// Nobody listens any more.
    var isFinished: Bool { queue.isFinished || (attempt?.gate.withLock(\.isOver) ?? false) }

    /// Throws away what waits, for a seek.
    func drain() { queue.drain() }
}

/// What one attempt may say, and when. Pure.
struct AttemptGate: Sendable {
    enum Passage {
        /// After these.
        case passes(before: [SourceEvent])
        /// Not now, or never, but the reader goes on.
        case isHeld
        case isRefused
        /// The attempt is over by this event.
        case ends(SluiceError?)
    }

    /// The source was opened by an earlier attempt; whether that was live.
    private(set) var opened: SourceDescription?
    let epoch: Int
    /// Since when media are missing; nil: the first attempt, which interrupts nothing.
    private let missingSince: HostTime?
    private(set) var hasMedia = false
    /// Arrival of the newest packet.
    private(set) var lastMedia: HostTime?
    private(set) var isOver = false
    private var tracks: [Track]?
    private var isFile = false

    init(epoch: Int, opened: SourceDescription?, missingSince: HostTime?) {
        self.epoch = epoch
        self.opened = opened
        self.missingSince = missingSince
    }

    mutating func admit(_ event: inout SourceEvent) -> Passage {
        guard !isOver else { return .isRefused }
        switch event {
        case .packet(var packet):
            packet.epoch = max(epoch, packet.epoch)
            lastMedia = packet.arrival
            event = .packet(packet)
            guard !hasMedia else { return .passes(before: []) }
            hasMedia = true
            return .passes(before: resumption(at: packet.arrival))
        case .opened(let description): return open(description)
        case .tracks(let list):
            // What follows `resumed` begins with the tracks, and `resumed` comes with the first packet.
            guard missingSince != nil, !hasMedia else { return .passes(before: []) }
            tracks = list
            return .isHeld
        case .end(let error):
            guard !isFile else { return .passes(before: []) }
            isOver = true
            return .ends(error)
        default: return .passes(before: [])
        }
    }

    private mutating func open(_ description: SourceDescription) -> Passage {
        if let opened {
            // A live stream that is a finished one now: what it was before is not to come again.
            guard opened.isLive, !description.isLive else { return .isHeld }
            isOver = true
            return .ends(nil)
        }
        opened = description
        isFile = !description.isLive
        return .passes(before: [])
    }

    private mutating func resumption(at now: HostTime) -> [SourceEvent] {
        guard let missingSince else { return [] }
        defer { tracks = nil }
        return [.resumed(epoch: epoch, gap: max(.zero, now - missingSince))] + (tracks.map { [.tracks($0)] } ?? [])
    }

    /// A reader that closes without a word was told to end.
    mutating func close() -> Passage {
        if isFile { return .passes(before: []) }
        guard !isOver else { return .isRefused }
        isOver = true
        return .ends(nil)
    }

    mutating func abandon() -> Bool {
        guard !hasMedia, !isOver, !isFile else { return false }
        isOver = true
        return true
    }
}
