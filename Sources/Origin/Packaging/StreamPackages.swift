// What is packaged of the origin's streams: made when somebody asks for it, let go of when nobody does.
import Model
import NIOCore

// Safe because it is touched on the hub's loop only.
final class StreamPackages: @unchecked Sendable {
    /// A packager that nobody has asked for anything for so long ends.
    private static let idleLimit = Span.seconds(60)
    /// The page of a browser comes back sooner.
    private static let feedIdleLimit = Span.seconds(10)
    /// What cannot be packaged is not tried again before that, however many ask.
    private static let retryAfter = Span.seconds(2)
    /// So long the end of a stream can be had.
    private static let farewell = Span.seconds(60)

    private let core: OriginCore
    private var presentations: [String: HLSPresentation] = [:]
    /// Of publications that are over while the next one is packaged.
    private var former: [HLSPresentation] = []
    private var feeds: [String: LiveFeed] = [:]
    private var sweep: RepeatedTask?

    init(_ core: OriginCore) { self.core = core }

    /// nil where no stream of that name is open, nor was until a moment ago.
    func presentation(named name: String) -> HLSPresentation? {
        let stream = core.hub.stream(named: name)
        if let found = presentations[name] {
            // What has ended is shown until there is something new to show.
            let isShown =
                found.stream === stream && (!found.hasEnded || stream?.state != .live || isFresh(found))
            if stream == nil || isShown { return found }
            if !found.hasEnded { found.close() } else if !found.hasFailed { former.append(found) }
        }
        guard let stream else { return nil }
        let made = HLSPresentation(stream, core)
        presentations[name] = made
        keepSweeping()
        return made
    }

    /// Has just failed, and would again.
    private func isFresh(_ presentation: HLSPresentation) -> Bool {
        guard presentation.hasFailed, let end = presentation.endedAt else { return false }
        return HostTime.now() - end < Self.retryAfter
    }

    func item(of name: String, named file: String) -> HLSShelf.Item? {
        if let item = presentations[name]?.item(named: file) { return item }
        return former.lazy.filter { $0.stream.name == name }.compactMap { $0.item(named: file) }.first
    }

    /// nil where no stream of that name is open.
    func feed(named name: String) -> LiveFeed? {
        guard let stream = core.hub.stream(named: name) else { return nil }
        if let found = feeds[name], found.stream === stream {
            // One that has failed is there until it is swept away.
            if !found.isOver || (found.failure != nil && stream.state == .live) { return found }
        }
        let made = LiveFeed(stream, core)
        feeds[name] = made
        keepSweeping()
        return made
    }

    // MARK: - Letting go

    private func keepSweeping() {
        guard sweep == nil else { return }
        sweep = core.loop.scheduleRepeatedTask(initialDelay: .seconds(2), delay: .seconds(2)) {
            [weak self] task in
            guard let self else { return task.cancel() }
            self.letGo(.now())
        }
    }

    private func letGo(_ now: HostTime) {
        let isStale = { (presentation: HLSPresentation) in
            if let end = presentation.endedAt { return now - end > Self.farewell }
            return now - presentation.lastRequest > Self.idleLimit
        }
        for (name, presentation) in presentations where isStale(presentation) {
            presentation.close()
            presentations[name] = nil
        }
        former.removeAll(where: isStale)
        for (name, feed) in feeds {
            let isIdle = feed.idleSince.map { now - $0 > Self.feedIdleLimit } ?? false
            guard feed.isOver || isIdle else { continue }
            feed.close()
            feeds[name] = nil
        }
        guard presentations.isEmpty, former.isEmpty, feeds.isEmpty else { return }
        sweep?.cancel()
        sweep = nil
    }
}
