// The arrivals of all tracks of a stream, and the delay that they ask for.
public import Model

/// One `ArrivalModel` a track and one `DelayTarget` for all.
///
/// A model each, because sources stamp or interleave their sound half a second off the picture: against a common
/// edge every packet of the later track would look like jitter. Playback as stamped has to wait for the later
/// track, so the edge of the stream is the latest of the tracks' edges, and delay is counted from it. One target,
/// because all tracks share one connection: what holds up one holds up all.
public struct LearntDelay: Sendable {
    /// A track further from the first than this has no common timeline with it, and is not waited for.
    static let widest = Span.seconds(10)
    /// A track that has not come for so long while others did is not waited for.
    static let silence = Span.seconds(10)

    private struct Line: Sendable {
        var model = ArrivalModel()
        var last: HostTime
    }
    private var lines: [Int: Line] = [:]
    private var order: [Int] = []
    private var targeting: DelayTarget
    /// Timelines that began because stamps jumped or rolled back.
    public private(set) var discontinuities = 0

    public init(bounds: DelayBounds) { targeting = DelayTarget(bounds: bounds) }

    /// What the delay from the live edge should be.
    public var target: Span { targeting.target }

    /// Host time − media time of the live edge; nil before the first packet.
    public var edge: Span? {
        guard let reference = order.lazy.compactMap({ lines[$0]?.model.edge }).first else { return nil }
        let newest = lines.values.map(\.last).max() ?? .zero
        var edge = reference
        for line in lines.values where newest - line.last < Self.silence {
            guard let own = line.model.edge, (own - reference).magnitude < Self.widest else { continue }
            edge = max(edge, own)
        }
        return edge
    }

    /// Tells of a packet of sound or picture with its decoding time, once, when it has come from the network.
    /// - Returns: By how much it is later than the fastest of its track; nil for the first of a timeline.
    @discardableResult
    public mutating func add(track: Int, arrival: HostTime, media: MediaTime) -> Span? {
        if lines[track] == nil {
            lines[track] = Line(last: arrival)
            order.append(track)
        }
        guard var line = lines[track] else { return nil }
        let (jumps, shifted) = (line.model.discontinuities, line.model.shifted)
        let late = line.model.add(arrival: arrival, media: media)
        line.last = arrival
        lines[track] = line
        if line.model.discontinuities > jumps {
            discontinuities += 1
            // The other tracks follow within a moment; until then they have no place on this timeline.
            for other in order where other != track { lines[other]?.model.reset() }
            targeting.reset()
        } else if line.model.shifted > shifted {
            targeting.edgeRose(by: line.model.shifted - shifted)
        }
        if let late { targeting.add(relativeDelay: late, at: arrival) }
        return late
    }

    /// How far behind the live edge something is that is presented at `host` and stamped `media`.
    public func delay(presenting media: MediaTime, at host: HostTime) -> Span? {
        edge.map { Span(nanoseconds: host.nanoseconds &- media.nanoseconds) - $0 }
    }

    /// Whether packets still come in faster than they play, as after a start with a cached group of pictures.
    public func isBurst(at now: HostTime) -> Bool { lines.values.contains { $0.model.isBurst(at: now) } }

    /// Playback had nothing to show for so long.
    public mutating func underrun(at now: HostTime, lateBy: Span) { targeting.underrun(at: now, lateBy: lateBy) }

    /// After a reconnect.
    public mutating func reset() {
        lines = [:]
        order = []
        targeting.reset()
    }
}
