// One GET with a streaming body: its settings, its events, its handle. How it is done is in HTTPFetchRun.
public import Model
public import NIOCore

/// A GET under way. Events arrive on the network thread, in order; `end` or `failed` comes exactly once, last.
public final class HTTPFetch: Sendable {
    public struct Settings: Sendable {
        /// http or https. User info becomes Basic authentication.
        public var address: MediaAddress
        /// Sent as given, after our own; a name given here replaces ours.
        public var headers: [HeaderField]
        public var userAgent: String
        /// Until TCP is connected; nil or zero: for ever.
        public var connectTimeout: Span?
        /// Longest silence of the server, before the answer and in the body; nil or zero: for ever.
        public var timeout: Span?
        public var insecureTLS: Bool
        /// How long the socket may be left alone between two reads of the body, for whoever can wait; nil: it is
        /// read whenever something has come. Arrival is the moment of the read. Not together with a pool.
        public var readPause: Span?
        public var maximumRedirects: Int
        public var proxies: HTTPProxies
        /// Begins every error, e.g. "cannot play http://…", redacted. Default: "cannot get ADDRESS".
        public var what: String
        /// PEM file of authorities instead of the system's, for tests; SSL_CERT_FILE otherwise.
        var authorities: String?

        public init(address: MediaAddress) {
            self.address = address
            headers = []
            userAgent = HTTPFetch.defaultUserAgent
            connectTimeout = .seconds(5)
            timeout = .seconds(10)
            insecureTLS = false
            maximumRedirects = 5
            proxies = .fromEnvironment()
            what = "cannot get \(address)"
        }

        /// As the command line says it: `--timeout` sets both time-outs, zero means for ever.
        public init(address: MediaAddress, options: SourceOptions, what: String) {
            self.init(address: address)
            headers = options.headers
            if let agent = options.userAgent { userAgent = agent }
            if let timeout = options.timeout {
                connectTimeout = timeout
                self.timeout = timeout
            }
            insecureTLS = options.insecure
            self.what = what
        }
    }

    public enum Event: Sendable {
        /// The server's (or the proxy's) socket answered.
        case connected
        /// The server sent us elsewhere; the address that is asked now.
        case redirected(MediaAddress)
        /// A 2xx answer. `server`: the Server header.
        case response(status: Int, headers: [HeaderField], server: String?)
        /// `arrival`: when the bytes were read from the socket.
        case body(ByteBuffer, arrival: HostTime)
        /// The body is over. `clean` is false where it was cut short: content-length not reached, last chunk
        /// missing, connection reset, or cancelled.
        case end(clean: Bool)
        case failed(SluiceError)
    }

    public static let defaultUserAgent = "sluice/0.1.0"

    private let run: HTTPFetchRun

    private init(run: HTTPFetchRun) { self.run = run }

    /// Starts the request; returns at once.
    /// - Parameters:
    ///   - pool: Where an idle connection may be found and is left for the next request.
    ///   - cancel: Ends the fetch like `close`.
    ///   - onEvent: Runs on the network thread; must not block.
    public static func open(
        _ settings: Settings, pool: HTTPClientPool? = nil, group: NetworkGroup = .shared,
        cancel: CancelFlag? = nil, onEvent: @escaping @Sendable (Event) -> Void
    ) -> HTTPFetch {
        let run = HTTPFetchRun(settings, pool: pool, loop: group.loop, onEvent: onEvent)
        cancel?.onSet { [weak run] in run?.close() }
        run.start()
        return HTTPFetch(run: run)
    }

    /// Stops reading from the socket, so that the server's side fills up; bytes already read still come.
    public func pause() { run.setPaused(true) }
    public func resume() { run.setPaused(false) }
    /// Ends it; `end(clean: false)` follows where nothing final was said yet. Idempotent.
    public func close() { run.close() }
}

extension HTTPFetch.Settings {
    /// Name of the first header that cannot be sent (RFC 9110 §5.5, §5.6.2); the codec would drop the request
    /// without a word.
    var unusableHeader: String? {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        func isToken(_ text: String) -> Bool {
            !text.isEmpty
                && text.utf8.allSatisfy { byte in
                    marks.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                        || (0x61...0x7A).contains(byte)
                }
        }
        func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 9 || ($0 >= 0x20 && $0 != 0x7F) } }
        let all = headers + [HeaderField(name: "User-Agent", value: userAgent)]
        return all.first { !isToken($0.name) || !isValue($0.value) }?.name
    }
}
