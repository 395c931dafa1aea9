// The way back to live: how soon, how smooth, and never past the target.
import Model
import Testing
import Timing

@Suite struct DelayCorrectionTests {
    private static let stalls: [SimulatedNetwork.Fault] = [
        .swallowed(at: 30, for: 5), .blocked(at: 30, for: 5, drain: 10), .blocked(at: 30, for: 5, drain: 3),
        .blocked(at: 30, for: 5, drain: 1.5),
    ]

    /// Greatest change of the rate within a second, and whether it ever left its bounds.
    private func slope(_ watched: Watched) -> Double {
        var greatest = 0.0
        for (index, moment) in watched.moments.enumerated() where index >= 9 {
            greatest = max(greatest, abs(moment.rate - watched.moments[index - 9].rate))
        }
        return greatest
    }

    @Test func aStallOfFiveSeconds_isMadeGoodInFortyByRateAlone() {
        let player = SimulatedPlayer(correction: .init(maxRate: 1.15, skipAbove: nil))
        for (index, stall) in Self.stalls.enumerated() {
            for seed in 1...3 as ClosedRange<UInt64> {
                let watched = watch([stall], player: player, for: 100, seed: seed)
                let before = watched.percentile(0.5, from: 25, until: 30)
                let back = watched.back(to: before, within: .milliseconds(100), after: 35)
                #expect(back.map { $0 <= 40 } == true, "stall \(index): \(String(describing: back))")
                let settled = watched.between(35 + (back ?? 0), 100).map(\.delay)
                // At most one overshoot of at most 100 ms, and no way back up.
                #expect(before - (settled.min() ?? .zero) <= .milliseconds(20))
                #expect((settled.max() ?? .zero) - before <= .milliseconds(110))
                #expect(watched.longestFreeze(from: 35.1) == .zero)
                #expect(watched.moments.map(\.rate).max() ?? 9 <= 1.15)
                #expect(slope(watched) <= 0.051)
                #expect(watched.skips.isEmpty && watched.changes <= 24)
            }
        }
    }

    @Test func withSkips_aStallIsMadeGoodAtOnce() {
        for stall in Self.stalls.prefix(2) + [.swallowed(at: 30, for: 10)] {
            var player = SimulatedPlayer()
            player.correction.skipAbove = .seconds(4)
            let watched = watch([stall], player: player, for: 60)
            let before = watched.percentile(0.5, from: 25, until: 30)
            #expect(watched.skips.count == 1)
            let end = (watched.skips.first ?? 99) + 0.5
            #expect(watched.between(end, 60).map(\.delay).max() ?? .seconds(9) <= before + .milliseconds(100))
            #expect(watched.between(end, 60).map(\.delay).min() ?? .zero >= before - .milliseconds(50))
        }
    }

