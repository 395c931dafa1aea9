// Plays HTTP-FLV: a GET whose body is an FLV stream without end, told in the same words as RTMP.
public import Model
import NIOCore
import Synchronization

/// One HTTP-FLV stream. Thread-safe.
public final class HTTPFLVClient: Sendable {
    private let run: HTTPFLVRun
    private let fetch: HTTPFetchRun

    private init(run: HTTPFLVRun, fetch: HTTPFetchRun) {
        self.run = run
        self.fetch = fetch
    }

    /// Bytes of body received so far.
    public var bytesReceived: Int { run.received.load(ordering: .relaxed) }

    /// Starts; returns at once.
    /// - Parameter onEvent: Runs on the network thread, in order; must not block. `closed` comes once, last.
    public static func open(
        _ settings: HTTPFetch.Settings, group: NetworkGroup = .shared, cancel: CancelFlag? = nil,
        onEvent: @escaping @Sendable (LiveEvent) -> Void
    ) -> HTTPFLVClient {
        let run = HTTPFLVRun(settings, loop: group.loop, onEvent: onEvent)
        let fetch = HTTPFetchRun(settings, pool: nil, loop: group.loop) { run.take($0) }
        run.fetch = fetch
        let client = HTTPFLVClient(run: run, fetch: fetch)
        cancel?.onSet { [weak client] in client?.close() }
        fetch.start()
        return client
    }

    /// Stops reading, so that the server holds the stream back.
    public func pause() { fetch.setPaused(true) }
    public func resume() { fetch.setPaused(false) }
    /// Ends it; `closed(nil)` follows where nothing final was said yet. Idempotent.
    public func close() {
        run.isClosing.store(true, ordering: .releasing)
        fetch.close()
    }
}
