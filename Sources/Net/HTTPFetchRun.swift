// The course of one GET: connection (fresh, pooled or tunnelled), request, redirects, deadlines, end.
// Lives on the event loop; the three calls from outside hop onto it.
import Model
import NIOCore
import NIOHTTP1
import Wire

// Safe because every stored variable is touched on `loop` only; the calls from outside hop onto it.
final class HTTPFetchRun: HTTPExchangeReceiver, @unchecked Sendable {
    private let settings: HTTPFetch.Settings
    private let pool: HTTPClientPool?
    private let loop: any EventLoop
    private let onEvent: @Sendable (HTTPFetch.Event) -> Void

    private var location: HTTPLocation?
    private var origin: HTTPOrigin?
    private var channel: (any Channel)?
    private var handler: HTTPExchangeHandler?
    private var redirects = 0
    private var isReused = false
    private var isOver = false
    private var isPaused = false
    private var isPaced = false
    private var isTunnelling = false
    private var answer: HTTPResponseHead?
    private var complaint = ByteBuffer()
    private var lastActivity = HostTime.now()
    private var watch: Scheduled<Void>?

    init(
        _ settings: HTTPFetch.Settings, pool: HTTPClientPool?, loop: any EventLoop,
        onEvent: @escaping @Sendable (HTTPFetch.Event) -> Void
    ) {
        self.settings = settings
        self.pool = pool
        self.loop = loop
        self.onEvent = onEvent
    }

    func start() {
        loop.execute {
            guard !self.isOver else { return }
            guard let location = HTTPLocation(self.settings.address) else {
                return self.fail(SluiceError(.usage, self.settings.what, why: "not an http or https address"))
            }
            if let field = self.settings.unusableHeader {
                return self.fail(
                    SluiceError(
                        .usage, self.settings.what,
                        why: "the header \"\(field)\" has characters that HTTP does not allow"))
            }
            self.location = location
            self.request(location)
        }
    }

    func close() {
        loop.execute {
            guard !self.isOver else { return }
            self.dropConnection()
            self.finish(.end(clean: false))
        }
    }

    func setPaused(_ paused: Bool) {
        loop.execute {
            guard self.isPaused != paused else { return }
            self.isPaused = paused
            self.lastActivity = .now()
            self.applyPause()
        }
    }

    private func applyPause() {
        channel?.setOption(.autoRead, value: !isPaused).whenFailure { _ in }
    }

    // MARK: - Connection

