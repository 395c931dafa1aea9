// The course of one RTMP session: connection, dialogue, deadlines, log-in rounds, end. The dialogue itself
// is Wire's pure session; here are the socket and the clock. Lives on the event loop.
import Model
import NIOCore
import NIOPosix
import Synchronization
import Wire

// Safe because every plain variable is touched on `loop` only; the calls from outside hop onto it.
final class RTMPRun: @unchecked Sendable {
    /// How far the server has followed, for deadlines and for what a close means.
    enum Stage { case handshake, connecting, opening, established }

    let received = Atomic<Int>(0)
    let outbox: RTMPOutbox
    let settings: RTMPClient.Settings
    let loop: any EventLoop
    let onEvent: @Sendable (LiveEvent) -> Void

    var channel: (any Channel)?
    var session: RTMPClientSession?
    var stage = Stage.handshake
    /// A picture or a sound has come (playing).
    var hasMedia = false
    var isOver = false
    var isUnpublishing = false
    /// What the deadline of this stage counts from.
    var stageBegan = HostTime.now()
    /// Last media (playing) or last write that the kernel took (publishing).
    var lastProgress = HostTime.now()
    var watch: Scheduled<Void>?
    private var target: RTMPTarget
    private var rounds = 0
    /// The refusal after which the address was read the other way.
    private var firstRefusal: SluiceError?
    private var lastError: (any Error)?
    /// This connection's server has sent anything at all.
    private var hasAnswered = false
    /// A StreamEOF has come; clearer words may follow it.
    private var isAwaitingWords = false

    init(
        _ settings: RTMPClient.Settings, loop: any EventLoop, onEvent: @escaping @Sendable (LiveEvent) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.onEvent = onEvent
        outbox = RTMPOutbox(loop: loop)
        target = RTMPTarget(settings.address)
    }

    private var endpoint: Endpoint {
        let isTLS = settings.address.scheme == .rtmps
        return Endpoint(
            host: settings.address.host, port: settings.address.port ?? (isTLS ? 443 : 1935), isTLS: isTLS)
    }
    var network: NetworkFailure { NetworkFailure(what: settings.what, endpoint: endpoint) }
    var words: RTMPWords { RTMPWords(settings: settings, target: target, endpoint: endpoint) }

    // MARK: - From outside

    func start() {
        loop.execute {
            guard !self.isOver else { return }
            guard self.settings.address.scheme == .rtmp || self.settings.address.scheme == .rtmps else {
                return self.finish(SluiceError(.usage, self.settings.what, why: "not an rtmp or rtmps address"))
            }
            self.connect(self.sessionSettings(self.target))
        }
    }

    func close() {
        loop.execute { self.finish(nil) }
    }

    // MARK: - Connection

    private func sessionSettings(_ target: RTMPTarget) -> RTMPClientSettings {
        var value = RTMPClientSettings(
            role: settings.role, target: target, user: settings.address.user, password: settings.address.password,
            handshakeRandom: Self.randomBytes())
        if let version = settings.flashVersion { value.flashVersion = version }
        value.bufferMilliseconds = settings.bufferMilliseconds
        value.live = settings.isLive
        return value
    }

