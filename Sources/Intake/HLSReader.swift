// HLS: follows a live playlist at its edge and feeds the segments' bytes, one after the other, to FFmpeg.
// Finished playlists, and those that need what is not built here (encryption, separate sound), go to
// FFmpeg's own HLS demuxer as a whole.
import Media
import Model
import Net
import Synchronization
import Wire

final class HLSReader: SourceReader {
    private let settings: SourceSettings
    private let port: EventPort
    private let cancel: CancelFlag
    private let pause: CancellableWait
    private let pool: HTTPClientPool
    private let delegate = Mutex<DemuxReader?>(nil)
    private let thread = Mutex<NamedThread?>(nil)
    private let received = Atomic<Int>(0)
    // The rest belongs to the fetching thread.
    private let facts = Mutex(HLSFacts())

    init(_ settings: SourceSettings, port: EventPort, cancel: CancelFlag) {
        self.settings = settings
        self.port = port
        self.cancel = cancel
        pause = CancellableWait(cancel)
        pool = HTTPClientPool(cancel: cancel)
    }

    func start() { thread.withLock { $0 = NamedThread("hls-fetch") { [self] in run() } } }
    func close() {
        pool.close()
        port.close()
    }
    func seek(to time: MediaTime, epoch: Int) { delegate.withLock(\.self)?.seek(to: time, epoch: epoch) }
    var receivedBytes: Int { received.load(ordering: .relaxed) }

    private func run() {
        facts.withLock { $0.began = .now() }
        var hadMedia = false
        do throws(SluiceError) {
            guard let first = try loadPlaylist(settings.address) else { return }
            guard first.playlist.isLive, !needsFFmpeg(first.playlist) else {
                // The chosen variant alone: FFmpeg would fetch all of them. Separate sound is named only by
                // the master playlist.
                var whole = settings
                if !needsWhole.withLock(\.self) { whole.address = first.address }
                let reader = DemuxReader(whole, port: port, cancel: cancel, tellsReached: false)
                delegate.withLock { $0 = reader }
                reader.run()
                return
            }
            var description = SourceDescription(
                transport: "hls", server: first.server, isLive: true, isSegmented: true)
            description.age = first.age
            _ = port.pushWaiting(.opened(description))
            try follow(first, hadMedia: &hadMedia)
            _ = port.pushWaiting(.end(nil))
        } catch {
            _ = port.pushWaiting(.end(cancel.isSet ? nil : (hadMedia ? error.midStream() : error)))
        }
        port.close()
    }

    // MARK: Playlists

    private struct Loaded {
        var playlist: MediaPlaylist
        var address: MediaAddress
        var server: String?
        var requested: HostTime
        /// Of its newest segment, at least.
        var age = Span.zero
    }

    /// Loads a media playlist, by way of a master playlist where there is one. nil when cancelled.
    private func loadPlaylist(_ address: MediaAddress, depth: Int = 0) throws(SluiceError) -> Loaded? {
        let what = settings.what
        let fetch = HTTPFetch.Settings(address: address, options: settings.options, what: what)
        guard let body = try pool.fetchWhole(fetch, limit: HLSPlaylist.maximumSize) else { return nil }
        if let fact = facts.withLock({ $0.reached(body) }) { port.tell(fact) }
        let parsed: HLSPlaylist
        do {
            parsed = try HLSPlaylist.parse(
                String(decoding: body.bytes, as: UTF8.self), baseURL: body.address.raw)
        } catch {
            throw SluiceError(.corrupt, what, why: "not an HLS playlist: \(error.message)")
        }
        switch parsed {
        case .media(let playlist):
            guard !playlist.segments.isEmpty || playlist.isLive else {
                throw SluiceError(.noMedia, what, why: "the playlist is empty")
            }
            let fact = facts.withLock { $0.loaded(playlist, at: .now()) }
            port.tell(fact)
            return Loaded(
                playlist: playlist, address: body.address, server: body.header("server"), requested: body.requested,
                age: SegmentAge.atLeast(
                    date: body.header("date"), lastModified: body.header("last-modified")))
        case .master(let master):
            guard depth == 0, let variant = master.variant(matching: settings.options.quality.selection) else {
                throw SluiceError(.noMedia, what, why: "the master playlist names no stream")
            }
            port.tell(.variants(master.variants.map(VariantFacts.init)))
            if master.audioRendition(for: variant)?.uri != nil { needsWhole.withLock { $0 = true } }
            return try loadPlaylist(try MediaAddress(variant.uri), depth: 1)
        }
    }

