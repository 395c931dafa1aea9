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

@Suite struct LossTests {
    @Test func packetsThatFoundNoRoom_areToldInFrontOfTheNextOnes() {
        let queue = EventQueue(bytes: nil, wantsFacts: true)
        queue.pushLive(.tracks([Track(id: 0, kind: .video, codec: .h264)]))
        func push(_ range: Range<Int>) {
            for index in range {
                let time = MediaTime(milliseconds: Int64(index) * 40)
                queue.pushLive(
                    .packet(
                        Packet(
                            track: 0, kind: .video, pts: time, dts: time, isKeyframe: index % 25 == 0, data: [1],
                            arrival: .zero)))
            }
        }
        push(0..<1000)
        var events: [SourceEvent] = []
        while let event = queue.next(until: .now()) { events.append(event) }
        let kept = events.count - 1
        push(1000..<1025)
        guard case .fact(.lostHere(let lost)) = queue.next(until: .now()) else {
            Issue.record("no word of the loss")
            return
        }
        #expect(lost == 1000 - kept)
        while case .packet = queue.next(until: .now()) {}
        push(1025..<2000)
        queue.pushLive(.end(nil))
        var rest: [SourceEvent] = []
        while let event = queue.next(until: .now()) { rest.append(event) }
        let told = rest.compactMap { if case .fact(.lostHere(let lost)) = $0 { lost } else { nil } }
        #expect(told.reduce(lost, +) == queue.dropped, "each is told once")
    }

    @Test func aReaderThatStandsStill_isNotBuriedInFacts() {
        let queue = EventQueue(bytes: nil, wantsFacts: true)
        for _ in 0..<200_000 { queue.tell(.damaged("a tag")) }
        var count = 0
        while queue.next(until: .now()) != nil { count += 1 }
        #expect(count > 100 && count < 50_000)
    }
}

@Suite struct SegmentLedgerTests {
    private func at(_ seconds: Double) -> HostTime { HostTime(seconds: seconds) }

    @Test func packetsBelongToTheSegmentInWhichTheyBegin() {
        var ledger = SegmentLedger()
        ledger.wrote(1000, arrival: at(1), date: WallTime(seconds: 10))
        ledger.wrote(500, arrival: at(2), date: WallTime(seconds: 11))
        let sound = ledger.look(at: 0, takesDate: false)
        #expect(sound?.arrival == at(1) && sound?.date == nil)
        #expect(ledger.look(at: 188, takesDate: true)?.date == WallTime(seconds: 10))
        #expect(ledger.look(at: 376, takesDate: true)?.date == nil, "once")
        #expect(ledger.look(at: nil, takesDate: true)?.arrival == at(1))
        #expect(ledger.look(at: 1000, takesDate: false)?.arrival == at(2))
        // A picture whose bytes came before the sound of the next segment, told after it.
        #expect(ledger.look(at: 900, takesDate: true)?.arrival == at(1))
        #expect(ledger.look(at: 1200, takesDate: true)?.date == WallTime(seconds: 11))
    }

    @Test func itForgetsWhatIsPast() {
        var ledger = SegmentLedger()
        for index in 0..<100_000 { ledger.wrote(1, arrival: at(Double(index)), date: nil) }
        #expect(ledger.look(at: 99_999, takesDate: false)?.arrival == at(99_999))
        #expect(ledger.look(at: 0, takesDate: false) == nil)
    }
}
