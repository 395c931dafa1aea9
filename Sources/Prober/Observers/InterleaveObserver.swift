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
        var from: MediaTime
        var length: Span
    }

    private struct Bucket: Sendable {
        var start: MediaTime
        var values: [Span]
        var median: Span { values.sorted()[values.count / 2] }
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

    mutating func add(_ kind: TrackKind, at time: MediaTime) {
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
        if bucket == nil { bucket = Bucket(start: video, values: []) }
        bucket?.values.append(offset)
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
        if open.values.count >= 4 { points.append((open.start, open.median)) }
        bucket = nil
        guard points.count > Self.capacity else { return }
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        bucketLength = bucketLength * 2
    }

    /// Audio − video, of all packets; nil without both.
    var median: Span? { histogram.percentile(0.5).map(Span.milliseconds) }

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
            noise: Span(seconds: noise), from: first.at, length: length)
    }
}
