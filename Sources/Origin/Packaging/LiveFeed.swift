// The live feed of one stream for browsers: its packager, what a new viewer begins with, its viewers.
import Media
import Model
import NIOCore
import NIOHTTP1

// Safe because it is touched on the hub's loop only.
/// Begins with its first viewer, ends a while after the last.
final class LiveFeed: @unchecked Sendable {
    /// A fragment in both forms, made once for all viewers.
    struct Shared {
        let plain: ByteBuffer
        let chunk: ByteBuffer
        let isEntry: Bool

        init(_ fragment: FeedFragment) {
            plain = fragment.bytes
            chunk = HTTPChunk.framed(fragment.bytes)
            isEntry = fragment.isEntry
        }
    }

    /// Of what a new viewer begins with. A GOP that grows beyond is forgotten, and new viewers wait for the next.
    private static let cacheBytes = 16 << 20
    private static let cacheFragments = 2048

    let stream: LiveStream
    private let tap: PackagerTap
    private var packager: Packager?
    private var attachment: Attachment?
    private var initialization: MediaInitialization?
    private var cache: [Shared] = []
    private var cacheSize = 0
    private var viewers: [FeedViewing] = []
    /// What it could not go on for. All requests hear it, until the feed is let go of.
    private(set) var failure: HTTPRefusal?
    private(set) var isOver = false
    /// Since when nobody watches.
    private(set) var idleSince: HostTime? = .now()

    init(_ stream: LiveStream, _ core: OriginCore) {
        self.stream = stream
        tap = PackagerTap()
        packager = Packager("live-feed", queue: tap.queue, assembler: { FeedAssembler() }) { [weak self] made in
            core.loop.execute { [weak self] in self?.take(made) }
        } finished: {
            core.loop.execute { core.packagers -= 1 }
        }
        core.packagers += 1
        attachment = stream.attach(tap)
    }

    var contentType: String? { initialization?.contentType }
    var lostGOPs: Int { tap.lostGOPs }

    /// Nobody is to get anything any more.
    func close() {
        isOver = true
        release()
        for viewer in viewers { viewer.finish() }
        viewers = []
    }

    /// Nothing is packaged any more.
    private func release() {
        if let attachment { stream.detach(attachment) }
        attachment = nil
        tap.cancel()
    }

    // MARK: - Viewers

    func add(_ viewer: FeedViewing) {
        idleSince = nil
        viewers.append(viewer)
        if let failure { return viewer.refuse(failure) }
        begin(viewer)
    }

    func remove(_ viewer: FeedViewing) {
        viewers.removeAll { $0 === viewer }
        if viewers.isEmpty, idleSince == nil { idleSince = .now() }
    }

    private func begin(_ viewer: FeedViewing) {
        guard let initialization, !cache.isEmpty else { return }
        viewer.start(initialization)
        for fragment in cache { viewer.send(fragment) }
    }

    // MARK: - From the packager

    private func take(_ made: [PackagerOutput]) {
        for output in made {
            switch output {
            case .initialization(let fresh):
                // Another epoch: a browser begins anew with what it declares.
                endViewers()
                initialization = fresh
                clearCache()
            case .fragment(let fragment): add(Shared(fragment))
            case .segment: break
            case .failed(let error):
                failure = HTTPRefusal(.notImplemented, error.why)
                for viewer in viewers where viewer.isWaiting {
                    viewer.refuse(HTTPRefusal(.notImplemented, error.why))
                }
                endViewers()
                isOver = true
                release()
            case .ended:
                isOver = true
                endViewers()
            }
        }
    }

    private func add(_ fragment: Shared) {
        if fragment.isEntry { clearCache() }
        let isFirst = fragment.isEntry
        if isFirst || !cache.isEmpty {
            cache.append(fragment)
            cacheSize += fragment.plain.readableBytes
        }
        if cacheSize > Self.cacheBytes || cache.count > Self.cacheFragments { clearCache() }
        for viewer in viewers {
            if viewer.isWaiting { if isFirst { begin(viewer) } } else { viewer.send(fragment) }
        }
    }

    private func clearCache() {
        cache = []
        cacheSize = 0
    }

    /// Those who have got something; the others go on waiting.
    private func endViewers() {
        for viewer in viewers where !viewer.isWaiting { viewer.finish() }
        viewers.removeAll { !$0.isWaiting }
        if viewers.isEmpty, idleSince == nil { idleSince = .now() }
    }
}
