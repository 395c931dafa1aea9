import Model
import Testing

@testable import Intake

@Suite struct EventQueueTests {
    private func packet(_ index: Int, keyframe: Bool) -> Packet {
        let time = MediaTime(milliseconds: Int64(index) * 40)
        return Packet(
            track: 0, kind: .video, pts: time, dts: time, isKeyframe: keyframe, data: [1], arrival: .zero)
    }

    @Test func aSlowReaderOfALiveStream_losesWholeGOPs() {
        let queue = EventQueue(bytes: nil)
        queue.pushLive(.tracks([Track(id: 0, kind: .video, codec: .h264)]))
        for index in 0..<1000 { queue.pushLive(.packet(packet(index, keyframe: index % 25 == 0))) }
        // A reader that comes back takes what is there; then the stream goes on, with a key frame.
        var got: [Packet] = []
        while let event = queue.next(until: .now()) { if case .packet(let packet) = event { got.append(packet) } }
        #expect((got.last?.dts ?? .zero) - (got.first?.dts ?? .zero) <= EventQueue.liveLimit)
        #expect(queue.dropped == 1000 - got.count)
        for index in 1000..<1100 { queue.pushLive(.packet(packet(index, keyframe: index % 25 == 0))) }
        guard case .packet(let first) = queue.next(until: .now()) else {
            Issue.record("nothing came after the reader had caught up")
            return
        }
        #expect(first.isKeyframe)
    }

    @Test func aReaderThatHasGone_stopsTheWriter() {
        let queue = EventQueue(bytes: 1000)
        queue.close()
        #expect(!queue.pushWaiting(.packet(packet(0, keyframe: true))))
        #expect(queue.isFinished)
    }
}

@Suite struct SplicedTimelineTests {
    @Test func aCut_continuesWhereTheStreamEnded() {
        var timeline = SplicedTimeline()
        func packet(_ ms: Int64) -> Packet {
            let time = MediaTime(milliseconds: ms)
            return Packet(
                track: 0, kind: .video, pts: time, dts: time, duration: .milliseconds(40), isKeyframe: true,
                data: [], arrival: .zero)
        }
        _ = timeline.place(packet(5000))
        timeline.cut()
        #expect(timeline.place(packet(100)).dts == MediaTime(milliseconds: 5040))
        #expect(timeline.place(packet(140)).dts == MediaTime(milliseconds: 5080))
    }
}
