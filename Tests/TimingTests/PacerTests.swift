import Model
import Testing
import Timing

@Suite struct PacerTests {
    @Test func oneHour_drawsNoDrift() {
        var pacer = Pacer()
        var now = HostTime(seconds: 100)
        var worst = Span.zero
        for index in 0..<(3600 * 50) {
            let media = MediaTime(nanoseconds: Int64(index) * 20_000_000)
            let due = pacer.due(media, now: now)
            // The scheduler wakes up to 3 ms late, always.
            now = max(now, due) + .microseconds(Int64(index % 7) * 500)
            pacer.released(media, now: now)
            worst = max(worst, now - (HostTime(seconds: 100) + (media - .zero)))
        }
        #expect(worst <= .milliseconds(3))
    }

    @Test func afterAPause_theBacklogLeavesAtOneAndAQuarter() {
        var pacer = Pacer()
        var now = HostTime(seconds: 0)
        var sent: [(HostTime, MediaTime)] = []
        for index in 0..<1000 {
            let media = MediaTime(nanoseconds: Int64(index) * 40_000_000)
            now = max(now, pacer.due(media, now: now))
            if index == 100 { now += .seconds(5) }
            pacer.released(media, now: now)
            sent.append((now, media))
        }
        // Right after the pause: 100 packets of 40 ms take 100 * 32 ms.
        let backlog = sent[201].0 - sent[101].0
        #expect((backlog - .milliseconds(3200)).magnitude < .milliseconds(1))
        // 5 s at 0.25 s a second are made up after 20 s of sending; then it is on schedule again.
        #expect((sent[999].0 - HostTime(seconds: 999 * 0.04)).magnitude < .milliseconds(1))
    }

    /// Pictures and sound of a usual stream, and a machine on which every sleep lasts longer than it should.
    @Test(arguments: [1.0, 5, 20]) func aMachineThatWakesUpLate_catchesUpAllTheSame(late: Double) {
        var pacer = Pacer()
        var now = HostTime(seconds: 0)
        var lag = Span.zero
        var (sent, begun): (Span, HostTime?) = (.zero, nil)
        for index in 0..<8000 {
            // About 140 packets a second, two thirds of them sound, which may leave early.
            let media = MediaTime(nanoseconds: Int64(index) * 7_150_000)
            let due = pacer.departure(media, isSound: index % 3 != 0, now: now)
            if due > now { now = due + .milliseconds(late) }
            if index == 400 { now += .seconds(5) }
            pacer.released(media, now: now)
            lag = now - (HostTime(seconds: 0) + (media - .zero))
            // Never faster than it may: over ten seconds from the pause on.
            guard index > 400 else { continue }
            if let begun, now - begun <= .seconds(10) {
                sent += .microseconds(7_150)
            } else {
                begun = begun ?? now
            }
        }
        #expect(lag <= .milliseconds(late + 15), "57 s later, 5 s behind, a quarter of a second made up in each")
        #expect(sent <= .seconds(12.5) + .milliseconds(120) && sent > .seconds(12), "\(sent.seconds) s in ten")
    }

    @Test func soundThatIsAllButDue_leavesWithThePictureBefore() {
        var pacer = Pacer()
        let start = HostTime(seconds: 10)
        #expect(pacer.departure(.zero, isSound: false, now: start) == start)
        pacer.released(.zero, now: start)
        let near = MediaTime(milliseconds: 9)
        let far = MediaTime(milliseconds: 15)
        #expect(pacer.departure(near, isSound: false, now: start) == start + .milliseconds(9))
        #expect(pacer.departure(near, isSound: true, now: start) == start)
        pacer.released(near, now: start)
        // It gained its lead once, and does not gain another one on top.
        #expect(pacer.departure(far, isSound: true, now: start) == start + .milliseconds(15))
        // What is late stays due when it was due, so that a backlog leaves as slowly as ever.
        #expect(pacer.departure(far, isSound: true, now: start + .milliseconds(40)) == start + .milliseconds(15))
    }

    @Test func captureTime_neverLiesInTheFuture() {
        var pacer = Pacer()
        let now = HostTime(seconds: 7)
        // Two B-frames: dts leads pts by varying amounts.
        let pattern: [(dts: Int64, pts: Int64)] = [(-80, 0), (-40, 120), (0, 40), (40, 80), (80, 240), (120, 160)]
        for (dts, pts) in pattern {
            let dtsTime = MediaTime(milliseconds: dts)
            let due = pacer.due(dtsTime, now: now)
            let capture = pacer.captureTime(pts: MediaTime(milliseconds: pts), dts: dtsTime)
            #expect(capture.map { $0 <= due } == true)
        }
    }
}
