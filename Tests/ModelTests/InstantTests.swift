import Model
import Testing

@Suite struct InstantTests {
    @Test(arguments: [Int64(0), 1, 33_333_333, -7, 123_456_789_012])
    func distances_addBack(ns: Int64) {
        let a = MediaTime(nanoseconds: 5_000_000_000)
        #expect((a + Span(nanoseconds: ns)) - a == Span(nanoseconds: ns))
    }

    @Test(arguments: [(Int64(1_999_999), Int64(1)), (-1, -1), (0, 0), (-1_000_000, -1), (-1_000_001, -2)])
    func wholeMilliseconds_roundsDown(ns: Int64, ms: Int64) {
        #expect(MediaTime(nanoseconds: ns).wholeMilliseconds == ms)
    }

    @Test func span_saturatesInsteadOfTrapping() {
        #expect(Span(seconds: .infinity).nanoseconds > 0)
        #expect(Span(seconds: .nan) == .zero)
    }
}
