// How far behind its edge a stream of segments has to be played, so that the next segment is there in time. Pure.
import Model
import Timing

/// A segment comes as a whole: when its first picture is there its last one is, too. What playback needs in hand is
/// the time from one segment's arrival to the next one's, which is its length and what fetching is late by.
struct SegmentPace {
    /// Segments that are looked back on.
    private static let memory = 8
    /// For opening the playlist again and fetching, before any of it has been seen.
    private static let allowance = Span.milliseconds(200)
    private static let margin = Span.milliseconds(60)

    private let least: Span
    private let greatest: Span
    private var lengths: [Span] = []
    private var waits: [Span] = []
    private var current: (arrival: HostTime, first: MediaTime, last: MediaTime, step: Span)?

    init(_ settings: DelaySettings) {
        least = settings.bounds.least
        greatest = settings.target ?? settings.maximum ?? .seconds(60)
    }

    /// Tells of a packet; those of one segment have the same arrival. The picture's where there is one.
    mutating func add(kind: TrackKind, arrival: HostTime, media: MediaTime) {
        guard kind == .video || isSoundOnly else { return }
        if kind == .video, isSoundOnly {
            isSoundOnly = false
            current = nil
        }
        guard var open = current, (media - open.last).magnitude < .seconds(60) else {
            current = (arrival, media, media, .zero)
            return
        }
        if arrival != open.arrival {
            let length = open.last + open.step - open.first
            remember(length, in: &lengths)
            // Media that lay ready together came as one.
            if arrival - open.arrival > length / 4 {
                remember((arrival - open.arrival) - length, in: &waits)
            }
            current = (arrival, media, media, open.step)
            return
        }
        if media > open.last { open.step = media - open.last }
        open.last = max(open.last, media)
        current = open
    }
    private var isSoundOnly = true

    /// The delay to aim at, from the newest media's arrival.
    var target: Span {
        let opening = current.map { $0.last + $0.step - $0.first } ?? .zero
        let length = max(lengths.max() ?? .zero, opening)
        let late = waits.count < 2 ? Self.allowance : max(.zero, waits.max() ?? .zero)
        return min(max(length + late + Self.margin, least), greatest)
    }

    mutating func reset() {
        lengths = []
        waits = []
        current = nil
        isSoundOnly = true
    }

    private func remember(_ value: Span, in values: inout [Span]) {
        values.append(value)
        if values.count > Self.memory { values.removeFirst() }
    }
}
