// One run of the origin, from the first listener to the last connection. Everything but `start`, `stop` and
// `waitUntilEnded` happens on the event loop.
import Model
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

// Safe because the variables are touched on the loop only; `ended` is a monitor.
final class OriginRun: @unchecked Sendable {
    private let group: MultiThreadedEventLoopGroup
    let core: OriginCore
    private let ended = Monitor(false)
    private var listeners: [any Channel] = []
    private var ports = OriginServer.Ports(rtmp: 0, http: 0)
    private var idleWatch: RepeatedTask?
    private var isEnding = false
    /// How long viewers have to take the end of their stream.
    private static let farewell = TimeAmount.seconds(2)

    init(group: MultiThreadedEventLoopGroup, settings: OriginSettings, reporter: (any Reporter)?) {
        self.group = group
        core = OriginCore(loop: group.next(), settings: settings, reporter: reporter)
    }

    // MARK: - From outside

    func start() throws(SluiceError) -> OriginServer.Ports {
        let settings = core.settings
        ports.rtmp = try listen("rtmp", settings.rtmpPort) { RTMPListener.bind(self.core) }
        ports.http = try listen("http", settings.httpPort) { HTTPListener.bind(self.core) }
        if let path = settings.controlPath {
            try bind("cannot listen on the control socket \(path)", .cannotCreate) {
                ControlListener.bind(path: path, run: self)
            }
        }
        core.loop.execute { self.watchIdling() }
        return ports
    }

    func stop() { core.loop.execute { self.end() } }

    func waitUntilEnded() {
        _ = ended.wait(until: nil) { $0 ? true : nil }
        // Cannot fail on a thread that is not the loop's; there is nothing to be done about it anyway.
        try? group.syncShutdownGracefully()
    }

    private func listen(
        _ protocolName: String, _ port: Int, _ open: () -> EventLoopFuture<any Channel>
    ) throws(SluiceError) -> Int {
        let what = "cannot listen for \(protocolName) on \(core.settings.host):\(port)"
        let channel = try bind(what, .config, open)
        return channel.localAddress?.port ?? port
    }

    @discardableResult
    private func bind(
        _ what: String, _ reason: Reason, _ open: () -> EventLoopFuture<any Channel>
    ) throws(SluiceError) -> any Channel {
        let channel: any Channel
        do { channel = try open().wait() } catch { throw Self.explained(error, what, reason) }
        core.loop.execute { self.listeners.append(channel) }
        return channel
    }

    private static func explained(_ error: any Error, _ what: String, _ reason: Reason) -> SluiceError {
        guard let failure = error as? IOError else { return SluiceError(reason, what, why: "\(error)") }
        let code = Int(failure.errnoCode)
        switch failure.errnoCode {
        case EADDRINUSE:
            return SluiceError(
                .portInUse, what, why: "the port is in use", hint: "choose another one, or 0 for any free one",
                code: code)
        case EACCES where reason == .config:
            return SluiceError(
                .config, what, why: "this user may not listen on that port", hint: "choose a port from 1024 on",
                code: code)
        case EADDRNOTAVAIL:
            return SluiceError(.config, what, why: "the address is not this machine's", code: code)
        default: return SluiceError(reason, what, why: String(cString: strerror(failure.errnoCode)), code: code)
        }
    }

    // MARK: - On the loop

    private func watchIdling() {
        guard let lingers = core.settings.lingers, !isEnding else { return }
        let step = TimeAmount.nanoseconds(max(10_000_000, min(lingers.nanoseconds / 4, 1_000_000_000)))
        idleWatch = core.loop.scheduleRepeatedTask(initialDelay: step, delay: step) { [weak self] _ in
            guard let self, let since = self.core.hub.idleSince, .now() - since >= lingers else { return }
            self.core.log(.info, "no stream is open any more: the origin ends")
            self.end()
        }
    }

    /// Carries out what came over the control socket.
    func answer(_ request: ControlRequest) -> ControlReply {
        var reply = ControlReply(pid: Int(getpid()), rtmpPort: ports.rtmp, httpPort: ports.http)
        switch request {
        case .open(let name):
            guard ControlRequest.isValid(name: name) else {
                reply.error = "not a name for a stream"
                return reply
            }
            guard !isEnding else {
                reply.error = "the origin is ending"
                return reply
            }
            reply.streams = [core.hub.open(name).facts]
        case .close(let name): reply.streams = core.hub.close(name).map { [$0] } ?? []
        case .list: reply.streams = core.hub.facts
        case .stop: core.loop.execute { self.end() }
        }
        return reply
    }

    private func end() {
        guard !isEnding else { return }
        isEnding = true
        idleWatch?.cancel()
        core.hub.closeAll()
        let closing = listeners.map { $0.close() }
        listeners = []
        // Viewers close themselves once they have got the end of their stream; who has not after a while is closed
        // with the loop.
        EventLoopFuture.andAllComplete(closing, on: core.loop).whenComplete { _ in
            self.awaitViewers(.now() + Self.farewell)
        }
    }

    private func awaitViewers(_ deadline: NIODeadline) {
        if core.ledger.connections + core.packagers == 0 || .now() >= deadline {
            return ended.withLock { $0 = true }
        }
        core.loop.scheduleTask(in: .milliseconds(10)) { self.awaitViewers(deadline) }
    }
}
