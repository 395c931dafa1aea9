// How sound and picture lie beside each other in the order of arrival, and whether they drift apart.
import Model
import Timing

struct InterleaveObserver: Sendable {
    struct Drift: Sendable, Equatable {
        /// Over the observation; positive: sound runs ahead.
        var total: Span
        var perSecond: Span
        /// How well a straight line explains it: the median distance from the line.
        var noise: Span
        /// Each third of the observation does its part; a single step is not drift.
        var isSteady: Bool
        var from: MediaTime
        var length: Span
    }

    private struct Bucket: Sendable {
        var start: MediaTime
        var values: [Span] = []
        /// The least arrival − media time of each track: what its fastest packet took.
        var fastestAudio: Span?
        var fastestVideo: Span?

        mutating func note(_ kind: TrackKind, took: Span) {
            if kind == .video {
                fastestVideo = min(fastestVideo ?? took, took)
            } else {
                fastestAudio = min(fastestAudio ?? took, took)
            }
        }

        /// Audio − video. Where arrival is known, of the fastest packets: a busy encoder or a network's queue makes
        /// others late, now one track and now the other, which looks like drift for seconds.
        var offset: Span {
            if let fastestAudio, let fastestVideo { return fastestVideo - fastestAudio }
            return values.sorted()[values.count / 2]
        }
    }

    private var audio: MediaTime?
    private var video: MediaTime?
    /// Where the picture was when sound last came, and the other way round.
    private var videoAtAudio: MediaTime?
    private var audioAtVideo: MediaTime?
    /// A track that lets the other run on for so long has fallen silent: how far they are apart says nothing then.
    private static let silence = Span.seconds(1)
    private var histogram = SpanHistogram()
    private var points: [(at: MediaTime, offset: Span)] = []
    private var bucket: Bucket?
    private var bucketLength = Span.milliseconds(500)
    private static let capacity = 120

    /// - Parameter arrival: nil where it says nothing, as in files and segments.
    mutating func add(_ kind: TrackKind, at time: MediaTime, arrival: HostTime? = nil) {
        if kind == .video {
            (video, audioAtVideo) = (time, audio)
        } else {
            (audio, videoAtAudio) = (time, video)
        }
        guard let audio, let video else { return }
        let alone = kind == .video ? videoAtAudio.map { video - $0 } : audioAtVideo.map { audio - $0 }
        guard alone ?? .zero <= Self.silence else { return }
        let offset = audio - video
        histogram.add(offset)
        // By the picture's time alone: sound may be far from it.
        if let open = bucket, (video - open.start).magnitude >= bucketLength { close(open) }
        if bucket == nil { bucket = Bucket(start: video) }
        bucket?.values.append(offset)
        guard let arrival else { return }
        let took = Span(nanoseconds: arrival.nanoseconds &- time.nanoseconds)
        bucket?.note(kind, took: took)
    }

    /// A break of the timeline: offsets before and after it cannot be compared.
    mutating func restart() {
        audio = nil
        video = nil
        videoAtAudio = nil
        audioAtVideo = nil
        points = []
        bucket = nil
    }

    private mutating func close(_ open: Bucket) {
        // Two values or three are no median of anything.
        if open.values.count >= 4 { points.append((open.start, open.offset)) }
        bucket = nil
        guard points.count > Self.capacity else { return }
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        bucketLength = bucketLength * 2
    }

    /// Audio − video, of all packets; nil without both.
    var median: Span? { histogram.percentile(0.5).map(Span.milliseconds) }

    /// Whether the middle lies between the ends.
    private static func isSteady(_ offsets: [Span]) -> Bool {
        func median(_ part: ArraySlice<Span>) -> Double { part.sorted()[part.count / 2].seconds }
        let third = offsets.count / 3
        let (first, middle) = (median(offsets[..<third]), median(offsets[third..<offsets.count - third]))
        let last = median(offsets[(offsets.count - third)...])
        guard last != first else { return false }
        return (0.25...0.75).contains((middle - first) / (last - first))
    }

    /// The slope by Theil and Sen: the median of the slopes between all points, which a single stall cannot bend.
    /// nil until three seconds are known.
    var drift: Drift? {
        guard points.count >= 6, let first = points.first, let last = points.last,
            last.at - first.at >= .seconds(2.5)
        else { return nil }
        var slopes: [Double] = []
        for (index, a) in points.enumerated() {
            for b in points[(index + 1)...] where b.at > a.at {
                slopes.append((b.offset - a.offset).seconds / (b.at - a.at).seconds)
            }
        }
        guard !slopes.isEmpty else { return nil }
        let slope = slopes.sorted()[slopes.count / 2]
        let rests = points.map { $0.offset.seconds - slope * ($0.at - first.at).seconds }.sorted()
        let middle = rests[rests.count / 2]
        let noise = rests.map { ($0 - middle).magnitude }.sorted()[rests.count / 2]
        let length = last.at - first.at
        return Drift(
            total: Span(seconds: slope * length.seconds), perSecond: Span(seconds: slope),
            noise: Span(seconds: noise), isSteady: Self.isSteady(points.map(\.offset)), from: first.at,
            length: length)
    }
}
