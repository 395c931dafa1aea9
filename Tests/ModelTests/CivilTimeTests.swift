// Dates, times and their texts, both ways; amounts of bytes.
import Model
import Testing

@Suite struct CivilTimeTests {
    @Test(
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000+00:00"), (-500, 0, "1969-12-31T23:59:59.500+00:00"),
            (951_782_399_000, 0, "2000-02-28T23:59:59.000+00:00"),
            (951_782_400_000, 0, "2000-02-29T00:00:00.000+00:00"),
            (1_774_746_000_000, 3600, "2026-03-29T02:00:00.000+01:00"),
            (1_774_746_000_250, 7200, "2026-03-29T03:00:00.250+02:00"),
            (4_107_542_400_000, -12600, "2100-02-28T20:30:00.000-03:30"),
            (4_107_542_400_000, 0, "2100-03-01T00:00:00.000+00:00"),
        ] as [(Int64, Int, String)])
    func textsBothWays(milliseconds: Int64, offset: Int, text: String) throws {
        let time = CivilTime(WallTime(milliseconds: milliseconds), utcOffset: offset)
        #expect(time.rfc3339 == text)
        let back = try #require(CivilTime(rfc3339: text))
        #expect(back == time)
        #expect(back.wall == WallTime(milliseconds: milliseconds))
    }

    @Test func everyDayOfThreeHundredYearsFollowsTheOneBefore() {
        var expected = (year: 1900, month: 1, day: 1)
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        for day in -25567..<(-25567 + 109_573) {
            let time = CivilTime(WallTime(seconds: Double(day) * 86400), utcOffset: 0)
            #expect((time.year, time.month, time.day) == expected)
            let isLeap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0)
            let length = lengths[expected.month - 1] + (expected.month == 2 && isLeap ? 1 : 0)
            expected.day += 1
            if expected.day > length { expected = (expected.year, expected.month + 1, 1) }
            if expected.month > 12 { expected = (expected.year + 1, 1, 1) }
        }
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+0100", "2026-1-01T00:00:00Z",
        "2026-01-01T00:00:00Zx", "", "Z", "+026-01-01T00:00:00Z",
    ])
    func whatIsNoTime(text: String) { #expect(CivilTime(rfc3339: text) == nil) }

    @Test func othersWritingsAreRead() throws {
        let time = try #require(CivilTime(rfc3339: "2026-03-29t01:02:03.4567z"))
        #expect(time.rfc3339 == "2026-03-29T01:02:03.456+00:00")
        #expect(CivilTime(rfc3339: "2026-03-29T01:02:03.4Z")?.millisecond == 400)
    }

    @Test func stamps() throws {
        let time = CivilTime(WallTime(seconds: 1_774_746_000), utcOffset: 3600)
        #expect(time.stamp == "2026-03-29-02-00-00")
        #expect(CivilTime(stamp: "2026-03-29-02-00-00")?.text == "2026-03-29 02:00:00")
        for text in ["2026-03-29-02-00", "2026-03-29-02-00-60x", "2026-03-32-02-00-00", "26-03-29-02-00-00-"] {
            #expect(CivilTime(stamp: text) == nil)
        }
    }

    /// Local readings back to moments, over both changes of the clock.
    @Test func momentsOfLocalReadings() {
        let berlin = LocalZone { $0.seconds >= 1_774_746_000 && $0.seconds < 1_792_890_000 ? 7200 : 3600 }
        for start in [1_774_746_000.0, 1_792_890_000] {
            for minute in stride(from: -3000.0, through: 3000, by: 7) {
                let moment = WallTime(seconds: start + minute * 60)
                let back = berlin.moment(berlin.civil(moment))
                // In the repeated hour the earlier moment is meant.
                let isRepeated = start == 1_792_890_000 && (0..<60).contains(minute)
                #expect(back == (isRepeated ? moment - .seconds(3600) : moment), "\(start) \(minute)")
            }
        }
    }

    @Test func theMachinesZoneIsUsed() {
        let now = WallTime.now()
        #expect(LocalZone.system.civil(now).wall.wholeMilliseconds == now.wholeMilliseconds)
        #expect(LocalZone.utc.civil(now).utcOffset == 0)
    }
}

@Suite struct ByteCountTests {
    @Test(arguments: [
        ("10G", 10_000_000_000), ("10GB", 10_000_000_000), ("10GiB", 10_737_418_240), ("500M", 500_000_000),
        ("1.5k", 1500), ("7", 7), ("0", 0), ("2t", 2_000_000_000_000), ("12B", 12),
    ])
    func sizes(text: String, bytes: Int64) { #expect(ByteCount.parse(text) == bytes) }

    @Test(arguments: ["", "G", "-1G", "1 G", "1e3", "10X", "1.", ".5G", "9999999999T", "1..5", "١G", "1GG"])
    func noSizes(text: String) { #expect(ByteCount.parse(text) == nil) }

    @Test(arguments: [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.00 kB"), (9_995, "10.0 kB"),
        (99_950, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (1_234_567_890, "1.23 GB"),
        (Int64.max, "9.22 EB"),
    ])
    func texts(bytes: Int64, text: String) { #expect(ByteCount.text(bytes) == text) }
}
