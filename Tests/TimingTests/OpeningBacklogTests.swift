// Where a server's backlog ends and live begins.
import Model
import Testing
import Timing

@Suite struct OpeningBacklogTests {
    /// Samples at 25 a second; `arrival` says when, in seconds.
    private func released(_ seconds: Double, _ arrival: (Double) -> Double) -> (
        times: [Double], OpeningBacklog<Int>
    ) {
        var backlog = OpeningBacklog<Int>()
        var out: [OpeningBacklog<Int>.Sample] = []
        for index in 0..<Int(seconds * 25) {
            let media = Double(index) / 25
            out += backlog.add(
                arrival: HostTime(seconds: 100 + arrival(media)), media: MediaTime(seconds: media), index)
        }
        out += backlog.settle()
        #expect(out.map(\.payload) == out.map(\.payload).sorted())
        return (out.map(\.media.seconds), backlog)
    }

    @Test func withoutABacklog_allIsLive() {
        let (times, backlog) = released(6) { $0 }
        #expect(times.count == 150 && backlog.length == .zero)
    }

    @Test func jitter_isNoBacklog() {
        let (times, _) = released(6) { $0 + Double(Int($0 * 25) % 7) * 0.01 }
        #expect(times.count >= 145)
    }

    @Test(arguments: [1.0, 4, 9.5]) func aCache_isLeftOut(_ cached: Double) {
        // All of it within a quarter of a second.
        let (times, backlog) = released(cached + 5) { $0 < cached ? cached - 0.25 + $0 / cached * 0.25 : $0 }
        #expect((times[0] - cached).magnitude < 0.3)
        #expect(times.last ?? 0 > cached + 4.9)
        #expect(((backlog.length ?? .zero).seconds - cached).magnitude < 0.3)
    }

    @Test func aSlowBacklog_isWaitedFor() {
        // Ten seconds of cache over a line that is twice as fast as it plays.
        let (times, _) = released(20) { max($0, 5 + $0 / 2) }
        #expect((times[0] - 10).magnitude < 0.3)
    }

    @Test func aStall_isNoBacklog() {
        // On time for a second, then 400 ms late for good.
        let (times, _) = released(6) { $0 < 1 ? $0 : $0 + 0.4 }
        #expect(times.count == 150)
    }

    @Test func aShortObservation_isSettledWithWhatThereIs() {
        let (times, _) = released(2) { $0 < 1 ? 1 + $0 / 10 : max($0, 1.1) }
        #expect((times[0] - 1.08).magnitude < 0.05)
        var empty = OpeningBacklog<Int>()
        #expect(empty.settle().isEmpty && empty.length == nil)
    }
}
