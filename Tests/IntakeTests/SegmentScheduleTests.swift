import Model
import Testing
import Wire

@testable import Intake

@Suite struct SegmentScheduleTests {
    private func playlist(_ sequences: ClosedRange<Int>, ended: Bool = false) -> MediaPlaylist {
        var list = MediaPlaylist()
        list.targetDuration = .seconds(2)
        list.isEnded = ended
        list.segments = sequences.map {
            MediaPlaylist.Segment(uri: "\($0).ts", sequence: $0, discontinuitySequence: 0, duration: .seconds(2))
        }
        return list
    }

    private func fetched(_ step: SegmentSchedule.Step) -> Int? {
        if case .fetch(let segment) = step { segment.sequence } else { nil }
    }

    @Test func liveStream_beginsWithTheNewestSegment() {
        var schedule = SegmentSchedule()
        let list = playlist(10...15)
        schedule.loaded(list)
        #expect(fetched(schedule.step(list, loadedAt: .zero)) == 15)
        #expect(schedule.step(list, loadedAt: .zero) == .reload(at: .zero + .milliseconds(500)))
    }

    @Test func segmentsThatLeftTheList_areCountedAndSkipped() {
        var schedule = SegmentSchedule()
        schedule.loaded(playlist(1...3))
        _ = schedule.step(playlist(1...3), loadedAt: .zero)
        let later = playlist(8...10)
        schedule.loaded(later)
        #expect(fetched(schedule.step(later, loadedAt: .zero)) == 8)
        #expect(schedule.missed == 4)
    }

    @Test func aServerThatStartedAgain_isJoinedAnew() {
        var schedule = SegmentSchedule()
        schedule.loaded(playlist(100...103))
        _ = schedule.step(playlist(100...103), loadedAt: .zero)
        let again = playlist(0...2)
        schedule.loaded(again)
        #expect(fetched(schedule.step(again, loadedAt: .zero)) == 2)
    }

    @Test func theEnd_comesAfterTheLastSegment() {
        var schedule = SegmentSchedule()
        let list = playlist(1...2, ended: true)
        schedule.loaded(list)
        #expect(fetched(schedule.step(list, loadedAt: .zero)) == 2)
        #expect(schedule.step(list, loadedAt: .zero) == .ended)
    }
}
