// Playback's distance from live: made-up arrivals in, steps out.
import Intake
import Model
import Testing
import Timing

@testable import Player

/// A stream of 25 pictures and 50 blocks of sound a second.
private struct MadeArrivals {
    let control: DelayControl
    var next = 0

    /// Media up to `until` (ms) come, each `late` after its time, or all at `at`.
    mutating func send(until: Int, at: Int? = nil, late: Int = 0) {
        while next < until {
            for kind in [TrackKind.video, .audio] where kind == .audio || next % 40 == 0 {
                let time = MediaTime(milliseconds: Int64(next))
                control.arrived(
                    Packet(
                        track: kind == .video ? 0 : 1, kind: kind, pts: time, dts: time,
                        duration: .milliseconds(kind == .video ? 40 : 20), isKeyframe: next % 1000 == 0, data: [0],
                        arrival: MadeArrivals.host(at ?? next + late)))
            }
            next += 20
        }
    }
    static func host(_ ms: Int) -> HostTime { HostTime(nanoseconds: Int64(ms + 10_000) * 1_000_000) }
}

@Suite struct DelayControlTests {
    private func media(_ ms: Int) -> MediaTime { MediaTime(milliseconds: Int64(ms)) }

    private func made(_ change: (inout DelaySettings) -> Void = { _ in }) -> MadeArrivals {
        var settings = DelaySettings(mode: .live)
        change(&settings)
        return MadeArrivals(control: DelayControl(settings))
    }

    @Test func nothingLeft_isDryAndGoesOnWhenThereIsEnough() {
        var stream = made()
        stream.send(until: 2000)
        let control = stream.control
        let target = control.target(soundLatency: .zero)
        #expect(
            control.delay(presenting: media(1700), at: MadeArrivals.host(2000)).map { $0 > .milliseconds(290) }
                == true)
        // Nothing comes any more: the clock runs on until it has shown what there is.
        guard case .rate = control.step(media: media(1900), soundLatency: .zero, now: MadeArrivals.host(2200))
        else {
            Issue.record("there is something left")
            return
        }
        #expect(
            control.step(media: media(2010), soundLatency: .zero, now: MadeArrivals.host(2310))
                == .dry(end: media(2000)))
        stream.send(until: 2040, at: 4000)
        #expect(
            control.step(media: media(2000), soundLatency: .zero, now: MadeArrivals.host(4010))
                == .dry(end: media(2040)), "40 ms are not enough")
        stream.send(until: 4000, at: 4020)
        #expect(
            control.step(media: media(2000), soundLatency: .zero, now: MadeArrivals.host(4030))
                == .resume(after: .milliseconds(1720)))
        #expect(control.target(soundLatency: .zero) < target + .milliseconds(400), "one stall alone")
    }

    @Test func aHoleInOneTrack_doesNotStopTheOther() {
        var stream = made()
        stream.send(until: 2000)
        for ms in stride(from: 2000, to: 2800, by: 40) {
            let time = media(ms)
            stream.control.arrived(
                Packet(
                    track: 0, kind: .video, pts: time, dts: time, duration: .milliseconds(40), isKeyframe: false,
                    data: [0], arrival: MadeArrivals.host(ms)))
        }
        guard
            case .rate = stream.control.step(media: media(2500), soundLatency: .zero, now: MadeArrivals.host(2800))
        else {
            Issue.record("pictures are there")
            return
        }
    }

    @Test func farBehind_skipsToItsTarget() {
        var stream = made { $0.skip = .above(.seconds(1)) }
        stream.send(until: 8000)
        var skipped: MediaTime?
        for ms in stride(from: 8000, through: 9000, by: 40) {
            stream.send(until: ms)
            if case .skip(let to) = stream.control.step(
                media: media(ms - 2500), soundLatency: .zero, now: MadeArrivals.host(ms))
            {
                skipped = to
                let aim = stream.control.target(soundLatency: .zero)
                #expect(
                    (MadeArrivals.host(ms) - MadeArrivals.host(0) - (to - .zero) - aim).magnitude
                        < .milliseconds(30))
                break
            }
        }
        #expect(skipped != nil)
        var patient = made { $0.skip = .off }
        patient.send(until: 8000)
        for ms in stride(from: 8000, through: 10_000, by: 40) {
            patient.send(until: ms)
            if case .skip = patient.control.step(
                media: media(ms - 2500), soundLatency: .zero, now: MadeArrivals.host(ms))
            {
                Issue.record("it was told not to")
            }
        }
    }

    @Test func sound_addsWhatItsDeviceHolds() {
        let stream = made { $0.target = .milliseconds(200) }
        #expect(stream.control.target(soundLatency: .milliseconds(30)) == .milliseconds(230))
    }

    @Test func options_moveTheModesBounds() {
        var settings = DelaySettings(mode: .rtc)
        settings.minimum = .seconds(2)
        #expect(settings.bounds.least == .seconds(2) && settings.bounds.greatest == .seconds(2))
        settings = DelaySettings(mode: .live)
        settings.maximum = .milliseconds(50)
        #expect(settings.bounds.least == .milliseconds(50) && settings.bounds.greatestWhenBad == .milliseconds(50))
        settings = DelaySettings(mode: .auto)
        #expect(settings.bounds == .live && settings.skipLimit == .seconds(4))
        #expect(DelaySettings(mode: .nobuffer).skipLimit == .milliseconds(300))
        #expect(DelaySettings(mode: .rtc).skipLimit == .seconds(1))
    }
}

