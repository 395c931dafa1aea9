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
        schedule.loaded(list, at: .zero)
        #expect(fetched(schedule.step(list, loadedAt: .zero)) == 15)
        #expect(schedule.step(list, loadedAt: .zero) == .reload(at: .zero + SegmentSchedule.searching))
    }

    @Test(arguments: [(0.0, 15), (2, 15), (2.1, 14), (5, 13), (12, 10), (60, 10)])
    func wantedDelay_decidesWhereItBegins(seconds: Double, first: Int) {
        var schedule = SegmentSchedule(startDelay: .seconds(seconds))
        let list = playlist(10...15)
        schedule.loaded(list, at: .zero)
        #expect(fetched(schedule.step(list, loadedAt: .zero)) == first)
        // What follows comes in turn, without waiting.
        if first < 15 { #expect(fetched(schedule.step(list, loadedAt: .zero)) == first + 1) }
    }

    @Test(arguments: [
        ("Sat, 21 Nov 2026 13:00:05 GMT", "Sat, 21 Nov 2026 13:00:02 GMT", 2.0),
        ("Sun, 01 Mar 2026 00:00:01 GMT", "Sat, 28 Feb 2026 23:59:58 GMT", 2),
        ("Sat, 21 Nov 2026 13:00:05 GMT", "Sat, 21 Nov 2026 13:00:05 GMT", 0),
        ("Sat, 21 Nov 2026 13:00:05 GMT", "Sat, 21 Nov 2026 13:00:09 GMT", 0),
        ("Sat, 21 Nov 2026 13:00:05 GMT", "Sat, 21 Nov 2020 13:00:05 GMT", 10),
        ("Sat, 21 Nov 2026 13:00:05 GMT", "yesterday", 0),
        ("Sat, 21 Nov 2026 13:00:05 CET", "Sat, 21 Nov 2026 12:00:05 CET", 0),
        ("Sat, 21 Nov 2026 13:00:05 GMT", nil, 0),
    ])
    func ageOfThePlaylist_byItsHeaders(date: String?, written: String?, seconds: Double) {
        #expect(SegmentAge.atLeast(date: date, lastModified: written) == .seconds(seconds))
    }

    @Test func segmentsThatLeftTheList_areCountedAndSkipped() {
        var schedule = SegmentSchedule()
        schedule.loaded(playlist(1...3), at: .zero)
        _ = schedule.step(playlist(1...3), loadedAt: .zero)
        let later = playlist(8...10)
        schedule.loaded(later, at: .zero)
        #expect(fetched(schedule.step(later, loadedAt: .zero)) == 8)
        #expect(schedule.missed == 4)
    }

    @Test func aServerThatStartedAgain_isJoinedAnew() {
        var schedule = SegmentSchedule()
        schedule.loaded(playlist(100...103), at: .zero)
        _ = schedule.step(playlist(100...103), loadedAt: .zero)
        let again = playlist(0...2)
        schedule.loaded(again, at: .zero)
        #expect(fetched(schedule.step(again, loadedAt: .zero)) == 2)
    }

    @Test func onceTheRhythmIsKnown_itAsksWhenTheNextSegmentIsDue() {
        var schedule = SegmentSchedule()
        schedule.loaded(playlist(1...3), at: .zero)
        _ = schedule.step(playlist(1...3), loadedAt: .zero)
        let change = HostTime(seconds: 10)
        let list = playlist(2...4)
        schedule.loaded(list, at: change)
        #expect(fetched(schedule.step(list, loadedAt: change)) == 4)
        // Segments of two seconds: not before 1.95 s, then briskly.
        #expect(schedule.step(list, loadedAt: change) == .reload(at: HostTime(seconds: 11.95)))
        let late = HostTime(seconds: 12.1)
        schedule.loaded(list, at: late)
        #expect(schedule.step(list, loadedAt: late) == .reload(at: late + SegmentSchedule.expecting))
    }

    @Test func theEnd_comesAfterTheLastSegment() {
        var schedule = SegmentSchedule()
        let list = playlist(1...2, ended: true)
        schedule.loaded(list, at: .zero)
        #expect(fetched(schedule.step(list, loadedAt: .zero)) == 2)
        #expect(schedule.step(list, loadedAt: .zero) == .ended)
    }
}
