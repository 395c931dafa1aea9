// Keeps one idle HTTP connection for each origin, so that a playlist that is read every two seconds costs
// no handshake each time.
public import Model
import NIOCore
import Synchronization

/// Connections are interchangeable only if all of this is equal.
struct HTTPOrigin: Hashable, Sendable {
    var endpoint: Endpoint
    var trust: TLSTrust
    var proxy: HTTPLocation?
}

struct HTTPIdleConnection {
    var channel: any Channel
    var handler: HTTPExchangeHandler
}

/// Shared by the fetches of one source. Thread-safe.
public final class HTTPClientPool: @unchecked Sendable {
    // Safe because the state below is touched on `group.loop` only.
    private var idle: [HTTPOrigin: (connection: HTTPIdleConnection, expiry: Scheduled<Void>)] = [:]
    private var isClosed = false
    // Those who wait in `fetchWhole`: woken when the pool is cancelled.
    private let waiting = Mutex<(next: Int, closed: Bool, queues: [Int: BoundedQueue<HTTPFetch.Event>])>(
        (0, false, [:]))
    let group: NetworkGroup
    /// How long an unused connection is kept.
    private static let patience = TimeAmount.seconds(30)

    /// - Parameter cancel: Closes the pool.
    public init(group: NetworkGroup = .shared, cancel: CancelFlag? = nil) {
        self.group = group
        cancel?.onSet { [weak self] in self?.close() }
    }

    deinit {
        let rest = idle.values.map(\.connection.channel)
        for (_, expiry) in idle.values { expiry.cancel() }
        for channel in rest { channel.close(promise: nil) }
    }

    /// Closes what is idle and ends every `fetchWhole`; other connections are closed when their request ends.
    public func close() {
        let queues = waiting.withLock { state in
            state.closed = true
            return state.queues.values.map { $0 }
        }
        for queue in queues { queue.close() }
        group.loop.execute {
            self.isClosed = true
            for (connection, expiry) in self.idle.values {
                expiry.cancel()
                connection.handler.onIdleClose = nil
                connection.channel.close(promise: nil)
            }
            self.idle = [:]
        }
    }

    func register(_ queue: BoundedQueue<HTTPFetch.Event>) -> Int {
        let (ticket, closed) = waiting.withLock { state in
            state.next += 1
            state.queues[state.next] = queue
            return (state.next, state.closed)
        }
        if closed { queue.close() }
        return ticket
    }

    func unregister(_ ticket: Int) { waiting.withLock { $0.queues[ticket] = nil } }

    func take(_ origin: HTTPOrigin) -> HTTPIdleConnection? {
        guard let (connection, expiry) = idle.removeValue(forKey: origin) else { return nil }
        expiry.cancel()
        connection.handler.onIdleClose = nil
        guard connection.channel.isActive else { return nil }
        return connection
    }

    func keep(_ connection: HTTPIdleConnection, for origin: HTTPOrigin) {
        guard !isClosed, idle[origin] == nil else { return connection.channel.close(promise: nil) }
        let channel = connection.channel
        let expiry = group.loop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        connection.handler.onIdleClose = { [weak self] in
            self?.idle.removeValue(forKey: origin)?.expiry.cancel()
        }
        idle[origin] = (connection, expiry)
    }
}
