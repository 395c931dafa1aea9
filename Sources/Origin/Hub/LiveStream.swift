// One stream of the origin: its publisher, its headers, its GOP cache, its viewers, what is counted about it.
import Model
import NIOCore
import Wire

// Safe because it is touched on `loop` only.
/// Lives from `open` to `close`; publishers come and go.
final class LiveStream: @unchecked Sendable {
    let name: String
    private let loop: any EventLoop
    private let settings: OriginSettings

    private(set) var state = StreamState.waiting
    private(set) var counters: StreamCounters
    /// The headers that hold now.
    private(set) var headers = HeaderSet.none
    private var cache: GOPCache
    private var publication: Publication?
    private var lanes: [FanoutLane] = []
    /// Those with a connection of their own.
    private(set) var connectedViewers = 0
    private var polling = PollingAudience()
    private var hasKeyFrame = false
    /// Messages of sound since the last picture; the stream counts as one without pictures where it never had
    /// any, and when the sound has gone on alone for a while (115 messages, as SRS has it: two seconds and a half).
    private var soundsAlone = 0
    private var hasPictures = false
    private var newest: UInt32 = 0
    private static let soundsThatMakeSoundOnly = 115

    init(_ name: String, loop: any EventLoop, settings: OriginSettings) {
        self.name = name
        self.loop = loop
        self.settings = settings
        counters = StreamCounters()
        cache = GOPCache(settings.gopCache)
        lanes = [
            FanoutLane(merge: .zero, loop: loop, policy: settings.fanout) { [weak self] in self?.cache.add($0) }
        ]
    }

    /// There are no pictures at this time.
    var isSoundOnly: Bool { !hasPictures || soundsAlone > Self.soundsThatMakeSoundOnly }
    var hasAudio: Bool { headers.hasAudio || counters.audioMessages > 0 }
    var hasVideo: Bool { headers.hasVideo || hasPictures }

    // MARK: - The publisher

    /// - Returns: nil where somebody publishes already, or the stream is closed.
    func publish(_ onEnd: @escaping (StreamEnd) -> Void) -> Publication? {
        guard publication == nil, state != .stopped else { return nil }
        let begun = Publication(self, onEnd)
        publication = begun
        state = .live
        counters.publications += 1
        counters.since = .now()
        return begun
    }

    /// The messages of one read.
    func receive(_ tags: [FLVTag], from source: Publication, now: HostTime) {
        // A stream that was closed has let go of its publication.
        guard source === publication else { return }
        for tag in tags {
            counters.bytesIn += tag.body.readableBytes
            if let tag = StreamTag(tag) { take(tag, now) }
        }
        let isSoundOnly = isSoundOnly
        for lane in lanes { lane.settle(isSoundOnly: isSoundOnly, now: now) }
    }

    private func take(_ tag: StreamTag, _ now: HostTime) {
        if tag.isPicture {
            hasKeyFrame = hasKeyFrame || tag.facts.isKeyFrame
            // Nobody can decode what comes before the first key frame.
            guard hasKeyFrame else { return }
            count(picture: true)
        } else if tag.isSound {
            count(picture: false)
        }
        let before = headers
        if tag.isHeader { headers = headers.replacing(with: tag) }
        if !tag.facts.isMetadata { newest = tag.tag.timestamp }
        let isSoundOnly = isSoundOnly
        for lane in lanes {
            lane.take(tag, before: before, after: headers, isSoundOnly: isSoundOnly, now: now)
        }
    }

    private func count(picture: Bool) {
        if picture {
            counters.videoFrames += 1
            soundsAlone = 0
            hasPictures = true
        } else {
            counters.audioMessages += 1
            soundsAlone += 1
        }
    }

    /// The publisher is gone, for whatever reason: the viewers are told at once.
    func unpublish(_ ended: Publication) {
        guard publication === ended else { return }
        for lane in lanes { lane.flush() }
        publication = nil
        if state == .live { state = .waiting }
        forget()
        dismiss(.unpublished)
    }

    private func forget() {
        headers = .none
        cache.clear()
        hasKeyFrame = false
        hasPictures = false
        soundsAlone = 0
        newest = 0
        counters.since = nil
    }

    private func dismiss(_ reason: StreamEnd) {
        let gone = lanes.flatMap { $0.clear() }
        lanes.removeSubrange(1...)
        connectedViewers = 0
        polling.clear()
        for attachment in gone { attachment.viewer.end(reason) }
    }

    /// Ends the publication and every viewing; nobody can come back.
    func close() {
        guard state != .stopped else { return }
        state = .stopped
        let ended = publication
        publication = nil
        for lane in lanes { lane.flush() }
        forget()
        dismiss(.closed)
        ended?.onEnd(.closed)
    }

    // MARK: - Viewers

    /// From now on `viewer` gets the stream: headers, then everything since the last key frame, at once; then what
    /// comes. Waits for a publisher where there is none.
    /// - Returns: What `detach` takes; nil where the stream is closed.
    func attach(_ viewer: any StreamViewer, _ options: ViewerOptions = ViewerOptions()) -> Attachment? {
        guard state != .stopped else { return nil }
        let attachment = Attachment(viewer, options)
        // What still waits for company would otherwise come twice, or not at all.
        for lane in lanes { lane.flush() }
        begin(attachment)
        lane(options.merge).add(attachment)
        if viewer.isCounted {
            connectedViewers += 1
            countPeak(polling.count(.now()))
        }
        return attachment
    }

    /// A viewer that has no place here: it asks for a playlist every `target`.
    func polled(by who: String, target: Span) {
        guard state == .live else { return }
        countPeak(polling.asked(who, target: target, now: .now()))
    }

    private func countPeak(_ pollers: Int) {
        counters.peakViewers = max(counters.peakViewers, connectedViewers + pollers)
    }

    private func begin(_ attachment: Attachment) {
        if attachment.options.wantsGOP, !cache.batches.isEmpty {
            for batch in cache.batches { attachment.take(batch) }
            return
        }
        // Before the first media more headers may come: a viewer gets them together, then.
        guard !headers.isEmpty, hasPictures || soundsAlone > 0 else { return }
        // A player opens its decoders meanwhile.
        attachment.viewer.deliver(headers.batch(at: newest, arrival: .now()))
        attachment.headers = headers
    }

    private func lane(_ merge: Span) -> FanoutLane {
        if let found = lanes.first(where: { $0.merge == merge }) { return found }
        let made = FanoutLane(merge: merge, loop: loop, policy: settings.fanout)
        lanes.append(made)
        return made
    }

    /// Idempotent.
    func detach(_ attachment: Attachment) {
        for lane in lanes where lane.attachments.contains(where: { $0 === attachment }) {
            lane.remove(attachment)
            if attachment.viewer.isCounted { connectedViewers -= 1 }
        }
        lanes.removeAll { $0.merge > .zero && $0.attachments.isEmpty }
    }

    // MARK: - Account

    func count(bytesOut: Int) { counters.bytesOut += bytesOut }
    func count(droppedGOPs: Int) { counters.droppedGOPs += droppedGOPs }
    func countCutOff() { counters.cutOffViewers += 1 }

    var facts: StreamFacts {
        StreamFacts(name: name, state: state, viewers: connectedViewers + polling.count(.now()), counters)
    }
}
