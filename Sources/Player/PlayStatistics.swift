// What a play measures of itself: fed by every stage, read once a second. Only counts; decides nothing.
import Intake
import Media
import Model
import Timing

/// Shared by all threads of one play.
final class PlayStatistics: Sendable {
    struct Values {
        var netRate = RateMeter(window: .seconds(2))
        var videoRate = RateMeter(window: .seconds(2))
        var audioRate = RateMeter(window: .seconds(2))
        var pictureRate = RateMeter(window: .seconds(2))
        var gop = GOPMeter()
        var jitter = JitterEstimator()
        var edge = LiveEdge()
        var newestVideo: MediaTime?
        var newestAudio: MediaTime?
        var width = 0
        var height = 0

        var firstShown: HostTime?
        var shown = 0
        var dropped = 0
        var damaged = 0
        var lastShownHost: HostTime?
        var lastShownMedia: MediaTime?
        var lastShownEpoch = 0
        var stalls = 0
        var stallTime = Span.zero
        var latency = SpanHistogram()
        var lastLatency: Span?
        var delay: Span?
        var decodeTime: Span?

        var offset = SpanHistogram()
        var lastOffset: Span?
        var audioQueued: Span?
        var rate = 1.0
        /// What playback aims at, and why it runs as it does; nil where it does not wait.
        var targetDelay: Span?
        var reason = ""
        var isLed = false
        var skips = 0
        var underruns = 0
        var reconnects = 0
        /// Of the newest packet: what is known of arrival belongs to one timeline.
        var epoch = 0
    }

    private let values = Monitor(Values())

    /// A gap between pictures that exceeds their distance in the stream by this much is a stall.
    static let stallThreshold = Span.milliseconds(200)
    /// The service's event 2105.
    static let lagThreshold = Span.milliseconds(800)

    func read<Result>(_ body: (inout Values) -> Result) -> Result { values.withLock(body) }

    func received(_ packet: Packet) {
        values.withLock { values in
            let bits = Double(packet.data.count * 8)
            if packet.epoch > values.epoch {
                values.epoch = packet.epoch
                values.jitter = JitterEstimator()
                values.edge.reset()
                values.gop = GOPMeter()
                (values.newestVideo, values.newestAudio) = (nil, nil)
            }
            values.netRate.add(bits, at: packet.arrival)
            let time = packet.orderTime
            switch packet.kind {
            case .video:
                values.videoRate.add(bits, at: packet.arrival)
                values.newestVideo = packet.pts ?? time
                if packet.isKeyframe, let time { values.gop.add(keyframeAt: time) }
                if let time {
                    values.jitter.add(arrival: packet.arrival, media: time)
                    values.edge.add(arrival: packet.arrival, media: time)
                }
            case .audio:
                values.audioRate.add(bits, at: packet.arrival)
                values.newestAudio = packet.pts ?? time
                if values.newestVideo == nil, let time {
                    values.jitter.add(arrival: packet.arrival, media: time)
                    values.edge.add(arrival: packet.arrival, media: time)
                }
            case .data: break
            }
        }
    }

    /// - Returns: The length of a lag (over 800 ms between pictures that should have been closer), else nil.
    func shown(_ picture: DecodedPicture, at host: HostTime, wall: WallTime) -> Span? {
        values.withLock { values in
            values.shown += 1
            values.pictureRate.add(1, at: host)
            values.width = picture.frame.width
            values.height = picture.frame.height
            values.decodeTime = picture.decodeTime
            if values.firstShown == nil { values.firstShown = host }
            if let mark = picture.mark {
                values.lastLatency = wall - mark
                values.latency.add(wall - mark)
            }
            if let pts = picture.pts, !values.isLed {
                values.delay = values.edge.delay(presenting: pts, at: host)
            }
            defer {
                values.lastShownHost = host
                values.lastShownMedia = picture.pts
                values.lastShownEpoch = picture.epoch
            }
            guard let before = values.lastShownHost else { return nil }
            let gap = host - before
            var due = Span.zero
            if let pts = picture.pts, let last = values.lastShownMedia, pts > last,
                picture.epoch == values.lastShownEpoch
            {
                due = pts - last
            }
            guard gap - min(due, .seconds(10)) > Self.stallThreshold else { return nil }
            values.stalls += 1
            values.stallTime = values.stallTime + (gap - min(due, .seconds(10)))
            return gap > Self.lagThreshold ? gap : nil
        }
    }

    /// After a pause or a seek the gap says nothing about the stream.
    func forgetLastPicture() {
        values.withLock {
            $0.lastShownHost = nil
            $0.lastShownMedia = nil
        }
    }

    /// Buffered playback tells where it stands.
    func led(delay: Span?, target: Span, rate: Double, reason: DelayReason) {
        values.withLock { values in
            values.isLed = true
            values.delay = delay
            values.targetDelay = target
            values.rate = rate
            values.reason = reason.rawValue.replacing("_", with: " ")
        }
    }

    func skipped() { values.withLock { $0.skips += 1 } }

    /// - Parameter rate: nil where the clock's rate is told by `led`.
    func heard(offset: Span?, queued: Span, rate: Double?, underruns: Int) {
        values.withLock { values in
            if let offset {
                values.lastOffset = offset
                values.offset.add(offset)
            }
            values.audioQueued = queued
            values.rate = rate ?? values.rate
            values.underruns = underruns
        }
    }

    func dropped(_ count: Int) {
        guard count > 0 else { return }
        values.withLock { $0.dropped += count }
    }

    func reconnected() { values.withLock { $0.reconnects += 1 } }

    func damaged(_ count: Int = 1) { values.withLock { $0.damaged += count } }
}
