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