    private func request(_ location: HTTPLocation) {
        let trust = TLSTrust(insecure: settings.insecureTLS, authorities: settings.authorities)
        let origin = HTTPOrigin(
            endpoint: location.endpoint, trust: trust, proxy: settings.proxies.proxy(for: location.endpoint))
        self.origin = origin
        lastActivity = .now()
        if let idle = pool?.take(origin) {
            isReused = true
            channel = idle.channel
            return send(location, over: idle.handler)
        }
        isReused = false
        let first = origin.proxy?.endpoint ?? location.endpoint
        Connector.connect(to: first, timeout: settings.connectTimeout, on: loop).whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel, origin, location)
            case .failure(let error):
                guard !self.isOver else { return }
                self.fail(
                    self.failure(at: first).connecting(error, timeout: self.settings.connectTimeout), via: origin)
            }
        }
    }

    private func connected(_ channel: any Channel, _ origin: HTTPOrigin, _ location: HTTPLocation) {
        guard !isOver else { return channel.close(promise: nil) }
        self.channel = channel
        onEvent(.connected)
        watchSilence()
        do {
            if let proxy = origin.proxy {
                if proxy.endpoint.isTLS {
                    try channel.pipeline.syncOperations.addHandler(origin.trust.handler(host: proxy.endpoint.host))
                }
                if location.endpoint.isTLS { return try tunnel(channel, proxy, origin, location) }
            }
            try speak(channel, origin, location)
        } catch {
            fail(words.tls(error, at: location.endpoint))
        }
    }

    private func tunnel(
        _ channel: any Channel, _ proxy: HTTPLocation, _ origin: HTTPOrigin, _ location: HTTPLocation
    ) throws {
        let opened = loop.makePromise(of: Void.self)
        var headers = [("User-Agent", settings.userAgent)]
        if let value = Self.basic(proxy) { headers.append(("Proxy-Authorization", value)) }
        isTunnelling = true
        try channel.pipeline.syncOperations.addHandler(
            ProxyTunnelHandler(to: location.endpoint, headers: headers, opened: opened))
        opened.futureResult.whenComplete { result in
            guard !self.isOver else { return }
            self.isTunnelling = false
            self.lastActivity = .now()
            do {
                try result.get()
                try self.speak(channel, origin, location)
            } catch let error as ProxyTunnelError {
                self.fail(self.words.proxy(error, proxy))
            } catch {
                self.fail(
                    self.failure(at: proxy.endpoint).closedWithoutWord(error), via: origin)
            }
        }
    }

    private func speak(_ channel: any Channel, _ origin: HTTPOrigin, _ location: HTTPLocation) throws {
        let pipeline = channel.pipeline.syncOperations
        if location.endpoint.isTLS {
            try pipeline.addHandler(origin.trust.handler(host: location.endpoint.host))
        }
        try pipeline.addHTTPClientHandlers()
        let handler = HTTPExchangeHandler()
        try pipeline.addHandler(handler)
        if isPaused { applyPause() }
        send(location, over: handler)
    }

    private func send(_ location: HTTPLocation, over handler: HTTPExchangeHandler) {
        self.handler = handler
        answer = nil
        complaint.clear()
        watchSilence()
        var fields = HTTPHeaders([
            ("Host", location.endpoint.hostHeader), ("User-Agent", settings.userAgent), ("Accept", "*/*"),
        ])
        if pool == nil { fields.add(name: "Connection", value: "close") }
        if let value = Self.basic(location) { fields.add(name: "Authorization", value: value) }
        var target = location.target
        if let proxy = origin?.proxy, !location.endpoint.isTLS {
            target = location.absolute
            if let value = Self.basic(proxy) { fields.add(name: "Proxy-Authorization", value: value) }
        }
        let isAtHome = HTTPLocation(settings.address)?.endpoint == location.endpoint
        var given = HTTPHeaders()
        for field in settings.headers {
            // Credentials meant for one server are nobody else's business.
            let isSecret = ["authorization", "cookie"].contains(field.name.lowercased())
            if isAtHome || !isSecret { given.add(name: field.name, value: field.value) }
        }
        for (name, _) in given { fields.remove(name: name) }
        fields.add(contentsOf: given)
        handler.send(HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: fields), to: self)
    }

    private static func basic(_ location: HTTPLocation) -> String? {
        location.user.map { "Basic " + Base64.encode("\($0):\(location.password ?? "")".utf8) }
    }

    // MARK: - Answer

    func head(_ head: HTTPResponseHead) {
        lastActivity = .now()
        answer = head
        guard (200..<300).contains(head.status.code) else { return }
        onEvent(
            .response(
                status: Int(head.status.code),
                headers: head.headers.map { HeaderField(name: $0.name, value: $0.value) },
                server: head.headers.first(name: "server")))
    }

    func body(_ bytes: ByteBuffer, arrival: HostTime) {
        lastActivity = arrival
        guard let answer else { return }
        if (200..<300).contains(answer.status.code) {
            paceReads()
            return onEvent(.body(bytes, arrival: arrival))
        }
        // A few kilobytes hold every word that matters; no error page is read for longer.
        var part = bytes
        complaint.writeBuffer(&part)
        if complaint.readableBytes > 8192 { conclude(keepAlive: false) }
    }

    private func paceReads() {
        guard let pause = settings.readPause, !isPaced else { return }
        isPaced = true
        channel?.paceReads(pause)
    }

    func finished(keepAlive: Bool) { conclude(keepAlive: keepAlive) }

    private func conclude(keepAlive: Bool) {
        guard let answer, let location, !isOver else { return }
        releaseConnection(keepAlive: keepAlive)
        switch answer.status.code {
        case 200..<300: finish(.end(clean: true))
        case 301, 302, 303, 307, 308:
            guard let to = answer.headers.first(name: "location"), !to.trimmed.isEmpty else {
                return failStatus(answer, location)
            }
            redirect(from: location, to: to)
        default: failStatus(answer, location)
        }
    }

    private func failStatus(_ answer: HTTPResponseHead, _ location: HTTPLocation) {
        let text = String(decoding: complaint.readableBytesView.prefix(8192), as: UTF8.self)
        fail(HTTPStatus.error(answer.status, body: text, what: settings.what, location: location))
    }

    private func redirect(from location: HTTPLocation, to reference: String) {
        redirects += 1
        guard redirects <= settings.maximumRedirects else {
            return fail(words.tooManyRedirects(settings.maximumRedirects))
        }
        guard let next = location.resolve(reference), let address = next.address else {
            return fail(words.badRedirect(reference))
        }
        self.location = next
        onEvent(.redirected(address))
        if !isOver { request(next) }
    }

    func broken(_ error: (any Error)?) {
        guard !isOver, let location else { return }
        let hadAnswer = answer != nil
        handler = nil
        channel = nil
        // A server may close an idle connection at any time; that says nothing about the resource.
        if isReused, !hadAnswer { return request(location) }
        if let error, let parser = error as? HTTPParserError, !hadAnswer || parser != .invalidEOFState {
            return fail(words.malformed(parser))
        }
        guard let answer else {
            let at = origin?.proxy?.endpoint ?? location.endpoint
            return fail(failure(at: at).closedWithoutWord(error))
        }
        if let error, let tls = failure(at: location.endpoint).tlsError(error) { return fail(tls.midStream()) }
        if (200..<300).contains(answer.status.code) { return finish(.end(clean: false)) }
        conclude(keepAlive: false)
    }

    // MARK: - Deadlines

    /// One timer that looks how long the silence is, instead of a timer armed anew for every read.
    private func watchSilence() {
        watch?.cancel()
        guard let timeout = settings.timeout, timeout > .zero, !isOver else { return }
        let left = isPaused ? timeout : timeout - (HostTime.now() - lastActivity)
        watch = loop.scheduleTask(in: .nanoseconds(max(1_000_000, left.nanoseconds))) {
            guard !self.isOver else { return }
            if !self.isPaused, HostTime.now() - self.lastActivity >= timeout { return self.silent(timeout) }
            self.watchSilence()
        }
    }

    private func silent(_ timeout: Span) {
        guard let location else { return }
        let at =
            isTunnelling || !location.endpoint.isTLS
            ? origin?.proxy?.endpoint ?? location.endpoint : location.endpoint
        let failure = failure(at: at)
        fail(answer == nil ? failure.noAnswer(within: timeout) : failure.silent(for: timeout))
    }

    // MARK: - End

    private func failure(at endpoint: Endpoint) -> NetworkFailure {
        NetworkFailure(what: settings.what, endpoint: endpoint)
    }
    private var words: HTTPWords { HTTPWords(what: settings.what) }

    private func fail(_ error: SluiceError, via origin: HTTPOrigin? = nil) {
        dropConnection()
        var error = error
        if let proxy = origin?.proxy {
            error.why += " (the proxy)"
            error.hint = "\(proxy.endpoint) comes from http_proxy or https_proxy; no_proxy names exceptions"
        }
        finish(.failed(error))
    }

    private func finish(_ event: HTTPFetch.Event) {
        guard !isOver else { return }
        isOver = true
        watch?.cancel()
        watch = nil
        onEvent(event)
    }

    private func releaseConnection(keepAlive: Bool) {
        guard keepAlive, !isPaused, let pool, let origin, let channel, let handler else { return dropConnection() }
        handler.abandon()
        pool.keep(HTTPIdleConnection(channel: channel, handler: handler), for: origin)
        self.channel = nil
        self.handler = nil
    }

    private func dropConnection() {
        handler?.abandon()
        handler = nil
        channel?.close(promise: nil)
        channel = nil
    }
}