    @Test func aConstantRate_staysBehindForGood() {
        var player = SimulatedPlayer()
        player.fixedRate = true
        #expect(
            watch([.swallowed(at: 30, for: 5)], player: player, for: 90).percentile(0.5, from: 80) > .seconds(4))
    }

    /// Every pair of limits, distances and delays of the device: down to the target, never 100 ms past it.
    @Test(arguments: [1.03, 1.05, 1.1, 1.15, 1.25], [0.0, 0.1, 0.3, 0.5])
    func anyExcess_isMadeGoodWithoutPassingTheTarget(maxRate: Double, lag: Double) {
        for excess in [-0.5, -0.1, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 3, 8] {
            var correction = DelayCorrection(.init(maxRate: maxRate, skipAbove: nil))
            let target = Span.milliseconds(600)
            var delay = target + .seconds(excess)
            var rates = [Double](repeating: 1, count: Int(lag * 10) + 1)
            var now = HostTime(seconds: 10)
            var turns = 0
            var lastSign = 0
            for _ in 0..<Int(300 + abs(excess) / min(0.05, maxRate - 1) * 12) {
                now += .milliseconds(100)
                let decision = correction.decide(delay: delay, target: target, buffered: delay, now: now)
                if case .rate(let rate) = decision.action { rates.append(rate) }
                delay = delay - .milliseconds(100) * (rates.removeFirst() - 1)
                let sign = correction.rate > 1 ? 1 : correction.rate < 1 ? -1 : 0
                if sign != 0, sign != lastSign { turns += 1 }
                if sign != 0 { lastSign = sign }
                let past = excess > 0 ? target - delay : delay - target
                #expect(past <= .milliseconds(100), "excess \(excess)")
            }
            #expect((delay - target).magnitude <= .milliseconds(35), "excess \(excess)")
            #expect(turns <= 2, "excess \(excess)")
            #expect(correction.rate == 1 && correction.reason == .steady)
        }
    }

    @Test func nothingToHurryThrough_isNoReasonToHurry() {
        var correction = DelayCorrection()
        for index in 0..<50 {
            let decision = correction.decide(
                delay: .seconds(5), target: .milliseconds(200), buffered: .milliseconds(20),
                now: HostTime(seconds: Double(index) * 0.1))
            #expect(decision == DelayDecision(action: .rate(1), reason: .starved))
        }
        #expect(correction.changes == 0)
    }

    @Test func aTargetAboveTheDelay_isReachedSlowly() {
        var correction = DelayCorrection()
        var least = 1.0
        for index in 0..<40 {
            let decision = correction.decide(
                delay: .milliseconds(100), target: .milliseconds(500), buffered: .milliseconds(90),
                now: HostTime(seconds: Double(index) * 0.1))
            if case .rate(let rate) = decision.action { least = min(least, rate) }
        }
        #expect(least == 0.95 && correction.reason == .slowingDown)
    }

    @Test func withinTheDeadBand_nothingHappens() {
        var correction = DelayCorrection()
        for index in 0..<600 {
            // Each of them holds for two seconds.
            let off = Double(index / 20 * 7919 % 57) - 28
            let decision = correction.decide(
                delay: .milliseconds(200 + off), target: .milliseconds(200), buffered: .milliseconds(180),
                now: HostTime(seconds: Double(index) * 0.1))
            #expect(decision == DelayDecision(action: .rate(1), reason: .steady))
        }
    }

    @Test func aSkip_waitsForItsBurst_isNotRepeatedAtOnce_andNeedsMedia() {
        var settings = DelayCorrection.Settings()
        settings.skipAbove = .seconds(1)
        var correction = DelayCorrection(settings)
        func ask(_ second: Double, buffered: Double) -> DelayDecision.Action {
            correction.decide(
                delay: .seconds(5), target: .milliseconds(200), buffered: .seconds(buffered),
                now: HostTime(seconds: second)
            ).action
        }
        #expect(ask(0, buffered: 0.1) == .rate(1))
        // Comes in: 1 s of media in 0.1 s.
        #expect(ask(0.1, buffered: 1.1) != .skip)
        #expect(ask(0.2, buffered: 2.1) != .skip)
        // Is in.
        #expect(ask(0.3, buffered: 2.1) == .skip)
        correction.skipped(at: HostTime(seconds: 0.3))
        #expect(correction.skips == 1 && correction.rate == 1)
        #expect(ask(0.4, buffered: 2.1) != .skip)
        #expect(ask(0.5, buffered: 2.1) != .skip)
        // Nothing has changed after a second: once more.
        #expect(ask(1.2, buffered: 2.1) != .skip)
        #expect(ask(1.3, buffered: 2.1) == .skip)
    }

    @Test func reset_beginsAtRateOne() {
        var correction = DelayCorrection()
        for index in 0..<60 {
            _ = correction.decide(
                delay: .seconds(3), target: .milliseconds(200), buffered: .seconds(3),
                now: HostTime(seconds: Double(index) * 0.1))
        }
        #expect(correction.rate == 1.1 && correction.reason == .catchingUp)
        correction.reset()
        #expect(correction.rate == 1 && correction.reason == .steady)
    }
}
