// One direction of one connection of the fault proxy: reads when it may, writes when it must.
import Model
import NIOCore
import Synchronization

final class ProxyPipe: @unchecked Sendable {
    // Safe because it is touched on the core's event loop only.
    let core: ProxyCore
    let direction: FaultProxy.Direction
    var source: (any Channel)?
    var target: (any Channel)?
    private var queue: [(due: HostTime, bytes: ByteBuffer)] = []
    private var held = 0
    private var reading = false
    private var writing = false
    private var finished = false
    private var closed = false
    private var paid = HostTime.zero

    init(core: ProxyCore, direction: FaultProxy.Direction) {
        self.core = core
        self.direction = direction
    }

    private var shape: ProxyShape { core.shapes[direction.rawValue] }

    func take(_ bytes: ByteBuffer) {
        let now = HostTime.now()
        var due = now
        let spread = shape.currentJitter(now)
        if spread > .zero { due += spread * Double.random(in: 0...1, using: &core.numbers) }
        if let last = queue.last { due = max(due, last.due) }
        queue.append((due, bytes))
        held += bytes.readableBytes
        step(now)
    }

    func readCompleted() {
        reading = false
        step(HostTime.now())
    }

    /// The source has no more.
    func finish() {
        finished = true
        step(HostTime.now())
    }

    func step(_ now: HostTime) {
        read(now)
        write(now)
    }

    private func read(_ now: HostTime) {
        guard let source, source.isActive, !reading, !finished, shape.stallEnd(now) == nil else { return }
        let isHolding = shape.holdEnd(now) != nil
        let isJittering = shape.currentJitter(now) > .zero && held < 4 << 20
        guard isHolding || isJittering || held < ProxyCore.block else { return }
        reading = true
        source.read()
    }

    private func write(_ now: HostTime) {
        guard let target, target.isActive, !writing, !closed else { return }
        guard let head = queue.first else {
            guard finished else { return }
            closed = true
            target.close(mode: .output).whenFailure { _ in target.close(promise: nil) }
            return
        }
        guard shape.stallEnd(now) == nil, shape.holdEnd(now) == nil, head.due <= now else { return }
        let rate = shape.currentRate(now)
        if rate > 0 {
            guard paid <= now else { return }
            paid = max(paid, now - .milliseconds(10)) + .seconds(Double(head.bytes.readableBytes) * 8 / rate)
        }
        queue.removeFirst()
        writing = true
        let count = head.bytes.readableBytes
        core.traffic.withLock { note(count, now, &$0) }
        target.writeAndFlush(head.bytes).whenComplete { _ in
            self.writing = false
            self.held -= count
            self.step(HostTime.now())
        }
    }

    private func note(_ count: Int, _ now: HostTime, _ traffic: inout FaultProxy.Traffic) {
        switch direction {
        case .up:
            traffic.firstUp = traffic.firstUp ?? now
            traffic.bytesUp += count
        case .down:
            traffic.firstDown = traffic.firstDown ?? now
            traffic.bytesDown += count
        }
    }
}

/// One end of a connection: what it reads goes into `incoming`, what `outgoing` holds is for it.
final class ProxySide: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let incoming: ProxyPipe
    private let outgoing: ProxyPipe

    init(incoming: ProxyPipe, outgoing: ProxyPipe) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    func channelActive(context: ChannelHandlerContext) { incoming.step(HostTime.now()) }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { incoming.take(unwrapInboundIn(data)) }
    func channelReadComplete(context: ChannelHandlerContext) { incoming.readCompleted() }
    func channelInactive(context: ChannelHandlerContext) { incoming.finish() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { incoming.finish() }
    }

    /// A reset: the other side is to see it too.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
