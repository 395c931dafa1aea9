// Whoever asks for a playlist again and again is one viewer, and none once it asks no more.
import Model
import Testing

@testable import Origin

@Suite struct PollingAudienceTests {
    private let start = HostTime.now()

    private func ask(
        _ audience: inout PollingAudience, _ who: String, at seconds: Double, target: Double = 2
    ) -> Int {
        audience.asked(who, target: .seconds(target), now: start + .seconds(seconds))
    }

    @Test func oneWhoAsksOftenIsOne() {
        var audience = PollingAudience()
        for second in 0..<60 { #expect(ask(&audience, "a", at: Double(second)) == 1) }
        #expect(ask(&audience, "b", at: 60) == 2)
        #expect(audience.count(start + .seconds(68)) == 2)
    }

    @Test func whoAsksNoMoreIsGone() {
        var audience = PollingAudience()
        _ = ask(&audience, "a", at: 0)
        _ = ask(&audience, "b", at: 5)
        #expect(audience.count(start + .seconds(9.9)) == 2)
        #expect(audience.count(start + .seconds(10)) == 1)
        #expect(audience.count(start + .seconds(15)) == 0)
        #expect(ask(&audience, "a", at: 100) == 1)
    }

    @Test func longSegmentsAreAskedForRarely() {
        var audience = PollingAudience()
        _ = ask(&audience, "a", at: 0, target: 10)
        _ = ask(&audience, "b", at: 0)
        #expect(audience.count(start + .seconds(11)) == 1)
        #expect(audience.count(start + .seconds(29)) == 1)
        #expect(audience.count(start + .seconds(30)) == 0)
    }

    @Test func manyNamesAreNotRemembered() {
        var audience = PollingAudience()
        for number in 0..<10_000 { _ = ask(&audience, "\(number)", at: 0) }
        #expect(audience.count(start) == PollingAudience.most)
        // Those who are known are not forgotten for it.
        #expect(ask(&audience, "0", at: 9) == PollingAudience.most)
        #expect(audience.count(start + .seconds(11)) == 1)
    }
}