    private static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1528)
        while bytes.count < 1528 {
            withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    private func connect(_ value: RTMPClientSettings) {
        stage = .handshake
        stageBegan = .now()
        session = RTMPClientSession(value)
        let lowWater = settings.unsentLowWater
        Connector.connect(to: endpoint, timeout: settings.connectTimeout, on: loop) { channel in
            guard let lowWater, let options = channel.syncOptions else { return }
            // TCP_NOTSENT_LOWAT, linux/tcp.h.
            try? options.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: 25)), value: lowWater)
        }.whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error):
                self.finish(self.network.connecting(error, timeout: self.settings.connectTimeout))
            }
        }
    }

    private func connected(_ channel: any Channel) {
        guard !isOver else { return channel.close(promise: nil) }
        self.channel = channel
        lastError = nil
        hasAnswered = false
        onEvent(.reached)
        do {
            let pipeline = channel.pipeline.syncOperations
            if endpoint.isTLS {
                let trust = TLSTrust(insecure: settings.insecureTLS, authorities: settings.authorities)
                try pipeline.addHandler(trust.handler(host: endpoint.host))
            }
            try pipeline.addHandler(RTMPSocketHandler(self))
        } catch {
            return finish(network.tlsError(error) ?? network.connecting(error, timeout: nil))
        }
        enter(.handshake)
        guard let actions = session?.start() else { return }
        perform(actions, arrival: .now())
    }

    // MARK: - From the socket

    func read(_ bytes: ByteBuffer, on channel: any Channel) {
        guard !isOver, channel === self.channel else { return }
        received.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
        hasAnswered = true
        let arrival = HostTime.now()
        guard let actions = session?.receive(bytes) else { return }
        perform(actions, arrival: arrival)
    }

    func broken(_ error: any Error, on channel: any Channel) {
        guard channel === self.channel else { return }
        if lastError == nil { lastError = error }
        channel.close(promise: nil)
    }

    func ended(on channel: any Channel) {
        guard !isOver, channel === self.channel else { return }
        if let code = outbox.brokenBy { lastError = IOError(errnoCode: code, reason: "send") }
        if isUnpublishing { return finish(unsentError()) }
        if stage == .connecting, tryAlternative(after: nil) { return }
        if isMidStream {
            return finish(lastError.flatMap { network.tlsError($0)?.midStream() } ?? network.lost(lastError))
        }
        finish(words.closedEarly(stage, network: network, lastError))
    }

    private func perform(_ actions: [RTMPClientSession.Action], arrival: HostTime) {
        for action in actions {
            guard !isOver else { return }
            switch action {
            case .send(let bytes):
                if !outbox.put(control: bytes) { channel?.writeAndFlush(bytes, promise: nil) }
                // What follows C0 and C1 is our answer to S0 to S2: the handshake is done.
                if stage == .handshake, hasAnswered { enter(.connecting) }
            case .connected(let server):
                enter(.opening)
                onEvent(.connected(server: server))
            case .established: established()
            case .media(let tag):
                if tag.isMedia {
                    lastProgress = arrival
                    if !hasMedia {
                        hasMedia = true
                        if let pause = settings.readPause { channel?.paceReads(pause) }
                        watchSilence()
                    }
                }
                onEvent(.tag(tag, arrival: arrival))
            case .status(let level, let code, let description):
                onEvent(.status(level: level, code: code, description: MediaAddress.redact(description)))
                let ends = ["NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", "NetStream.Play.Complete"]
                if isAwaitingWords, ends.contains(code) { finish(nil) }
            case .ended(let end): streamEnded(end)
            case .authenticate: logIn()
            case .failed(let failure):
                let error = words.error(failure, isMidStream: isMidStream)
                let isAboutApplication = failure.kind == .noApp || failure.kind == .rejectedConnect
                if isAboutApplication, stage == .connecting, tryAlternative(after: error) { return }
                finish(error)
            }
        }
    }

    /// Media had flowed. nginx grants every publication and hangs up at once where its rules deny it, so a
    /// publisher's stream counts only when it has lasted.
    var isMidStream: Bool {
        guard settings.role == .publish else { return hasMedia }
        return stage == .established && outbox.bytesSent > 0 && HostTime.now() - stageBegan > .milliseconds(500)
    }

    private func established() {
        lastProgress = .now()
        enter(.established)
        if settings.role == .publish { openOutbox() }
        onEvent(.established)
    }

    private func streamEnded(_ end: RTMPEnd) {
        if end == .streamEOF, hasMedia, !settings.endsAtStreamEOF { return awaitWords() }
        if hasMedia || settings.role == .publish { return finish(nil) }
        // Servers announce the end of nothing while a playlist begins; only clear words count before media.
        guard end != .streamEOF else { return }
        finish(
            SluiceError(
                .notLive, settings.what, why: "the server says that the stream is over",
                hint: "is anybody publishing this stream?"))
    }

    private func awaitWords() {
        isAwaitingWords = true
        loop.scheduleTask(in: .milliseconds(250)) { [weak self] in
            guard let self else { return }
            self.finish(
                SluiceError(
                    .notLive, self.settings.what, why: "the server says that nobody publishes the stream any more",
                    isMidStream: true))
        }
    }

    // MARK: - Further attempts

    /// The server wants a name and a password: the same again, with the query that the session worked out.
    private func logIn() {
        rounds += 1
        guard var next = session?.nextSettings, rounds <= 2 else {
            return finish(
                words.error(RTMPFailure(.badAuth, description: "the log-in does not succeed"), isMidStream: false))
        }
        next.handshakeRandom = Self.randomBytes()
        dropConnection()
        connect(next)
    }

    /// Three and more path parts can be read in two ways; servers that know the other one refuse, or just
    /// hang up.
    private func tryAlternative(after refusal: SluiceError?) -> Bool {
        guard let other = RTMPTarget.alternative(settings.address), other != target else { return false }
        firstRefusal = refusal
        target = other
        dropConnection()
        connect(sessionSettings(other))
        return true
    }

    // MARK: - End

    func finish(_ error: SluiceError?) {
        guard !isOver else { return }
        isOver = true
        // What the server said to the usual reading of the path is worth more than what it made of the other.
        let isNoBetter = stage == .handshake || stage == .connecting
        let error = error != nil && isNoBetter ? firstRefusal ?? error : error
        watch?.cancel()
        watch = nil
        outbox.close()
        dropConnection()
        session = nil
        onEvent(.closed(error))
    }

    private func dropConnection() {
        let old = channel
        channel = nil
        old?.close(promise: nil)
    }
}

/// Hands socket events to the run.
private final class RTMPSocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let run: RTMPRun
    init(_ run: RTMPRun) { self.run = run }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        run.read(unwrapInboundIn(data), on: context.channel)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        run.broken(TLSFailure.explained(error, context), on: context.channel)
    }
    func channelInactive(context: ChannelHandlerContext) { run.ended(on: context.channel) }
}

@available(*, unavailable)
extension RTMPSocketHandler: Sendable {}
