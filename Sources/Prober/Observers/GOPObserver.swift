// Distances between key frames, by their decoding times.
import Model
import Timing

struct GOPObserver: Sendable {
    struct Lengths: Sendable, Equatable {
        var least: Span
        var median: Span
        var most: Span
        var count: Int
    }

    private(set) var keyframes = 0
    private(set) var firstKeyframe: MediaTime?
    /// Where the longest GOP began, and the shortest.
    private(set) var longestAt: MediaTime?
    private(set) var shortestAt: MediaTime?
    private var least: Span?
    private var most: Span?
    private var histogram = SpanHistogram()
    private var lastKeyframe: MediaTime?
    private var newest: MediaTime?

    mutating func add(_ time: MediaTime, isKeyframe: Bool) {
        newest = max(newest ?? time, time)
        guard isKeyframe else { return }
        keyframes += 1
        firstKeyframe = firstKeyframe ?? time
        defer { lastKeyframe = time }
        guard let lastKeyframe, time > lastKeyframe else { return }
        let length = time - lastKeyframe
        histogram.add(length)
        if most.map({ length > $0 }) ?? true { (most, longestAt) = (length, lastKeyframe) }
        if least.map({ length < $0 }) ?? true { (least, shortestAt) = (length, lastKeyframe) }
    }

    /// The timeline broke: the GOP across it has no length.
    mutating func restart() {
        lastKeyframe = nil
        newest = nil
    }

    /// nil until two key frames have been seen.
    var lengths: Lengths? {
        guard let least, let most, let median = histogram.percentile(0.5) else { return nil }
        // The histogram counts whole milliseconds.
        let middle = min(max(Span.milliseconds(median), least), most)
        return Lengths(least: least, median: middle, most: most, count: histogram.count)
    }

    /// The GOP that is not over yet: it is at least this long.
    var open: Span? {
        guard let lastKeyframe, let newest else { return nil }
        return newest - lastKeyframe
    }
    var openSince: MediaTime? { lastKeyframe }
}
