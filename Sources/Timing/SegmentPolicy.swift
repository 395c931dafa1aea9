// Decides how long a recording's next file is to be. The cut itself is at a key frame, which the recorder finds.
public import Model

/// One recording's; asked when a file begins.
public struct SegmentPolicy: Sendable {
    /// FLV stamps are whole milliseconds: a key frame that is due may lie this much before its time.
    static let tolerance = Span.milliseconds(5)
    /// A file may end this much before the clock's moment, by a clock that is set or by media that run a little
    /// fast, without a sliver of a file up to that moment.
    static let smallStep = Span.seconds(10)

    private let length: Span?
    private let atClock: Bool
    private let zone: LocalZone
    /// Where the clock asked for the end of the file before.
    private var boundary: WallTime?

    /// - Parameters:
    ///   - length: of one file; nil or not above zero: one file without end.
    ///   - atClock: by the wall clock's multiples of `length` since local midnight, else by the length of the media.
    public init(length: Span?, atClock: Bool, zone: LocalZone) {
        self.length = length.flatMap { $0 > .zero ? $0 : nil }
        self.atClock = atClock
        self.zone = zone
    }

    /// After how much of media a file that begins at that moment is to end: the next key frame from there on begins
    /// another. Nil: never.
    public mutating func length(ofFileAt wall: WallTime) -> Span? {
        guard let length else { return nil }
        guard atClock else { return length > Self.tolerance ? length - Self.tolerance : length }
        var from = wall
        if let boundary, boundary > wall, boundary - wall < min(Self.smallStep, length / 2) { from = boundary }
        let next = Self.next(after: from, length: length, zone: zone)
        boundary = next
        return max(next - wall - Self.tolerance, .milliseconds(1))
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
