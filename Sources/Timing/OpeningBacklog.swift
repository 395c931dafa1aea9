// Tells a server's backlog (a GOP cache, the first segments of a playlist) from what comes live: the backlog
// arrives faster than it plays, so it says nothing about delay and jitter.
public import Model

/// Holds the first samples back until it is clear where the backlog ends, then lets everything through.
public struct OpeningBacklog<Payload: Sendable>: Sendable {
    public struct Sample: Sendable {
        public var arrival: HostTime
        public var media: MediaTime
        public var payload: Payload
        /// Arrival − media time; falls while a backlog comes in.
        var offset: Span { Span(nanoseconds: arrival.nanoseconds &- media.nanoseconds) }
    }

    /// A cached GOP of ten seconds comes within one; three leave room for a slow line.
    private static var patience: Span { .seconds(3) }
    /// A backlog that still comes in faster than it plays is waited for, up to this.
    private static var longest: Span { .seconds(10) }
    /// What ordinary packets are late by does not make them part of a backlog.
    private static var tolerance: Span { .milliseconds(20) }
    private static var capacity: Int { 8192 }

    private var held: [Sample]? = []
    private var least: Span?
    private var lastGain: HostTime?
    /// How much media the backlog held; nil until it is known.
    public private(set) var length: Span?

    public init() {}

    /// - Returns: What is live, in order; nothing while that is undecided.
    public mutating func add(arrival: HostTime, media: MediaTime, _ payload: Payload) -> [Sample] {
        let sample = Sample(arrival: arrival, media: media, payload: payload)
        guard held != nil else { return [sample] }
        if least.map({ sample.offset < $0 - .milliseconds(50) }) ?? true {
            least = sample.offset
            lastGain = arrival
        }
        held?.append(sample)
        guard let first = held?.first, let lastGain else { return [] }
        let waited = arrival - first.arrival
        let isFalling = arrival - lastGain < .seconds(1) && waited < Self.longest
        guard waited >= Self.patience && !isFalling || held?.count ?? 0 >= Self.capacity else { return [] }
        return settle()
    }

    /// The end of the observation, or of the timeline: decides with what there is.
    public mutating func settle() -> [Sample] {
        guard let samples = held else { return [] }
        held = nil
        guard let first = samples.first, let least = samples.map(\.offset).min() else { return [] }
        let start = samples.firstIndex { $0.offset <= least + Self.tolerance } ?? 0
        length = samples[start].media - first.media
        return Array(samples[start...])
    }
}