@Suite struct SegmentPaceTests {
    @Test func target_isASegmentAndWhatFetchingIsLateBy() {
        var pace = SegmentPace(DelaySettings(mode: .nobuffer))
        var arrival = 0
        for segment in 0..<6 {
            // Two seconds each; each comes 100 ms later or earlier than the one before it would have it.
            arrival = segment * 2000 + (segment % 2) * 100
            for picture in 0..<50 {
                pace.add(
                    kind: .video, arrival: MadeArrivals.host(arrival),
                    media: MediaTime(milliseconds: Int64(segment * 2000 + picture * 40)))
            }
        }
        #expect(
            pace.target >= .milliseconds(2100) && pace.target <= .milliseconds(2260), "\(pace.target.milliseconds)")
        pace.reset()
        #expect(pace.target < .milliseconds(400))
    }
}

@Suite struct ContinuousTimelineTests {
    private func packet(_ kind: TrackKind, _ ms: Int64, at host: Int64) -> Packet {
        let time = MediaTime(milliseconds: ms)
        return Packet(
            track: kind == .video ? 0 : 1, kind: kind, pts: time, dts: time, isKeyframe: true, data: [0],
            arrival: HostTime(milliseconds: host))
    }

    @Test(arguments: [Int64(0), 28_800_000, 4_294_967_000])
    func stampsThatBreakOff_goOnInBothTracks(newZero: Int64) {
        var timeline = ContinuousTimeline()
        var last: [TrackKind: MediaTime] = [:]
        for ms in stride(from: Int64(50_000), to: 52_000, by: 40) {
            for kind in [TrackKind.video, .audio] {
                last[kind] = timeline.place(packet(kind, ms, at: ms)).pts
            }
        }
        for (index, ms) in stride(from: Int64(52_000), to: 53_000, by: 40).enumerated() {
            let stamp = newZero + Int64(index) * 40
            for kind in [TrackKind.video, .audio] {
                let placed = timeline.place(packet(kind, stamp, at: ms)).pts
                let step = (placed ?? .zero) - (last[kind] ?? .zero)
                #expect(step >= .milliseconds(20) && step <= .milliseconds(60), "\(kind) \(step.milliseconds)")
                last[kind] = placed
            }
        }
        #expect(timeline.breaks == 1)
        #expect(((last[.video] ?? .zero) - (last[.audio] ?? .zero)).magnitude < .milliseconds(50))
    }

    @Test func stampsThatStandStill_goOnByArrival() {
        var timeline = ContinuousTimeline()
        for ms in stride(from: Int64(0), to: 2000, by: 40) { _ = timeline.place(packet(.video, ms, at: ms)) }
        var last = MediaTime.zero
        for ms in stride(from: Int64(2000), to: 6000, by: 40) {
            last = timeline.place(packet(.video, 2000, at: ms)).pts ?? .zero
        }
        #expect((last - MediaTime(milliseconds: 5960)).magnitude < .milliseconds(1_100), "\(last)")
        // Where they go on, so does the timeline.
        let next = timeline.place(packet(.video, 2040, at: 6000)).pts ?? .zero
        let after = timeline.place(packet(.video, 2080, at: 6040)).pts ?? .zero
        #expect(next > last && next - last < .milliseconds(100) && after - next == .milliseconds(40))
    }

    @Test func aPictureHoursFromItsDecodingTime_isShownThen() {
        var timeline = ContinuousTimeline()
        for offset in [Int64(8_000_000), -8_000_000] {
            var far = packet(.video, 1000, at: 1000)
            far.pts = MediaTime(milliseconds: 1000 + offset)
            #expect(timeline.place(far).pts == far.dts)
        }
        var near = packet(.video, 1040, at: 1040)
        near.pts = MediaTime(milliseconds: 1200)
        #expect(timeline.place(near).pts == MediaTime(milliseconds: 1200))
    }

    @Test func aFile_breaksOffOnlyWhereItCannotMeanIt() {
        for (stamp, isBreak) in [
            (Int64(1_000_000), false), (4_000_000, true), (8_000, false), (7_000, false), (1_000, true),
        ] {
            var timeline = ContinuousTimeline(isLive: false)
            _ = timeline.place(packet(.video, 8_000, at: 0))
            let placed = timeline.place(packet(.video, stamp, at: 1)).pts ?? .zero
            #expect((timeline.breaks == 1) == isBreak, "\(stamp)")
            #expect(!isBreak || (placed - MediaTime(milliseconds: 8_000)).magnitude < .milliseconds(100))
        }
    }

    @Test func mediaLeftOutAfterAStall_areNoBreak() {
        var timeline = ContinuousTimeline()
        for ms in stride(from: Int64(0), to: 2000, by: 40) { _ = timeline.place(packet(.video, ms, at: ms)) }
        _ = timeline.place(packet(.video, 2000, at: 7000))
        #expect(timeline.place(packet(.video, 6960, at: 7010)).pts == MediaTime(milliseconds: 6960))
        #expect(timeline.breaks == 0)
    }
}
