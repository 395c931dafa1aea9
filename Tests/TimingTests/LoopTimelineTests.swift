import Model
import Testing
import Timing

@Suite struct LoopTimelineTests {
    private func packet(_ track: Int, _ dts: Int64, pts: Int64? = nil, duration: Int64) -> Packet {
        Packet(
            track: track, kind: track == 0 ? .video : .audio, pts: MediaTime(milliseconds: pts ?? dts),
            dts: MediaTime(milliseconds: dts), duration: .milliseconds(Double(duration)), isKeyframe: true,
            data: [], arrival: .zero)
    }

    @Test func aStepBack_isClosedForAllTracksAtOnce() {
        var timeline = LoopTimeline()
        var last: [Int: MediaTime] = [:]
        for index in 0..<200 {
            // Both tracks step back by 100 s, sound three packets later than the picture.
            let video = Int64(index) * 40 + (index < 100 ? 200_000 : 100_000)
            let audio = Int64(index) * 40 + (index < 103 ? 200_000 : 100_000)
            for source in [packet(0, video, duration: 40), packet(1, audio, duration: 40)] {
                let placed = timeline.place(source).orderTime ?? .zero
                if let before = last[source.track] {
                    #expect(placed > before)
                    #expect(placed - before < .milliseconds(100))
                }
                last[source.track] = placed
            }
        }
        let apart = ((last[0] ?? .zero) - (last[1] ?? .zero)).magnitude
        #expect(apart < .milliseconds(130))
    }

    @Test func aHole_isNotPacedOver() {
        var timeline = LoopTimeline()
        _ = timeline.place(packet(0, 0, duration: 40))
        let after = timeline.place(packet(0, 3_600_000, duration: 40)).orderTime
        #expect(after == MediaTime(milliseconds: 40))
    }

    @Test func loops_areStrictlyMonotonicAndKeepTracksTogether() {
        var timeline = LoopTimeline()
        var last: [Int: MediaTime] = [:]
        var firstOfPass: [[Int: MediaTime]] = []
        for _ in 0..<5 {
            var first: [Int: MediaTime] = [:]
            for index in 0..<25 {
                for source in [
                    packet(0, Int64(index) * 40 - 80, pts: Int64(index) * 40, duration: 40),
                    packet(1, Int64(index) * 41 - 21, duration: 41),
                ] {
                    let placed = timeline.place(source)
                    let order = placed.orderTime ?? .zero
                    if let before = last[placed.track] { #expect(order > before) }
                    last[placed.track] = order
                    first[placed.track] = first[placed.track] ?? order
                }
            }
            firstOfPass.append(first)
            timeline.nextPass()
        }
        // 25 pictures of 40 ms end at 1000 ms, sound from -21 ms ends at 1004 ms: 1025 ms a pass.
        for (one, next) in zip(firstOfPass, firstOfPass.dropFirst()) {
            #expect((next[0] ?? .zero) - (one[0] ?? .zero) == .milliseconds(1025))
        }
        for pass in firstOfPass {
            let gap = (pass[1] ?? .zero) - (pass[0] ?? .zero)
            #expect(gap == .milliseconds(59))
        }
    }
}
