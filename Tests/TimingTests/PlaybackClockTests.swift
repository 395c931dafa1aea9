// The playback clock with a rate: no jumps, and both directions agree.
import Model
import Testing
import Timing

@Suite struct PlaybackClockTests {
    private let start = HostTime(seconds: 100)

    @Test func aChangeOfRate_isNoJump() {
        var clock = PlaybackClock(media: MediaTime(seconds: 7), at: start)
        var now = start
        var media = clock.media(at: now)
        for rate in [1.1, 0.95, 1, 1.15, 1] {
            now += .seconds(2)
            let before = clock.media(at: now)
            clock.setRate(rate, at: now)
            #expect((clock.media(at: now) - before).magnitude <= Span(nanoseconds: 2))
            #expect(before > media)
            media = clock.media(at: now + .seconds(1))
            #expect((media - before - .seconds(rate)).magnitude <= Span(nanoseconds: 5))
        }
        #expect(
            (clock.media(at: now) - MediaTime(seconds: 7 + 2 + 2.2 + 1.9 + 2 + 2.3)).magnitude < .microseconds(1))
    }

    @Test func hostAndMedia_areEachOthersInverse() {
        var clock = PlaybackClock(media: MediaTime(seconds: 3), at: start)
        clock.setRate(1.07, at: start + .seconds(1))
        for step in 0..<50 {
            let host = start + .seconds(1 + Double(step) * 0.37)
            let back = clock.host(of: clock.media(at: host)) ?? .zero
            #expect((back - host).magnitude <= Span(nanoseconds: 3))
        }
    }

    @Test func aRateThatIsSetWhilePaused_holdsAfterwards() {
        var clock = PlaybackClock(media: .zero, at: start)
        clock.pause(at: start + .seconds(1))
        clock.setRate(2, at: start + .seconds(5))
        #expect(clock.media(at: start + .seconds(9)) == MediaTime(seconds: 1))
        #expect(clock.host(of: MediaTime(seconds: 2)) == nil)
        clock.resume(at: start + .seconds(10))
        #expect(clock.media(at: start + .seconds(11)) == MediaTime(seconds: 3))
    }

    @Test(arguments: [0, -1, Double.nan, .infinity])
    func ratesThatAreNone_areIgnored(rate: Double) {
        var clock = PlaybackClock(media: .zero, at: start)
        clock.setRate(rate, at: start + .seconds(1))
        #expect(clock.rate == 1 && clock.media(at: start + .seconds(2)) == MediaTime(seconds: 2))
    }
}