    private let needsWhole = Mutex(false)
    private func needsFFmpeg(_ playlist: MediaPlaylist) -> Bool {
        needsWhole.withLock(\.self) || playlist.segments.contains { $0.key.map { $0.method != "NONE" } ?? false }
    }

    // MARK: Segments

    /// Fetches segments at the live edge until the playlist ends or stops changing.
    private func follow(_ first: Loaded, hadMedia: inout Bool) throws(SluiceError) {
        var loaded = first
        var schedule = SegmentSchedule(startDelay: settings.startDelay)
        schedule.loaded(loaded.playlist, at: loaded.requested)
        var feed = SegmentFeed(port: port, cancel: cancel, format: settings.format)
        defer { feed.finish() }
        var lastProgress = HostTime.now()
        var map: MediaPlaylist.Map?
        var isCut = false
        while !cancel.isSet {
            switch schedule.step(loaded.playlist, loadedAt: loaded.requested) {
            case .ended: return
            case .reload(let time):
                if let limit = settings.options.silenceTimeout, HostTime.now() - lastProgress > limit {
                    throw stalled(hadMedia)
                }
                pause.wait(until: time)
                guard !cancel.isSet else { return }
                if let problem = feed.problem { throw problem }
                guard let next = try reload(loaded) else { continue }
                loaded = next
                schedule.loaded(next.playlist, at: next.requested)
            case .fetch(let segment):
                // A cut before a segment that is left out is a cut before the next one.
                isCut = isCut || segment.isDiscontinuity
                if segment.isGap { continue }
                if isCut || (map != nil && segment.map != map) { feed.restart() }
                if isCut, hadMedia { port.tell(.cut) }
                isCut = false
                if let wanted = segment.map, wanted != map || feed.isFresh {
                    guard let header = try fetch(wanted.uri, wanted.byteRange) else { continue }
                    _ = try feed.write(header.bytes, arrival: header.lastArrival, date: nil)
                }
                map = segment.map
                guard let body = try fetch(segment.uri, segment.byteRange) else { continue }
                if !hadMedia { port.tell(.firstByte(at: body.firstArrival)) }
                guard try feed.write(body.bytes, arrival: body.lastArrival, date: segment.programDateTime) else {
                    return
                }
                hadMedia = true
                lastProgress = .now()
            }
        }
    }

    /// A playlist that fails once may come back: the time-out for silence decides, not one bad answer.
    /// - Returns: nil when there was none this time, or when cancelled.
    private func reload(_ current: Loaded) throws(SluiceError) -> Loaded? {
        do throws(SluiceError) {
            return try loadPlaylist(current.address, depth: 1)
        } catch {
            guard Self.mayPass(error) else { throw error }
            _ = port.pushWaiting(.note("the playlist did not come: \(error.why)"))
            pause.wait(until: .now() + .milliseconds(250))
            return nil
        }
    }

    private static func mayPass(_ error: SluiceError) -> Bool {
        switch error.reason {
        case .serverError, .timeout, .connectionLost, .refused, .unreachable, .notLive: true
        default: false
        }
    }

    private func fetch(_ uri: String, _ range: MediaPlaylist.ByteRange?) throws(SluiceError) -> HTTPBody? {
        var request = HTTPFetch.Settings(
            address: try MediaAddress(uri), options: settings.options, what: settings.what)
        if let range {
            let last = range.offset + range.length - 1
            request.headers.append(HeaderField(name: "Range", value: "bytes=\(range.offset)-\(last)"))
        }
        // A segment that fails is tried once more; then it is left out, and the picture goes on with the next.
        for attempt in 1...2 {
            do throws(SluiceError) {
                guard let body = try pool.fetchWhole(request, limit: 256 << 20) else { return nil }
                received.add(body.bytes.count, ordering: .relaxed)
                if body.isComplete || attempt == 2 { return body }
            } catch {
                guard Self.mayPass(error) else { throw error }
                if attempt == 2 { _ = port.pushWaiting(.note("a segment was left out: \(error.why)")) }
            }
        }
        return nil
    }

    private func stalled(_ hadMedia: Bool) -> SluiceError {
        let what = settings.what
        return hadMedia
            ? SluiceError(.connectionLost, what, why: "the playlist has stopped growing", isMidStream: true)
            : SluiceError(.notLive, what, why: "the playlist has no segments")
    }
}

extension StreamQuality {
    var selection: MasterPlaylist.Selection {
        switch self {
        case .best: .best
        case .worst: .worst
        case .height(let height): .height(height)
        }
    }
}
