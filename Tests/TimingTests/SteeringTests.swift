import Model
import Testing
import Timing

@Suite struct SteeringTests {
    /// Plays 20 ms packets into a simulated ring; returns the final offset − target.
    private func settle(lateness: Span, start: Span, target: Span, seconds: Int = 60) -> (error: Span, least: Span)
    {
        var steering = AudioSteering()
        var rate = 1.0
        var depth = start
        var now = HostTime(seconds: 1000)
        var error = Span.zero
        var least = start
        for index in 0..<(seconds * 50) {
            let jitter = Span.milliseconds(Double((index * 7919) % 5))
            now = HostTime(seconds: 1000 + Double(index) * 0.02) + jitter
            let pts = HostTime(seconds: 1000 + Double(index) * 0.02) - lateness
            let offset = (now + depth) - pts
            switch steering.correction(offset: offset, target: target, depth: depth, now: now) {
            case .none: break
            case .insertSilence(let span): depth = depth + span
            case .discard(let span): depth = depth - span
            case .rate(let value): rate = value
            }
            error = offset - target
            least = min(least, depth)
            depth = max(.zero, depth + .milliseconds(20) / rate - .milliseconds(20))
        }
        return (error, least)
    }

    @Test(arguments: [0.0, 40, 200, 700])
    func earlySound_isDelayedToThePicture(targetMs: Double) {
        let result = settle(lateness: .zero, start: .milliseconds(20), target: .milliseconds(targetMs + 30))
        #expect(result.error.magnitude < .milliseconds(20))
    }

    @Test func lateSound_givesUpItsQueueButNotItsReserve() {
        let result = settle(lateness: .milliseconds(10), start: .milliseconds(500), target: .milliseconds(40))
        #expect(result.error.magnitude < .milliseconds(25))
        #expect(result.least >= .milliseconds(2))
    }

    @Test func aDeviceThatStoodStill_isCaughtUpWithWithinTwoSeconds() {
        var steering = AudioSteering()
        var depth = Span.milliseconds(10)
        var recovered: Int?
        for index in 0..<400 {
            let now = HostTime(seconds: 100 + Double(index) * 0.02)
            if index == 200 { depth = depth + .milliseconds(700) }
            let offset = depth + .milliseconds(25)
            switch steering.correction(offset: offset, target: .milliseconds(5), depth: depth, now: now) {
            case .discard(let span): depth = depth - span
            case .insertSilence(let span): depth = depth + span
            case .none, .rate: break
            }
            if index > 200, recovered == nil, depth < .milliseconds(60) { recovered = index - 200 }
        }
        #expect(recovered.map { $0 <= 60 } == true)
    }

    @Test func soundThatArrivesLate_isNotHurriedIntoUnderruns() {
        let result = settle(lateness: .milliseconds(300), start: .milliseconds(30), target: .milliseconds(20))
        #expect(result.least >= .milliseconds(2))
    }
}

@Suite struct SmootherTests {
    @Test func aFastCamera_gainsNoDelay() {
        // 30.01 fps declared as 30, arrival jitter up to 8 ms, an hour.
        var smoother = ArrivalSmoother(nominal: Span(seconds: 1.0 / 30))
        var worst = Span.zero
        var seed: UInt64 = 42
        for index in 0..<108_000 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1
            let jitter = Span.milliseconds(Double(seed >> 40) / Double(1 << 24) * 8)
            let made = HostTime(seconds: Double(index) / 30.01)
            let stamp = smoother.stamp(arrival: made + jitter)
            if index > 300 { worst = max(worst, (stamp - made).magnitude) }
        }
        #expect(worst < .milliseconds(12))
    }

    @Test func stamps_areStrictlyIncreasingThroughBurstsAndHoles() {
        var smoother = ArrivalSmoother(nominal: .milliseconds(33))
        var last: HostTime?
        for index in 0..<500 {
            let burst = index % 50 < 10 ? 0.0 : Double(index) * 0.033
            let stamp = smoother.stamp(arrival: HostTime(seconds: 10 + burst + (index > 300 ? 20 : 0)))
            if let last { #expect(stamp > last) }
            last = stamp
        }
    }
}

@Suite struct InterleaverTests {
    private func packet(_ track: Int, _ ms: Int64) -> Packet {
        Packet(
            track: track, kind: .audio, pts: nil, dts: MediaTime(milliseconds: ms), isKeyframe: true, data: [],
            arrival: .zero)
    }

    @Test func packets_leaveInOrder() {
        var merge = Interleaver(tracks: [0, 1])
        var out: [Packet] = []
        for ms in stride(from: Int64(0), to: 400, by: 40) { out += merge.add(packet(0, ms)) }
        for ms in stride(from: Int64(0), to: 400, by: 23) { out += merge.add(packet(1, ms)) }
        out += merge.finish()
        #expect(out.count == 28)
        #expect(zip(out, out.dropFirst()).allSatisfy { ($0.orderTime ?? .zero) <= ($1.orderTime ?? .zero) })
    }

    @Test func aSilentTrack_holdsNobodyUpForLongerThanThePatience() {
        var merge = Interleaver(tracks: [0, 1], patience: .seconds(1))
        var out: [Packet] = []
        for ms in stride(from: Int64(0), to: 5000, by: 40) { out += merge.add(packet(0, ms)) }
        #expect(out.count >= 99)
    }

    @Test func anEndedTrack_isNotWaitedFor() {
        var merge = Interleaver(tracks: [0, 1])
        _ = merge.end(track: 1)
        #expect(merge.add(packet(0, 0)).count == 1)
    }
}
