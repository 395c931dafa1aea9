// What playback is like on simulated networks: freezes, delay, and what the target learns and forgets.
import Model
import Testing
import Timing

/// One evening in front of a simulated player; the same for each seed.
func watch(
    _ faults: [SimulatedNetwork.Fault] = [], sender: SimulatedSender = SimulatedSender(),
    player: SimulatedPlayer = SimulatedPlayer(), for seconds: Double, seed: UInt64 = 1
) -> Watched {
    let packets = SimulatedNetwork(faults: faults)
        .carry(sender.make(seconds: seconds), bitsPerSecond: sender.bitsPerSecond, seed: seed)
    return player.watch(packets, for: seconds)
}

@Suite struct DelayLearningTests {
    private static let seeds: ClosedRange<UInt64> = 1...4
    private let hard = SimulatedNetwork.Fault.jitter(from: 0, until: 70, upTo: .milliseconds(300))

    @Test(arguments: [5.0, 30, 60])
    func jitterOf300ms_freezesNothingOnceLearnt_andACalmMinuteIsSeen(framesPerSecond: Double) {
        for seed in Self.seeds {
            let watched = watch(
                [hard], sender: SimulatedSender(framesPerSecond: framesPerSecond), for: 130, seed: seed)
            #expect(watched.longestFreeze(from: 10) <= .milliseconds(50), "seed \(seed)")
            #expect(watched.percentile(0.95, from: 10, until: 70) <= .milliseconds(500), "seed \(seed)")
            #expect(watched.percentile(1, from: 120) <= .milliseconds(150), "seed \(seed)")
        }
    }

    @Test func jitterThatBeginsLater_isLearntWithinTenSeconds_andForgottenWithinSixty() {
        for seed in Self.seeds {
            let watched = watch(
                [.jitter(from: 30, until: 90, upTo: .milliseconds(300))], for: 150, seed: seed)
            #expect(watched.longestFreeze(from: 40) <= .milliseconds(50), "seed \(seed)")
            let calm = watched.back(to: .milliseconds(250), within: .zero, after: 90)
            #expect(calm.map { $0 <= 50 } == true, "seed \(seed): \(String(describing: calm))")
            #expect(watched.percentile(1, from: 145) <= .milliseconds(150), "seed \(seed)")
        }
    }

    @Test func soundAlone_isTheSame() {
        let sender = SimulatedSender(framesPerSecond: nil)
        for seed in Self.seeds {
            let watched = watch([hard], sender: sender, for: 130, seed: seed)
            #expect(watched.longestFreeze(from: 10) <= .milliseconds(50), "seed \(seed)")
            #expect(watched.percentile(1, from: 125) <= .milliseconds(150), "seed \(seed)")
        }
    }

    @Test(arguments: [5.0, 30, 60])
    func conversation_under100msOfJitter_staysBelow220ms(framesPerSecond: Double) {
        var player = SimulatedPlayer(bounds: .rtc)
        player.correction.skipAbove = .seconds(1)
        for seed in Self.seeds {
            let watched = watch(
                [.jitter(from: 0, until: 999, upTo: .milliseconds(100))],
                sender: SimulatedSender(framesPerSecond: framesPerSecond), player: player, for: 60, seed: seed)
            #expect(watched.percentile(0.95, from: 0) <= .milliseconds(220), "seed \(seed)")
            #expect(watched.longestFreeze(from: 0) <= .milliseconds(100), "seed \(seed)")
            #expect(watched.longestFreeze(from: 10) == .zero, "seed \(seed)")
        }
    }

    /// Machines and radios stand still now and then. In a conversation the next one is not waited for all the time.
    @Test func conversation_forgivesARareGap() {
        for seed in UInt64(1)...6 {
            var player = SimulatedPlayer(bounds: .rtc)
            player.correction.skipAbove = .seconds(1)
            let faults: [SimulatedNetwork.Fault] = [
                .jitter(from: 0, until: 999, upTo: .milliseconds(100)),
                .hiccups(every: 10, upTo: .milliseconds(150)),
            ]
            let watched = watch(faults, player: player, for: 60, seed: seed)
            #expect(watched.percentile(0.95, from: 10) <= .milliseconds(200), "seed \(seed)")
            #expect(watched.longestFreeze(from: 10) <= .milliseconds(150), "seed \(seed)")
            #expect(watched.changes <= 16, "seed \(seed)")
        }
    }

    /// A player, its window and what else is started keep the machine busy for a moment.
    @Test func conversation_forgetsWhatTheStartWasLike() {
        for seed in UInt64(1)...6 {
            var player = SimulatedPlayer(bounds: .rtc)
            player.correction.skipAbove = .seconds(1)
            let faults: [SimulatedNetwork.Fault] = [
                .jitter(from: 0, until: 999, upTo: .milliseconds(100)), .swallowed(at: 2.5, for: 0.25),
            ]
            let watched = watch(faults, player: player, for: 50, seed: seed)
            #expect(watched.percentile(0.95, from: 10) <= .milliseconds(220), "seed \(seed)")
            #expect(watched.longestFreeze(from: 10) == .zero, "seed \(seed)")
        }
    }

