// What a probe measured, in plain values: the source of the report, of the findings and of the expectations.
import Intake
import Model
import Timing

struct Measurements: Sendable {
    struct TrackValues: Sendable {
        var index: Int
        var kind: TrackKind
        var codec: String
        var profile: String?
        var width: Int?
        var height: Int?
        /// Measured; else as declared.
        var frameRate: Double?
        var measuredFrameRate: Double?
        var declaredFrameRate: Double?
        var pixelFormat: String?
        var sampleRate: Int?
        var channels: Int?
        /// Bits per second, measured.
        var bitRate: Double?
        var declaredBitRate: Int?
        var gop: GOPObserver.Lengths?
        var bFrames: Bool?
        /// The largest PTS − DTS of a track with B-frames.
        var reorderDelay: Span?
        var packets: Int
    }

    struct Jitter: Sendable, Equatable {
        var rfc3550: Span
        var p50: Span
        var p95: Span
        var p99: Span
        var most: Span
        var mostAt: MediaTime?
    }

    var url: String
    var transport: String?
    var server: String?
    var connect: Span?
    var firstByte: Span?
    var firstKeyframe: Span?
    var observed = Span.zero
    var isLive = false
    var isSegmented = false
    var tracks: [TrackValues] = []
    /// Audio − video at arrival, median.
    var interleave: Span?
    var jitter: Jitter?
    /// nil where arrival says nothing.
    var stalls: Int?
    var latency: LatencyValues?
    var wantsLatency: Bool

    /// Too short to say anything about rates, regularity and arrival.
    var isShort: Bool { observed < .seconds(1.5) }

    var video: TrackValues? { tracks.first { $0.kind == .video } }
    var audio: TrackValues? { tracks.first { $0.kind == .audio } }

    init(url: String, wantsLatency: Bool = false) {
        self.url = url
        self.wantsLatency = wantsLatency
    }

    /// - Parameters:
    ///   - began: When the probe began.
    ///   - now: The end of the observation, or now while it goes on.
    init(_ observation: StreamObservation, settings: ProbeSettings, began: HostTime, now: HostTime) {
        self.init(
            url: settings.source.description,
            wantsLatency: settings.measuresLatency || settings.isLoopback
                || settings.expectations.contains { $0.needsLatency })
        let facts = observation.facts
        transport = observation.description.map { Self.transport($0, settings.source) }
        server = observation.description?.server
        isLive = observation.isLive
        isSegmented = observation.isSegmented
        let attempt = facts.reached?.since ?? began
        connect = facts.reached.map { $0.at - $0.since }
        firstByte = facts.firstByte.map { $0 - attempt }
        firstKeyframe = observation.firstKeyframe.map { $0 - attempt }
        observed = observation.observed(at: now)
        tracks = observation.tracks.enumerated().map { TrackValues($0.element, index: $0.offset, facts) }
        interleave = isShort ? nil : observation.interleave.median
        if isLive, !isSegmented {
            jitter = (observation.video ?? observation.audio).flatMap { Jitter($0.arrival) }
            if !isShort { stalls = observation.stalls.count }
        } else if isLive, let list = facts.playlist, !isShort {
            stalls = list.stalls + (list.isStalled(at: observation.finishedAt ?? now) ? 1 : 0)
        }
        if wantsLatency { latency = LatencyValues(observation, settings: settings) }
    }

    /// The protocol in the URL's words where it is one, else the reader's.
    private static func transport(_ description: SourceDescription, _ address: MediaAddress) -> String {
        switch address.scheme {
        case .file: "file"
        case .standardStream: "pipe"
        case .http, .https:
            ["http-flv", "hls"].contains(description.transport) ? description.transport : address.scheme.rawValue
        default: address.scheme.rawValue
        }
    }
}

extension Measurements.TrackValues {
    init(_ observer: TrackObserver, index: Int, _ facts: ObservedFacts) {
        let track = observer.track
        self.index = index
        kind = track.kind
        codec = track.codec.rawValue
        packets = observer.packets
        let declared = observer.declared
        profile = declared?.profile ?? track.video?.profile ?? track.audio?.profile
        declaredBitRate = track.bitRate
        let covered = observer.timeline.covered
        let isEnough = covered >= .seconds(1) && observer.timeline.regularSteps >= 5
        if isEnough { bitRate = observer.rate.bitsPerSecond(over: observer.timeline) }
        guard track.kind == .video else {
            sampleRate = track.audio.flatMap { $0.sampleRate > 0 ? $0.sampleRate : nil }
            channels = track.audio.flatMap { $0.channels > 0 ? $0.channels : nil }
            return
        }
        width = track.video.flatMap { $0.width > 0 ? $0.width : nil }
        height = track.video.flatMap { $0.height > 0 ? $0.height : nil }
        pixelFormat = track.video?.pixelFormat ?? declared?.pixelFormat
        declaredFrameRate =
            facts.claims?.frameRate ?? (declared?.frameRate ?? track.video?.frameRate)?.positiveValue
        if isEnough { measuredFrameRate = Double(observer.timeline.regularSteps) / covered.seconds }
        frameRate = measuredFrameRate ?? declaredFrameRate
        gop = observer.gop.lengths
        bFrames = observer.reorder.hasBFrames(declared: declared?.reorderDepth)
        if bFrames == true { reorderDelay = observer.reorder.delay }
    }
}

extension RateObserver {
    /// The last packet's own length is not covered by the stamps: it counts as the others do.
    fileprivate func bitsPerSecond(over timeline: TimelineObserver) -> Double? {
        guard timeline.covered > .zero, timeline.regularSteps > 0 else { return nil }
        let share = Double(timeline.regularSteps) / Double(timeline.regularSteps + 1)
        return Double(bits) * share / timeline.covered.seconds
    }
}

extension Measurements.Jitter {
    init?(_ arrival: ArrivalObserver) {
        let late = arrival.relative
        guard let rfc3550 = arrival.jitter, let p50 = late.percentile(0.5), let p95 = late.percentile(0.95),
            let p99 = late.percentile(0.99), late.count >= 10
        else { return nil }
        self.rfc3550 = rfc3550
        self.p50 = .milliseconds(p50)
        self.p95 = .milliseconds(p95)
        self.p99 = .milliseconds(p99)
        most = max(arrival.worst, .milliseconds(p99))
        mostAt = arrival.worstAt
    }
}
