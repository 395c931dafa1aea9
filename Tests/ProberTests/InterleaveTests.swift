// Sound beside the picture: what is drift, and what only looks like it.
import Model
import Testing

@testable import Prober

@Suite struct InterleaveTests {
    /// Pictures each 40 ms, sound each 20 ms; `sound` says what sound that is sent at this moment is stamped.
    private func observed(seconds: Int, sound: (Int) -> Int?) -> InterleaveObserver {
        var observer = InterleaveObserver()
        for at in stride(from: 0, to: seconds * 1_000, by: 20) {
            if at % 40 == 0 { observer.add(.video, at: MediaTime(milliseconds: Int64(at))) }
            if let stamp = sound(at) { observer.add(.audio, at: MediaTime(milliseconds: Int64(stamp))) }
        }
        return observer
    }

    @Test func together_isNoDrift() throws {
        let drift = try #require(observed(seconds: 6) { $0 }.drift)
        #expect(drift.total.magnitude < .milliseconds(20))
    }

    @Test(arguments: [0, -900, 2_000]) func drift_isSeenWhateverTheOffset(offset: Int) throws {
        let observer = observed(seconds: 6) { $0 + offset + $0 / 50 }
        let drift = try #require(observer.drift)
        #expect((drift.perSecond - .milliseconds(20)).magnitude < .milliseconds(2), "\(drift)")
        let median = try #require(observer.median)
        #expect((median - .milliseconds(Double(offset + 60))).magnitude < .milliseconds(40), "\(median)")
    }

    @Test func silence_isNoDrift() throws {
        let observer = observed(seconds: 8) { $0 < 3_000 ? $0 : nil }
        #expect((observer.drift?.total ?? .zero).magnitude < .milliseconds(60), "\(observer.drift as Any)")
        let median = try #require(observer.median)
        #expect(median.magnitude < .milliseconds(60), "\(median)")
    }
}
