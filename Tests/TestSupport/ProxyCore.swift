import Model
import NIOCore
import NIOPosix
import Synchronization

// The proxy's connections and its clock, all on one event loop. `ProxyPipe` moves the bytes.
#if canImport(Glibc)
    import Glibc
#endif

/// What one direction suffers: the schedule, and what was switched by hand.
struct ProxyShape {
    struct Episode { var start, length: Span; var period: Span? }
    var stalls: [Episode] = []
    var holds: [Episode] = []
    var rates: [(at: Span, value: Double)] = []
    var jitters: [(at: Span, value: Span)] = []
    var stalledUntil: HostTime?
    var heldUntil: HostTime?
    var rate: Double?
    var jitter: Span?
    let origin: () -> HostTime?

    func stallEnd(_ now: HostTime) -> HostTime? { later(stalledUntil, end(of: stalls, now), now) }
    func holdEnd(_ now: HostTime) -> HostTime? { later(heldUntil, end(of: holds, now), now) }
    func currentRate(_ now: HostTime) -> Double {
        let scheduled = rates.last { step in origin().map { $0 + step.at <= now } ?? false }?.value
        return rate ?? scheduled ?? 0
    }
    func currentJitter(_ now: HostTime) -> Span {
        let scheduled = jitters.last { step in origin().map { $0 + step.at <= now } ?? false }?.value
        return jitter ?? scheduled ?? .zero
    }

    private func end(of episodes: [Episode], _ now: HostTime) -> HostTime? {
        guard let origin = origin() else { return nil }
        for episode in episodes {
            var start = origin + episode.start
            if let period = episode.period, period > .zero, now >= start {
                let turns = (now - start).nanoseconds / period.nanoseconds
                start += Span(nanoseconds: turns * period.nanoseconds)
            }
            if start <= now, now < start + episode.length { return start + episode.length }
        }
        return nil
    }

    private func later(_ a: HostTime?, _ b: HostTime?, _ now: HostTime) -> HostTime? {
        [a, b].compactMap { $0 }.filter { $0 > now }.max()
    }
}

/// SplitMix64: delays are the same for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

final class ProxyCore: @unchecked Sendable {
    // Safe because everything but `traffic` is touched on `loop` only.
    static let block = 4096
    static let kernelBuffer: ChannelOptions.Types.SocketOption.Value = 4096
    let loop: any EventLoop
    let traffic = Mutex(FaultProxy.Traffic())
    var shapes: [ProxyShape] = []
    var refusedUntil: HostTime?
    var numbers: SeededNumbers
    private let target: Int
    private var origin: HostTime?
    private var cuts: [Span] = []
    private var refusals: [ProxyShape.Episode] = []
    private var links: [ObjectIdentifier: (client: any Channel, server: any Channel, pipes: [ProxyPipe])] = [:]
    private var ticking = false
    private var ended = false

    init(loop: any EventLoop, target: Int, faults: [FaultProxy.Fault], seed: UInt64) {
        self.loop = loop
        self.target = target
        numbers = SeededNumbers(state: seed)
        shapes = FaultProxy.Direction.allCases.map { _ in ProxyShape(origin: { [weak self] in self?.origin }) }
        for fault in faults { add(fault) }
    }

    private func add(_ fault: FaultProxy.Fault) {
        switch fault {
        case .stall(let way, let at, let length, let period):
            shapes[way.rawValue].stalls.append(.init(start: at, length: length, period: period))
        case .hold(let way, let at, let length, let period):
            shapes[way.rawValue].holds.append(.init(start: at, length: length, period: period))
        case .rate(let way, let at, let value): shapes[way.rawValue].rates.append((at, value))
        case .jitter(let way, let at, let value): shapes[way.rawValue].jitters.append((at, value))
        case .cut(let at): cuts.append(at)
        case .refuse(let at, let length): refusals.append(.init(start: at, length: length, period: nil))
        }
    }

    func change(_ body: @escaping @Sendable (ProxyCore) -> Void) {
        loop.execute {
            body(self)
            self.step()
        }
    }

    func end() {
        loop.execute {
            self.ended = true
            self.cut()
        }
    }

    /// A new client: connects to the server and joins the two.
    func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        let now = HostTime.now()
        if origin == nil { origin = now }
        if refuses(now) {
            traffic.withLock { $0.refused += 1 }
            reset(client)
            return loop.makeSucceededVoidFuture()
        }
        let up = ProxyPipe(core: self, direction: .up)
        let down = ProxyPipe(core: self, direction: .down)
        return ClientBootstrap(group: loop)
            .channelOption(.socketOption(.so_rcvbuf), value: Self.kernelBuffer)
            .channelOption(.socketOption(.so_sndbuf), value: Self.kernelBuffer)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.block))
            .channelInitializer { $0.pipeline.addHandler(ProxySide(incoming: down, outgoing: up)) }
            .connect(host: "127.0.0.1", port: target)
            .flatMap { server in
                client.pipeline.addHandler(ProxySide(incoming: up, outgoing: down)).map { server }
            }
            .map { server in self.join(client, server, up, down) }
            .flatMapErrorThrowing { _ in self.reset(client) }
    }

    private func join(_ client: any Channel, _ server: any Channel, _ up: ProxyPipe, _ down: ProxyPipe) {
        up.source = client
        up.target = server
        down.source = server
        down.target = client
        let key = ObjectIdentifier(up)
        links[key] = (client, server, [up, down])
        traffic.withLock {
            $0.accepted += 1
            $0.live += 1
        }
        for side in [client, server] {
            side.closeFuture.whenComplete { _ in self.part(key) }
        }
        if !ticking { tick() }
        // The client's channel becomes active after this initialiser; reading starts then.
        loop.execute { self.step() }
    }

    /// One side is gone: what it had sent is still delivered, then the other side is closed.
    private func part(_ key: ObjectIdentifier) {
        guard let link = links[key], !link.client.isActive, !link.server.isActive else { return }
        links[key] = nil
        traffic.withLock { $0.live -= 1 }
    }

    private func refuses(_ now: HostTime) -> Bool {
        if ended { return true }
        if let refusedUntil, now < refusedUntil { return true }
        guard let origin else { return false }
        return refusals.contains { origin + $0.start <= now && now < origin + $0.start + $0.length }
    }

    func cut() {
        for link in links.values {
            reset(link.client)
            reset(link.server)
        }
    }

    /// Closes with RST, as a vanished peer looks.
    private func reset(_ channel: any Channel) {
        if let options = channel as? any SocketOptionProvider {
            _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        channel.close(promise: nil)
    }

    private func tick() {
        ticking = true
        loop.scheduleTask(in: .milliseconds(4)) {
            self.ticking = false
            self.step()
            if !self.links.isEmpty { self.tick() }
        }
    }

    func step() {
        let now = HostTime.now()
        if let origin, let next = cuts.firstIndex(where: { origin + $0 <= now }) {
            cuts.remove(at: next)
            cut()
        }
        for link in links.values { for pipe in link.pipes { pipe.step(now) } }
    }
}
