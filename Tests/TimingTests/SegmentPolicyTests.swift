// When the next file of a recording is due, on ordinary days and on those with 23 and 25 hours. No waiting, no zone
// of the machine's.
import Model
import Testing
import Timing

@Suite struct SegmentPolicyTests {
    /// Central Europe in 2026: summer from 29 March 01:00 UTC to 25 October 01:00 UTC.
    static let berlin = LocalZone { time in
        time.seconds >= 1_774_746_000 && time.seconds < 1_792_890_000 ? 7200 : 3600
    }
    /// The clock jumps at midnight: 8 March 2026 00:00 becomes 01:00, 1 November 01:00 becomes 00:00.
    static let havana = LocalZone { time in
        time.seconds >= 1_772_946_000 && time.seconds < 1_793_509_200 ? -14400 : -18000
    }

    private func at(_ text: String) throws -> WallTime { try #require(CivilTime(rfc3339: text)).wall }

    @Test func byLengthOfTheMedia() {
        var policy = SegmentPolicy(length: .seconds(5400), atClock: false, zone: .utc)
        policy.begin(media: MediaTime(seconds: 100), wall: .zero)
        // The wall clock has no part in it, and a key frame whose stamp was rounded down is still due.
        let answers = [(5499.9, 9999.0), (5499.999, 0), (0, 0)].map { media, wall in
            policy.isDue(media: MediaTime(seconds: media), wall: WallTime(seconds: wall))
        }
        #expect(answers == [false, true, false])
        for length in [nil, Span.zero] {
            var endless = SegmentPolicy(length: length, atClock: length == nil, zone: .utc)
            endless.begin(media: .zero, wall: .zero)
            let isDue = endless.isDue(media: MediaTime(seconds: 1e8), wall: WallTime(seconds: 1e8))
            #expect(!isDue)
        }
    }

    @Test(arguments: [
        ("2026-06-01T10:07:12+02:00", 900.0, "2026-06-01T10:15:00+02:00"),
        ("2026-06-01T10:15:00+02:00", 900.0, "2026-06-01T10:30:00+02:00"),
        ("2026-06-01T10:14:59.999+02:00", 900.0, "2026-06-01T10:15:00+02:00"),
        // 90 minutes count from local midnight: 10:30 is the seventh multiple.
        ("2026-06-01T10:15:00+02:00", 5400.0, "2026-06-01T10:30:00+02:00"),
        ("2026-06-01T23:10:00+02:00", 5400.0, "2026-06-02T00:00:00+02:00"),
        // Seven hours do not divide a day: midnight begins anew.
        ("2026-06-01T21:10:00+02:00", 25200.0, "2026-06-02T00:00:00+02:00"),
        ("2026-06-01T05:00:00+02:00", 864_000.0, "2026-06-02T00:00:00+02:00"),
        // Spring: 01:59:59 is followed by 03:00:00.
        ("2026-03-29T01:45:00+01:00", 900.0, "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T01:30:00+01:00", 5400.0, "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T00:00:00+01:00", 7200.0, "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T03:00:00+02:00", 7200.0, "2026-03-29T04:00:00+02:00"),
        ("2026-03-29T00:00:00+01:00", 10800.0, "2026-03-29T03:00:00+02:00"),
        // Autumn: 02:59:59 summer time is followed by 02:00:00.
        ("2026-10-25T02:45:00+02:00", 900.0, "2026-10-25T02:00:00+01:00"),
        ("2026-10-25T02:00:00+02:00", 3600.0, "2026-10-25T02:00:00+01:00"),
        ("2026-10-25T02:00:00+01:00", 3600.0, "2026-10-25T03:00:00+01:00"),
        ("2026-10-25T01:30:00+02:00", 5400.0, "2026-10-25T02:00:00+01:00"),
        ("2026-10-25T02:00:00+01:00", 5400.0, "2026-10-25T03:00:00+01:00"),
    ])
    func theClocksMultiples(from: String, seconds: Double, to: String) throws {
        let next = SegmentPolicy.next(after: try at(from), length: .seconds(seconds), zone: Self.berlin)
        #expect(Self.berlin.civil(next).rfc3339 == (try #require(CivilTime(rfc3339: to))).rfc3339)
    }

    /// Whatever the day, files follow each other without a sliver, and none is longer than asked.
    @Test(arguments: [300.0, 900, 1800, 3600, 5400, 7200, 10800, 25200, 86400])
    func daysOfAllLengths(seconds: Double) throws {
        let length = Span.seconds(seconds)
        let days: [(zone: LocalZone, start: String, end: String, hours: Double)] = [
            (Self.berlin, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23),
            (Self.berlin, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25),
            (Self.berlin, "2026-06-01T00:00:00+02:00", "2026-06-02T00:00:00+02:00", 24),
            (Self.havana, "2026-03-08T01:00:00-04:00", "2026-03-09T00:00:00-04:00", 23),
            (Self.havana, "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", 25),
        ]
        for day in days {
            let (start, end) = (try at(day.start), try at(day.end))
            #expect(end - start == .seconds(day.hours * 3600), "\(day.start)")
            var cuts: [WallTime] = []
            var now = start
            while now < end {
                let next = SegmentPolicy.next(after: now, length: length, zone: day.zone)
                #expect(next > now && next - now <= length, "\(day.zone.civil(now).rfc3339)")
                #expect(next - now >= min(length, .seconds(300)), "\(day.zone.civil(now).rfc3339)")
                now = next
                cuts.append(now)
            }
            #expect(cuts.last == end, "local midnight is a multiple of everything")
            if length <= .seconds(3600) { #expect(Double(cuts.count) == day.hours * 3600 / seconds) }
        }
    }

    @Test func midnightThatDoesNotExistIsTheMomentAfterIt() throws {
        let next = SegmentPolicy.next(
            after: try at("2026-03-07T23:00:00-05:00"), length: .seconds(7200), zone: Self.havana)
        #expect(Self.havana.civil(next).rfc3339 == "2026-03-08T01:00:00.000-04:00")
    }

    /// When a policy that was told of a file at `from` asks for the next one, to the second; nil: not until `until`.
    private func due(_ policy: inout SegmentPolicy, from: WallTime, until: WallTime) -> WallTime? {
        policy.begin(media: .zero, wall: from)
        var now = from
        while now < until {
            if policy.isDue(media: .zero, wall: now) { return now }
            now += .seconds(1)
        }
        return nil
    }

    @Test func theClockAsks() throws {
        var policy = SegmentPolicy(length: .seconds(900), atClock: true, zone: Self.berlin)
        let quarter = try at("2026-06-01T10:15:00+02:00")
        let day = try at("2026-06-02T10:15:00+02:00")
        let first = due(&policy, from: try at("2026-06-01T10:07:00+02:00"), until: day)
        #expect(first == quarter)
        // A key frame two seconds late, and the file after it.
        let second = due(&policy, from: quarter + .seconds(2), until: day)
        #expect(second == quarter + .seconds(900))
        // The clock was set by half a second at the cut: no sliver up to the same moment.
        let third = due(&policy, from: quarter + .seconds(899.5), until: day)
        #expect(third == quarter + .seconds(1800.5))
        // A recording that begins just before a moment does cut there.
        var fresh = SegmentPolicy(length: .seconds(900), atClock: true, zone: Self.berlin)
        let short = due(&fresh, from: quarter - .seconds(1), until: day)
        #expect(short == quarter)
    }

    @Test func aClockThatIsSetBackShowsItsMultiplesAgain() throws {
        var policy = SegmentPolicy(length: .seconds(900), atClock: true, zone: Self.berlin)
        let quarter = try at("2026-06-01T10:15:00+02:00")
        policy.begin(media: .zero, wall: quarter + .seconds(60))
        let earlier = quarter - .seconds(3600 + 120)
        let answers = [0.0, 119, 120].map { policy.isDue(media: .zero, wall: earlier + .seconds($0)) }
        #expect(answers == [false, false, true])
    }
}
