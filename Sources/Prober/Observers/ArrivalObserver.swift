// How evenly one track arrives, and how late it is, without the backlog that a server begins with.
import Model
import Timing

struct ArrivalObserver: Sendable {
    /// What a packet says about the time from its capture to its arrival.
    struct Delays: Sendable {
        var mark: Span?
        var programDate: Span?
    }

    private var backlog = OpeningBacklog<Delays>()
    private var estimator = JitterEstimator()
    // Ten seconds: longer than any stall that a live player rides out, short enough to follow crystals.
    private var edge = LiveEdge(window: .seconds(10))
    private(set) var relative = SpanHistogram()
    private(set) var worst = Span.zero
    private(set) var worstAt: MediaTime?
    private(set) var marked = SpanHistogram()
    private(set) var programDated = SpanHistogram()
    /// Of the last pictures: with B-frames one picture alone tells little of the others.
    private var recentMarks = OffsetTracker(capacity: 30)
    var recentMark: Span? { recentMarks.median }
    /// Of segments, whose packets come at once, the newest time counts.
    private var pending: OpeningBacklog<Delays>.Sample?
    private let isSegmented: Bool

    /// - Parameter isSegmented: Packets come by the segment, all of which have one arrival.
    init(isSegmented: Bool = false) { self.isSegmented = isSegmented }

    /// RFC 3550; nil before two live packets.
    var jitter: Span? { relative.count < 2 ? nil : estimator.jitter }
    var backlogLength: Span? { backlog.length }

    mutating func add(arrival: HostTime, media: MediaTime, delays: Delays) {
        take(backlog.add(arrival: arrival, media: media, delays))
    }

    /// The timeline broke: offsets before and after cannot be compared.
    mutating func restart() {
        take(backlog.settle())
        releasePending()
        edge.reset()
        estimator = JitterEstimator()
    }

    /// The observation is over.
    mutating func finish() {
        take(backlog.settle())
        releasePending()
    }

    private mutating func take(_ samples: [OpeningBacklog<Delays>.Sample]) {
        for sample in samples {
            if isSegmented {
                if let pending, pending.arrival != sample.arrival { note(pending) }
                pending = sample
            } else {
                note(sample)
            }
            if let delay = sample.payload.mark {
                marked.add(delay)
                recentMarks.add(delay)
            }
            if let delay = sample.payload.programDate { programDated.add(delay) }
        }
    }

    private mutating func releasePending() {
        if let pending { note(pending) }
        pending = nil
    }

    private mutating func note(_ sample: OpeningBacklog<Delays>.Sample) {
        estimator.add(arrival: sample.arrival, media: sample.media)
        edge.add(arrival: sample.arrival, media: sample.media)
        guard let late = edge.delay(presenting: sample.media, at: sample.arrival) else { return }
        relative.add(late)
        if late > worst { (worst, worstAt) = (late, sample.media) }
    }
}

/// Times without any media, whatever their stamps say: what a viewer without a buffer sees as a freeze.
struct StallObserver: Sendable {
    struct Stall: Sendable, Equatable {
        /// The last media time before it.
        var at: MediaTime?
        var length: Span
    }

    /// Longer than scheduling and key frames on a thin line explain, half of what a one-second buffer rides out.
    static let threshold = Span.milliseconds(500)
    private static let kept = 5

    private(set) var count = 0
    private(set) var total = Span.zero
    private(set) var longest: Stall?
    private(set) var examples: [Stall] = []
    private var last: (arrival: HostTime, media: MediaTime?)?

    /// - Parameter usual: The usual distance between packets.
    mutating func add(arrival: HostTime, media: MediaTime?, usual: Span) {
        note(until: arrival, usual: usual)
        last = (arrival, media)
    }

    /// The observation ends: silence up to here counts.
    mutating func finish(at now: HostTime, usual: Span) { note(until: now, usual: usual) }

    /// A connection that was taken up again: the hole is told of elsewhere.
    mutating func restart() { last = nil }

    private mutating func note(until now: HostTime, usual: Span) {
        guard let last, now - last.arrival - usual > Self.threshold else { return }
        let stall = Stall(at: last.media, length: now - last.arrival)
        count += 1
        total = total + stall.length
        if examples.count < Self.kept { examples.append(stall) }
        if longest.map({ stall.length > $0.length }) ?? true { longest = stall }
    }
}
