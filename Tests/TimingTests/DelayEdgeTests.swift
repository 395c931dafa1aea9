// The live edge: clocks that differ, bursts at the start, timelines that jump, tracks that are apart.
import Model
import Testing
import Timing

@Suite struct DelayEdgeTests {
    /// An hour; the bar is ±50 ms.
    @Test(arguments: [-200.0, 0, 200])
    func skew_neverAccumulates(partsPerMillion: Double) {
        var player = SimulatedPlayer()
        player.tick = .milliseconds(40)
        let watched = watch(sender: SimulatedSender(skew: partsPerMillion), player: player, for: 3600)
        let off = watched.between(20, 3600).map { ($0.delay - $0.target).magnitude }.max() ?? .seconds(99)
        #expect(off <= .milliseconds(50))
        #expect(watched.longestFreeze(from: 0) == .zero)
        // One correction in five minutes is enough for 12 ms a minute.
        #expect(watched.changes <= 60)
    }

    @Test(arguments: [-200.0, 200])
    func skewUnderJitter_neverAccumulates(partsPerMillion: Double) {
        var player = SimulatedPlayer()
        player.tick = .milliseconds(40)
        let watched = watch(
            [.jitter(from: 0, until: 9999, upTo: .milliseconds(100))],
            sender: SimulatedSender(skew: partsPerMillion),
            player: player, for: 1800)
        // The edge is less certain by what jitter hides of it.
        let off = watched.between(20, 1800).map { ($0.delay - $0.target).magnitude }.max() ?? .seconds(99)
        #expect(off <= .milliseconds(80))
        #expect(watched.longestFreeze(from: 10) <= .milliseconds(20))
    }

    @Test func skewBeyondAllCrystals_isFollowedToo() {
        // Pictures stamped at 30 that are made at 29.97.
        var model = ArrivalModel()
        var last = Span.zero
        for index in 0..<108_000 {
            let media = MediaTime(seconds: Double(index) / 30)
            last = model.add(arrival: HostTime(seconds: Double(index) / 29.97), media: media) ?? .zero
        }
        #expect(last <= .milliseconds(450))
    }

    @Test(arguments: [1.0, 2, 5, 10])
    func aBurstAtTheStart_isNeitherDelayNorJitter(cached: Double) {
        let sender = SimulatedSender(cached: .seconds(cached))
        let watched = watch(sender: sender, for: 30)
        #expect(watched.began.map { $0 < 0.5 } == true)
        #expect(watched.between(0, 5).map(\.target).max() ?? .zero <= DelayBounds.live.initial + .milliseconds(20))
        #expect(watched.percentile(1, from: 1) <= .milliseconds(330))
        #expect(watched.percentile(1, from: 20) <= .milliseconds(130))
    }

    @Test func aBurst_isToldFromWhatComesLive() {
        var learnt = LearntDelay(bounds: .live)
        let start = HostTime(seconds: 50)
        for index in 0..<60 {
            learnt.add(
                track: 0, arrival: start + .milliseconds(Double(index)),
                media: MediaTime(seconds: Double(index) / 30))
        }
        #expect(learnt.isBurst(at: start + .milliseconds(70)))
        for index in 1..<20 {
            learnt.add(
                track: 0, arrival: start + .milliseconds(60) + .seconds(Double(index) / 30),
                media: MediaTime(seconds: 2 + Double(index) / 30))
        }
        #expect(!learnt.isBurst(at: start + .milliseconds(700)))
    }

    @Test(arguments: [-500.0, -2, 5, 36000])
    func aJumpOfTheStamps_beginsAnew(by: Double) {
        let watched = watch(sender: SimulatedSender(jump: (at: 30, by: .seconds(by))), for: 70)
        #expect(watched.discontinuities >= 1)
        #expect(watched.percentile(1, from: 31, until: 36) <= .milliseconds(400))
        #expect(watched.percentile(1, from: 60) <= .milliseconds(130))
        #expect(watched.longestFreeze(from: 31) == .zero)
    }

    @Test func soundThatIsHalfASecondOff_isNotJitter() {
        let watched = watch(sender: SimulatedSender(soundLag: .milliseconds(500)), for: 40)
        #expect(watched.between(15, 40).map(\.target).max() ?? .zero <= .milliseconds(120))
        // It is waited for as stamped.
        #expect(watched.percentile(0.5, from: 30) > .milliseconds(550))
        #expect(watched.percentile(1, from: 30) < .milliseconds(680))
        #expect(watched.longestFreeze(from: 3) == .zero)
    }

    @Test func aTrackWithoutACommonTimeline_isNotWaitedFor() {
        var learnt = LearntDelay(bounds: .live)
        for index in 0..<100 {
            let second = Double(index) / 30
            learnt.add(track: 0, arrival: HostTime(seconds: 500 + second), media: MediaTime(seconds: 7200 + second))
            learnt.add(track: 1, arrival: HostTime(seconds: 500 + second), media: MediaTime(seconds: second))
        }
        #expect(learnt.edge.map { ($0 + .seconds(6700)).magnitude < .milliseconds(10) } == true)
    }

    @Test func aTrackThatFallsSilent_isNotWaitedForForGood() {
        var learnt = LearntDelay(bounds: .live)
        for index in 0..<900 {
            let second = Double(index) / 30
            learnt.add(track: 0, arrival: HostTime(seconds: 500 + second), media: MediaTime(seconds: second))
            guard second < 5 else { continue }
            learnt.add(track: 1, arrival: HostTime(seconds: 500.7 + second), media: MediaTime(seconds: second))
        }
        #expect(learnt.edge.map { ($0 - .seconds(500)).magnitude < .milliseconds(20) } == true)
    }

    @Test func aReconnect_forgets() {
        var learnt = LearntDelay(bounds: .live)
        for index in 0..<300 {
            let second = Double(index) / 30
            let late = index % 10 == 0 ? 0.0 : 0.4
            learnt.add(track: 0, arrival: HostTime(seconds: 500 + second + late), media: MediaTime(seconds: second))
        }
        #expect(learnt.target > DelayBounds.live.initial)
        learnt.reset()
        #expect(learnt.edge == nil && learnt.target == DelayBounds.live.initial)
        #expect(learnt.add(track: 0, arrival: HostTime(seconds: 900), media: .zero) == nil)
    }

    @Test func absurdStamps_areHarmless() {
        var learnt = LearntDelay(bounds: .live)
        var numbers = Seeded(7)
        for index in 0..<5000 {
            let media = MediaTime(nanoseconds: Int64.random(in: .min ... .max, using: &numbers))
            learnt.add(track: index % 3, arrival: HostTime(seconds: Double(index) * 0.01), media: media)
            #expect(learnt.target >= DelayBounds.live.least && learnt.target <= DelayBounds.live.greatest)
        }
    }
}