    @Test func gapsThatComeBack_areNotForgiven() {
        func target(gapsAt seconds: [Double]) -> Span {
            var target = DelayTarget(bounds: .rtc)
            for index in 0..<300 {
                let now = HostTime(seconds: 100 + Double(index) * 0.1)
                target.add(relativeDelay: .milliseconds(20), at: now)
                if seconds.contains(where: { Int($0 * 10) == index }) {
                    target.underrun(at: now, lateBy: .milliseconds(120))
                }
            }
            return target.target
        }
        let calm = target(gapsAt: [])
        #expect(target(gapsAt: [15]) == calm && target(gapsAt: [12, 27]) == calm)
        #expect(target(gapsAt: [20, 27]) >= calm + .milliseconds(120))
    }

    @Test func mergedWrites_areWaitedForWithoutAFreeze() {
        let watched = watch(sender: SimulatedSender(mergedWrites: .milliseconds(350)), for: 60)
        #expect(watched.longestFreeze(from: 5) == .zero)
        #expect(watched.percentile(0.95, from: 10) <= .milliseconds(450))
    }

    @Test(arguments: [0.5, 2, 5, 10])
    func oneStall_raisesTheTargetForMomentsOnly(length: Double) {
        let watched = watch([.swallowed(at: 30, for: length)], for: 110)
        let before = watched.between(25, 30).map(\.target).max() ?? .zero
        // What was waited for is kept a while where it is short, and a long one is nobody's habit.
        #expect(watched.between(30, 110).map(\.target).max() ?? .zero <= .milliseconds(650))
        #expect(watched.between(75, 110).map(\.target).max() ?? .zero <= before)
    }

    @Test func stallsThatComeBack_areWaitedFor_andForgotten() {
        let short = watch((0..<10).map { .swallowed(at: 20 + Double($0) * 6, for: 0.5) }, for: 140)
        #expect(short.longestFreeze(from: 25) <= .milliseconds(20))
        #expect(short.percentile(1, from: 135) <= .milliseconds(150))
        let long = watch((0..<5).map { .swallowed(at: 20 + Double($0) * 15, for: 2) }, for: 220)
        #expect(long.longestFreeze(from: 60) <= .milliseconds(300))
        #expect(long.percentile(1, from: 215) <= .milliseconds(150))
    }

    @Test func aLineThatStandsStillNowAndThen_isWaitedForMostly_andTheRateRestsMostly() {
        for seed in Self.seeds {
            let watched = watch([.hiccups(every: 4, upTo: .milliseconds(400))], for: 200, seed: seed)
            let seen = watched.freezes.filter { $0.second > 10 && $0.length > .milliseconds(50) }
            #expect(seen.count <= 8 && watched.longestFreeze(from: 10) <= .milliseconds(300), "seed \(seed)")
            #expect(watched.percentile(0.95, from: 10) <= .milliseconds(450), "seed \(seed)")
            #expect(watched.changes <= 40, "seed \(seed)")
        }
    }

    @Test func aDipOfTheBandwidth_isNotLearntAsTheNetworksNature() {
        let watched = watch([.rate(from: 30, until: 40, 1_000_000)], for: 150)
        #expect(watched.longestFreeze(from: 42) == .zero)
        #expect(watched.between(30, 150).map(\.target).max() ?? .zero <= .milliseconds(1100))
        #expect(watched.percentile(1, from: 100) <= .milliseconds(150))
    }

    @Test func anotherLine_isAnotherEdge() {
        // A little longer: within the delay that is kept anyway, after a moment of learning.
        let little = watch([.longer(from: 30, by: .milliseconds(300))], for: 120)
        #expect(little.longestFreeze(from: 31) == .zero)
        // Much longer for good: the old edge is given up, and the target does not carry the difference.
        let much = watch([.longer(from: 30, by: .seconds(3))], for: 120)
        #expect(much.longestFreeze(from: 34) == .zero)
        #expect(much.percentile(1, from: 60) <= .milliseconds(3250))
        #expect(much.between(60, 120).map(\.target).max() ?? .zero <= .milliseconds(200))
    }

    @Test func rtc_goesAbove500msOnlyWhileTheNetworkIsBad() {
        var player = SimulatedPlayer(bounds: .rtc)
        player.correction.skipAbove = .seconds(1)
        let watched = watch(
            [.jitter(from: 10, until: 60, upTo: .milliseconds(900))], player: player, for: 130)
        let highest = watched.moments.map(\.target).max() ?? .zero
        #expect(highest > .milliseconds(500) && highest <= .seconds(1))
        #expect(watched.percentile(1, from: 125) <= .milliseconds(200))
    }

    /// The bars above are none that any constant meets.
    @Test func aConstantTarget_failsInTheJitterOrInTheCalm() {
        var player = SimulatedPlayer()
        player.fixedTarget = .milliseconds(100)
        #expect(watch([hard], player: player, for: 60).freezes.count >= 4)
        player.fixedTarget = .milliseconds(400)
        #expect(watch([hard], player: player, for: 130).percentile(0.5, from: 125) > .milliseconds(250))
    }

    @Test func fixedBounds_learnNothing() {
        var target = DelayTarget(bounds: .smooth)
        for index in 0..<1000 {
            target.add(relativeDelay: .seconds(3), at: HostTime(seconds: Double(index) * 0.1))
        }
        target.underrun(at: HostTime(seconds: 100), lateBy: .seconds(1))
        #expect(target.target == .seconds(5))
    }

    @Test func bounds_areBroughtIntoOrder() {
        let bounds = DelayBounds(least: .seconds(2), greatest: .seconds(1), initial: .seconds(9))
        #expect(bounds.least == .seconds(2) && bounds.greatest == .seconds(2) && bounds.initial == .seconds(2))
        #expect(bounds.isFixed && !DelayBounds.live.isFixed && !DelayBounds.rtc.isFixed)
    }
}
