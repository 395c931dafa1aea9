// One HTTP connection to the origin: requests one after the other, each answered before the next is looked at, until
// one asks for a stream. Here are the deadlines; what there is to see is in the packages and in the hub.
import Model
import NIOCore
import NIOHTTP1

// Safe because it is touched on the channel's event loop only.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart

    /// From one answer to the next request.
    static let keepAlive = Span.seconds(30)
    /// Bytes per second of a line that is worth waiting for.
    private static let slowestRate = 32768.0
    /// Requests that a client may send ahead of their answers.
    private static let mostRequests = 16

    private let core: OriginCore
    private let packages: StreamPackages
    private let ticket: ConnectionLedger.Ticket
    private var channel: (any Channel)?
    private var deadline: Scheduled<Void>?

    private var waiting: [HTTPRequestHead] = []
    /// The request that is being answered.
    private var request: HTTPRequestHead?
    private var isClosing = false
    /// Has the connection for itself, from the request on.
    private var viewing: (any HTTPViewing)?
    /// A request came after the viewer's, and is lost.
    private var hasIgnored = false

    init(_ core: OriginCore, _ packages: StreamPackages, _ ticket: ConnectionLedger.Ticket) {
        self.core = core
        self.packages = packages
        self.ticket = ticket
    }

    // MARK: - The socket

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context.channel) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context.channel)
        context.fireChannelActive()
    }

    private func begin(_ channel: any Channel) {
        guard self.channel == nil else { return }
        self.channel = channel
        expectRequest(within: core.settings.handshakeDeadline)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), !isClosing else { return }
        guard viewing == nil else {
            hasIgnored = true
            return
        }
        guard waiting.count < Self.mostRequests else { return context.close(promise: nil) }
        waiting.append(head)
        next()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isClosing, viewing == nil else {
            return context.close(promise: nil)
        }
        waiting = []
        request = nil
        let isTooLarge = error == .headerOverflow
        refuse(
            isTooLarge
                ? HTTPRefusal(.requestHeaderFieldsTooLarge, "the header is too large")
                : HTTPRefusal(.badRequest, "this is not HTTP"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        channel = nil
        viewing?.leave()
        viewing = nil
        context.fireChannelInactive()
    }

    // MARK: - Requests

    private func next() {
        guard request == nil, !isClosing, viewing == nil, !waiting.isEmpty else { return }
        let head = waiting.removeFirst()
        request = head
        deadline?.cancel()
        ticket.spoke()
        do throws(HTTPRefusal) {
            try HTTPRoute.check(head)
            if head.method == .OPTIONS { return answer(.preflight) }
            let target = try HTTPTarget(head.uri)
            try serve(HTTPRoute(head, target, application: core.settings.application), target)
        } catch {
            refuse(error)
        }
    }

    private func serve(_ route: HTTPRoute, _ target: HTTPTarget) throws(HTTPRefusal) {
        guard let channel else { return }
        switch route {
        case .flv(let name):
            guard let stream = core.hub.stream(named: name) else { throw .notFound }
            let options = ViewerOptions { target.value(of: $0) }
            show(FLVViewing(stream, channel, core.settings, options, isChunked: isChunked))
        case .feed(let name):
            guard let feed = packages.feed(named: name) else { throw .notFound }
            show(FeedViewing(feed, channel, core.settings, isChunked: isChunked))
        case .playlist(let name):
            guard let presentation = packages.presentation(named: name) else { throw .notFound }
            presentation.awaitPlaylist(of: who) { [weak self] result in self?.answer(result) }
        case .segment(let name, let file):
            guard let item = packages.item(of: name, named: file) else { throw .notFound }
            answer(item)
        }
    }

    /// What tells one who polls from another: each request may come on a connection of its own.
    private var who: String {
        let agent = request?.headers["user-agent"].first ?? ""
        return "\(channel.map(core.address) ?? "") \(agent.prefix(200))"
    }

    private func show(_ viewing: any HTTPViewing) {
        guard request?.method != .HEAD else { return answer(viewing.head) }
        self.viewing = viewing
        hasIgnored = !waiting.isEmpty
        waiting = []
        viewing.begin { [weak self] refusal in
            guard let self else { return }
            self.viewing = nil
            // Nobody is to wait for the answer to a request that nobody has kept.
            refuse(refusal, ends: hasIgnored)
        }
    }

    private func answer(_ result: HLSPresentation.Answer) {
        switch result {
        case .playlist(let bytes):
            var answer = HTTPAnswer(.ok, contentType: "application/vnd.apple.mpegurl", .whole(bytes))
            answer.caching = .revalidated
            self.answer(answer)
        case .refused(let refusal): refuse(refusal)
        }
    }

    private func answer(_ item: HLSShelf.Item) {
        var answer = HTTPAnswer(.ok, contentType: item.contentType, .whole(item.bytes))
        let size = item.bytes.readableBytes
        switch HTTPByteRange(request?.headers["range"].first, of: size) {
        case .whole: break
        case .part(let range):
            let from = item.bytes.readerIndex + range.lowerBound
            answer.status = .partialContent
            answer.body = .whole(item.bytes.getSlice(at: from, length: range.count) ?? ByteBuffer())
            answer.fields.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
        case .unsatisfiable:
            answer = HTTPAnswer(HTTPRefusal(.rangeNotSatisfiable, "there are not so many bytes"))
            answer.fields.append(("Content-Range", "bytes */\(size)"))
            return self.answer(answer)
        }
        answer.caching = .constant
        answer.fields.append(("Accept-Ranges", "bytes"))
        self.answer(answer)
    }

    // MARK: - Answers

    private var isChunked: Bool { request.map { $0.version.minor >= 1 } ?? true }

    private func refuse(_ refusal: HTTPRefusal, ends: Bool = false) {
        // Where the next request begins can then not be told.
        let isUnclear = [400, 413, 414, 431, 505].contains(Int(refusal.status.code))
        answer(HTTPAnswer(refusal), ends: ends || isUnclear)
    }

    private func answer(_ answer: HTTPAnswer, ends: Bool = false) {
        guard let channel, !isClosing else { return }
        let keepsAlive = !ends && request?.isKeepAlive == true
        let bytes = answer.bytes(isHead: request?.method == .HEAD, keepsAlive: keepsAlive, isChunked: isChunked)
        isClosing = !keepsAlive
        // A client that takes nothing holds a segment in memory; one on a slow line may take its time.
        let patience = core.settings.viewerStall + .seconds(Double(bytes.readableBytes) / Self.slowestRate)
        watch(patience) { $0.channel?.close(promise: nil) }
        channel.writeAndFlush(bytes).whenComplete { [weak self] _ in self?.answered() }
    }

    private func answered() {
        guard let channel else { return }
        request = nil
        guard !isClosing else {
            // Closing both ways with a body unread would make the kernel throw the answer away.
            channel.close(mode: .output, promise: nil)
            return watch(Span(nanoseconds: ViewerOutbox.farewell.nanoseconds)) { $0.channel?.close(promise: nil) }
        }
        expectRequest(within: Self.keepAlive)
        next()
    }

    // MARK: - Deadlines

    /// For a whole request, however it dribbles in.
    private func expectRequest(within span: Span) { watch(span) { $0.channel?.close(promise: nil) } }

    private func watch(_ span: Span, _ act: @escaping @Sendable (HTTPConnection) -> Void) {
        deadline?.cancel()
        deadline = core.loop.scheduleTask(in: .nanoseconds(max(0, span.nanoseconds))) { [weak self] in
            guard let self, self.channel != nil else { return }
            act(self)
        }
    }
}

/// A viewer on a connection that carries nothing else from now on.
protocol HTTPViewing: AnyObject {
    /// What HEAD is answered with.
    var head: HTTPAnswer { get }
    /// - Parameter onRefusal: Called instead of the first byte where there is no stream to be had.
    func begin(onRefusal: @escaping (HTTPRefusal) -> Void)
    /// The connection is gone.
    func leave()
}
