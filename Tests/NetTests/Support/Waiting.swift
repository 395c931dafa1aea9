// Waiting for events with a deadline, instead of sleeping.
import Model
import NIOCore
import Net

/// Collects what callbacks deliver; waits on named threads' terms, never on the clock alone.
final class Inbox<Element: Sendable>: Sendable {
    private let queue = BoundedQueue<Element>(limit: .max)
    func put(_ element: Element) { queue.forcePush(element) }

    /// The next element, or nil after `seconds`. Blocks a thread of the cooperative pool, which tests may do.
    func next(within seconds: Double = 10) -> Element? {
        if case .element(let element) = queue.pop(deadline: .now() + .seconds(seconds)) { return element }
        return nil
    }

    /// Everything up to and including the first element that satisfies `isLast`.
    func all(within seconds: Double = 10, until isLast: (Element) -> Bool) -> [Element] {
        let deadline = HostTime.now() + .seconds(seconds)
        var out: [Element] = []
        while case .element(let element) = queue.pop(deadline: deadline) {
            out.append(element)
            if isLast(element) { break }
        }
        return out
    }
}

/// What one fetch came to.
struct FetchOutcome {
    var status: Int?
    var body = ""
    var isClean: Bool?
    var error: SluiceError?
    var redirects: [String] = []
    var server: String?
}

func fetch(_ url: String, pool: HTTPClientPool? = nil, adjust: (inout HTTPFetch.Settings) -> Void = { _ in }) throws
    -> FetchOutcome
{
    var settings = HTTPFetch.Settings(address: try MediaAddress(url))
    settings.proxies = HTTPProxies()
    adjust(&settings)
    let inbox = Inbox<HTTPFetch.Event>()
    let fetch = HTTPFetch.open(settings, pool: pool) { inbox.put($0) }
    defer { fetch.close() }
    let events = inbox.all { event in
        switch event {
        case .end, .failed: true
        default: false
        }
    }
    var outcome = FetchOutcome()
    for event in events {
        switch event {
        case .connected: break
        case .redirected(let to): outcome.redirects.append(to.raw)
        case .response(let status, _, let server):
            outcome.status = status
            outcome.server = server
        case .body(let bytes, _): outcome.body += String(buffer: bytes)
        case .end(let clean): outcome.isClean = clean
        case .failed(let error): outcome.error = error
        }
    }
    return outcome
}
