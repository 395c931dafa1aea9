// A GET for threads that wait: playlists and segments. Bounded in bytes and in time.
public import Model
import NIOCore

/// A body that was read to its end.
public struct HTTPBody: Sendable {
    public var bytes: [UInt8]
    public var status: Int
    public var headers: [HeaderField]
    /// Where the bytes came from in the end; relative references are resolved against it.
    public var address: MediaAddress
    /// When the server's (or the proxy's) socket answered; nil over a connection that was there already.
    public var connected: HostTime?
    /// When the request was made, and when the first and the last bytes of the body were read.
    public var requested: HostTime
    public var firstArrival: HostTime
    public var lastArrival: HostTime
    /// False: shorter than announced, or cut off.
    public var isComplete: Bool

    /// The first value of a header, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension HTTPClientPool {
    /// Fetches a whole body. Blocks the calling thread, which must be a named one, never the network thread.
    /// - Parameters:
    ///   - limit: Greatest number of bytes; more is `corrupt`.
    ///   - deadline: `timeout` after it. nil: only the settings' own time-outs hold.
    /// - Returns: nil when the pool's cancel flag was set.
    public func fetchWhole(
        _ settings: HTTPFetch.Settings, limit: Int, deadline: HostTime? = nil
    ) throws(SluiceError) -> HTTPBody? {
        let queue = BoundedQueue<HTTPFetch.Event>(limit: .max)
        let requested = HostTime.now()
        let fetch = HTTPFetch.open(settings, pool: self, group: group) { queue.forcePush($0) }
        let ticket = register(queue)
        defer { unregister(ticket) }
        var body = HTTPBody(
            bytes: [], status: 0, headers: [], address: settings.address, requested: requested,
            firstArrival: requested, lastArrival: requested, isComplete: false)
        while true {
            switch queue.pop(deadline: deadline) {
            case .timedOut:
                fetch.close()
                throw SluiceError(
                    .timeout, settings.what,
                    why: "not complete after \((HostTime.now() - requested).words)", hint: "--timeout waits longer",
                    isMidStream: !body.bytes.isEmpty)
            case .closed:
                fetch.close()
                return nil
            case .element(let event):
                if let done = try take(event, into: &body, limit: limit, fetch, settings) { return done }
            }
        }
    }

    private func take(
        _ event: HTTPFetch.Event, into body: inout HTTPBody, limit: Int, _ fetch: HTTPFetch,
        _ settings: HTTPFetch.Settings
    ) throws(SluiceError) -> HTTPBody? {
        switch event {
        case .connected: body.connected = body.connected ?? .now()
        case .redirected(let address): body.address = address
        case .response(let status, let headers, _):
            body.status = status
            body.headers = headers
            if let length = body.header("content-length").flatMap({ Int($0) }), length > 0, length <= limit {
                body.bytes.reserveCapacity(length)
            }
        case .body(let bytes, let arrival):
            if body.bytes.isEmpty { body.firstArrival = arrival }
            body.lastArrival = arrival
            guard body.bytes.count + bytes.readableBytes <= limit else {
                fetch.close()
                throw SluiceError(.corrupt, settings.what, why: "longer than \(limit) bytes")
            }
            body.bytes.append(contentsOf: bytes.readableBytesView)
        case .end(let clean):
            body.isComplete = clean
            return body
        case .failed(let error): throw error
        }
        return nil
    }
}
