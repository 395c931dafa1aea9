// Decides when a recording's next file is due. It only says "due": the cut is at the next key frame, which the
// recorder finds.
public import Model

/// One recording's; told of each new file, then asked with each key frame.
public struct SegmentPolicy: Sendable {
    /// FLV stamps are whole milliseconds: a key frame that is due may lie this much before its time.
    static let tolerance = Span.milliseconds(5)
    /// A clock that is set back by less keeps the moment already decided, so that no sliver of a file is made.
    static let smallStep = Span.seconds(10)

    private let length: Span?
    private let atClock: Bool
    private let zone: LocalZone
    private var startMedia = MediaTime.zero
    private var startWall = WallTime.zero
    /// The moment at which the clock asks for a new file.
    private var boundary: WallTime?

    /// - Parameters:
    ///   - length: of one file; nil or not above zero: never due.
    ///   - atClock: by the wall clock's multiples of `length` since local midnight, else by the length of the media.
    public init(length: Span?, atClock: Bool, zone: LocalZone) {
        self.length = length.flatMap { $0 > .zero ? $0 : nil }
        self.atClock = atClock
        self.zone = zone
    }

    /// Tells that a file begins.
    /// - Parameters:
    ///   - media: of its first packet, on the timeline that runs through all files.
    ///   - wall: when that packet came.
    public mutating func begin(media: MediaTime, wall: WallTime) {
        startMedia = media
        startWall = wall
        guard atClock, let length else { return }
        // A clock that was stepped back a little after a cut must not ask for the same cut again.
        let from = boundary.map { $0 > wall && $0 - wall < Self.smallStep && $0 - wall < length / 2 ? $0 : wall }
        boundary = Self.next(after: from ?? wall, length: length, zone: zone)
    }

    /// Whether a key frame at these times begins the next file.
    public mutating func isDue(media: MediaTime, wall: WallTime) -> Bool {
        guard let length else { return false }
        guard atClock, let due = boundary else { return media - startMedia + Self.tolerance >= length }
        if startWall - wall > Self.smallStep {
            // The clock was set back: its multiples come again.
            startWall = wall
            boundary = Self.next(after: wall, length: length, zone: zone)
            return false
        }
        return wall >= due
    }

    /// The first moment after `time` at which local clocks pass a multiple of `length` since midnight, or midnight.
    /// Where local time jumps forward over one, that is the moment of the jump; where it is set back, no file
    /// becomes longer than `length` for it.
    public static func next(after time: WallTime, length: Span, zone: LocalZone) -> WallTime {
        let day = Span.seconds(86400)
        guard length > .zero else { return time + day }
        var from = time
        // One round when the offset stays; one more for each change of it, of which a day has one.
        for _ in 0..<4 {
            let offset = zone.utcOffset(from)
            let candidate = nextMultiple(after: from, length: length, offset: offset)
            guard let change = firstChange(after: from, upTo: candidate, from: offset, zone: zone) else {
                return min(candidate, time + length)
            }
            let before = localNanoseconds(change, offset)
            let after = localNanoseconds(change, zone.utcOffset(change))
            let wanted = localNanoseconds(candidate, offset)
            // A jump over the multiple or onto it; else a clock set back onto one.
            let isPassed = after >= wanted && before <= wanted
            if isPassed || isMultiple(after, length) { return min(change, time + length) }
            from = change
        }
        return time + length
    }

    private static func localNanoseconds(_ time: WallTime, _ offset: Int) -> Int64 {
        time.nanoseconds + Int64(offset) * 1_000_000_000
    }

    private static let dayLength: Int64 = 86_400_000_000_000

    private static func ofDay(_ local: Int64) -> Int64 {
        let rest = local % dayLength
        return rest < 0 ? rest + dayLength : rest
    }

    private static func isMultiple(_ local: Int64, _ length: Span) -> Bool {
        ofDay(local) % length.nanoseconds == 0
    }

    private static func nextMultiple(after time: WallTime, length: Span, offset: Int) -> WallTime {
        let now = ofDay(localNanoseconds(time, offset))
        let next = (now / length.nanoseconds).addingReportingOverflow(1).partialValue
            .multipliedReportingOverflow(by: length.nanoseconds)
        let target = next.overflow ? dayLength : min(next.partialValue, dayLength)
        return time + Span(nanoseconds: target - now)
    }

    /// The first whole second in (after, upTo] that has another offset, if there is one.
    private static func firstChange(after: WallTime, upTo: WallTime, from offset: Int, zone: LocalZone) -> WallTime?
    {
        guard zone.utcOffset(upTo) != offset else { return nil }
        let second: Int64 = 1_000_000_000
        var low = after.nanoseconds / second
        var high = (upTo.nanoseconds + second - 1) / second
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if zone.utcOffset(WallTime(nanoseconds: middle * second)) == offset {
                low = middle
            } else {
                high = middle
            }
        }
        return WallTime(nanoseconds: high * second)
    }
}
