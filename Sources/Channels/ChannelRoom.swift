// What start, stop and list have in common: the directory's registry, its lock, its origin, and a look at which of the
// channels that the registry knows still run.
import Model
import Origin

/// One for each command; opens the registry.
struct ChannelRoom {
    let directory: StateDirectory
    let registry: Registry
    let origin: OriginProcess
    let cancel: CancelFlag

    private static let patience = Span.seconds(30)

    init(_ directory: StateDirectory, lingers: Span = .seconds(60), cancel: CancelFlag) throws(SluiceError) {
        self.directory = directory
        self.cancel = cancel
        registry = try Registry(directory)
        origin = OriginProcess(
            directory: directory, registry: registry, control: try ControlPath(directory), lingers: lingers,
            cancel: cancel)
    }

    func lock() throws(SluiceError) -> FileLock {
        try FileLock(directory.lock, patience: Self.patience, cancel: cancel)
    }

    /// All channels as they are now. Under the lock: what has died without a word is written down as stopped.
    func census() throws(SluiceError) -> Census {
        let reply = try origin.ask()
        var census = Census(reply: reply)
        for record in try registry.channels() {
            census.channels.append(try settled(record, reply))
        }
        return census
    }

    /// The same by itself, unless somebody else holds the lock.
    func tidy() throws(SluiceError) {
        let lock = try FileLock(directory.lock, patience: .zero, cancel: cancel)
        _ = try census()
        _ = consume lock
    }

    /// Ends what a channel has running, writes its totals down, and gives them.
    func settle(_ record: ChannelRecord, _ closed: StreamFacts?) throws(SluiceError) -> ChannelRecord {
        var settled = record
        try registry.update(record.name) { current in
            // Its worker may have been faster.
            if current.state != .stopped { current.end(closed, at: .now()) }
            settled = current
            return true
        }
        return settled
    }

    /// Closes the stream at the origin; what it came to, when the origin knows it.
    func close(_ id: StreamID) -> StreamFacts? {
        (try? origin.send(.close(name: id.text)))??.streams.first
    }

    private func settled(_ record: ChannelRecord, _ reply: ControlReply?) throws(SluiceError) -> ChannelNow {
        guard record.state != .stopped else { return ChannelNow(record: record) }
        let facts = reply?.streams.first { $0.name == record.streamID.text }
        let isServed = facts != nil && reply.map { $0.pid == record.origin.map { Int($0.pid) } } == true
        let hasPublisher = !record.hasWorker || record.worker?.isAlive == true
        if isServed, hasPublisher { return ChannelNow(record: record, facts: facts) }
        if let worker = record.worker, worker.isAlive, worker != ProcessIdentity.current { worker.send(15) }
        return ChannelNow(record: try settle(record, facts.flatMap { _ in close(record.streamID) }))
    }
}

/// A channel and, while it runs, what the origin says of its stream.
struct ChannelNow {
    var record: ChannelRecord
    var facts: StreamFacts?
    var isRunning: Bool { facts != nil }
    var state: ChannelState { facts.flatMap { ChannelState(rawValue: $0.state.rawValue) } ?? .stopped }
}

struct Census {
    var reply: ControlReply?
    var channels: [ChannelNow] = []
    var runningCount: Int { channels.filter(\.isRunning).count }
    subscript(_ name: ChannelName) -> ChannelNow? { channels.first { $0.record.name == name } }
}

extension ChannelRecord {
    /// It is over, at this moment.
    mutating func end(_ facts: StreamFacts?, at now: WallTime) {
        state = .stopped
        endedAt = now
        totals.add(facts)
        if let startedAt { totals.duration = max(.zero, now - startedAt) }
        worker = nil
    }
}

extension ChannelTotals {
    /// What the origin has counted. A worker knows what it has sent; of other publishers only the origin does.
    mutating func add(_ facts: StreamFacts?) {
        guard let counters = facts?.counters else { return }
        sentBytes = max(sentBytes, counters.bytesIn)
        videoFrames = max(videoFrames, counters.videoFrames)
        reconnects = max(reconnects, counters.publications - 1)
        peakViewers = max(peakViewers, counters.peakViewers)
    }
}
