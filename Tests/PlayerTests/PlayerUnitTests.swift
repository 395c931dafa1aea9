import Intake
import Model
import Screen
import Testing

@testable import Player

@Suite struct PlaybackPlanTests {
    private func settings(_ change: (inout PlaySettings) -> Void = { _ in }) throws -> PlaySettings {
        var settings = PlaySettings(source: try MediaAddress("x.mp4"), processStart: .zero)
        change(&settings)
        return settings
    }
    private let file = SourceDescription(transport: "file", isLive: false)
    private let live = SourceDescription(transport: "rtmp", isLive: true)
    private let hls = SourceDescription(transport: "hls", isLive: true, isSegmented: true)

    @Test func inputsAndWishes_decideTheMode() throws {
        #expect(PlaybackPlan(try settings(), source: file) == .clocked)
        #expect(PlaybackPlan(try settings(), source: live) == .buffered)
        #expect(PlaybackPlan(try settings(), source: hls) == .buffered)
        let nobuffer: (inout PlaySettings) -> Void = { $0.delay.mode = .nobuffer }
        #expect(PlaybackPlan(try settings(nobuffer), source: live) == .immediate)
        #expect(PlaybackPlan(try settings(nobuffer), source: hls) == .buffered)
        let pipe = SourceDescription(transport: "mpegts", isLive: false)
        var seekable = file
        seekable.isSeekable = true
        #expect(PlaybackPlan(try settings(), source: pipe) == .clocked)
        #expect(PlaybackPlan(try settings(nobuffer), source: pipe) == .immediate)
        #expect(PlaybackPlan(try settings(nobuffer), source: seekable) == .clocked)
        let raw: (inout PlaySettings) throws -> Void = { $0.rawOutput = try MediaAddress("-") }
        var toProgram = try settings()
        try raw(&toProgram)
        #expect(PlaybackPlan(toProgram, source: file) == .unpaced)
        #expect(PlaybackPlan(toProgram, source: live) == .immediate)
        toProgram.videoOutput = .sdl
        #expect(PlaybackPlan(toProgram, source: file) == .clocked)
    }
}

@Suite struct ControlsTests {
    @Test func keys_meanWhatThePageSays() {
        var controls = Controls()
        #expect(controls.press(.q) == .quit)
        #expect(controls.press(.escape) == .quit)
        #expect(controls.press(.f) == .fullscreen)
        #expect(controls.press(.space) == .pause(true))
        #expect(controls.press(.l) == .pause(false))
        #expect(controls.press(.l) == .live)
        #expect(controls.press(.m) == .mute(true))
        #expect(controls.press(.m) == .mute(false))
        #expect(controls.press(.digit9) == .volume(95))
        #expect(controls.press(.digit0) == .volume(100))
        #expect(controls.press(.digit0) == .volume(100))
        #expect(controls.press(.s) == .snapshot)
        #expect(controls.press(.i) == .overlay)
        #expect(controls.showsStatistics)
        #expect(controls.press(.left) == .seek(.seconds(-10)))
        #expect(controls.press(.up) == .seek(.seconds(60)))
        #expect(controls.press(.h) == .help)
    }
}

@Suite struct AudioTimelineTests {
    @Test func frames_knowTheirMediaTime_andARoundedStampIsNoGap() {
        var timeline = AudioTimeline(sampleRate: 48_000)
        #expect(timeline.media(at: 0) == nil && timeline.isContinued(by: .zero, at: 0))
        timeline.add(MediaTime(milliseconds: 100), at: 0)
        #expect(timeline.media(at: 1024) == MediaTime(nanoseconds: 121_333_333))
        // FLV stamps are rounded.
        #expect(timeline.isContinued(by: MediaTime(milliseconds: 121), at: 1024))
        timeline.add(MediaTime(milliseconds: 121), at: 1024)
        #expect(timeline.media(at: 480) == MediaTime(milliseconds: 110))
        #expect(timeline.media(at: 1024 + 480) == MediaTime(milliseconds: 131))
        #expect(!timeline.isContinued(by: MediaTime(milliseconds: 170), at: 2048))
        #expect(!timeline.isContinued(by: MediaTime(milliseconds: 120), at: 2048))
    }
}

@Suite struct TrackQueuesTests {
    private func packet(_ kind: TrackKind, _ ms: Int64) -> StageItem {
        let time = MediaTime(milliseconds: ms)
        return .packet(
            Packet(
                track: 0, kind: kind, pts: time, dts: time, isKeyframe: true, data: [0], arrival: .zero))
    }

    @Test func oneLineThatIsFull_doesNotStarveTheOther() {
        let queues = TrackQueues()
        // Badly interleaved: two seconds of sound before the first picture. The reader must get through.
        _ = queues.push(packet(.audio, 0), to: .audio, waits: true)
        for ms in stride(from: Int64(0), to: 2000, by: 20) {
            #expect(queues.push(packet(.audio, ms), to: .audio, waits: false) == .taken)
        }
        #expect(queues.push(packet(.video, 0), to: .video, waits: false) == .taken)
        #expect(queues.push(packet(.video, 40), to: .video, waits: true) == .taken)
        #expect(queues.span(.audio) >= .seconds(1))
    }

    @Test func aDecoderThatIsTooSlow_losesWholeGOPsOfALiveStream() {
        let queues = TrackQueues()
        var taken = 0
        for index in 0..<2000 {
            let time = MediaTime(milliseconds: Int64(index) * 40)
            let item = StageItem.packet(
                Packet(
                    track: 0, kind: .video, pts: time, dts: time, isKeyframe: index % 25 == 0, data: [0],
                    arrival: .zero))
            if queues.push(item, to: .video, waits: false) == .taken { taken += 1 }
        }
        #expect(taken < 800)
        #expect(queues.span(.video) <= TrackQueues.liveLimit + .seconds(1))
    }

    @Test func clearing_keepsTheAnnouncedTracks() {
        let queues = TrackQueues()
        _ = queues.push(.track(Track(id: 0, kind: .video, codec: .h264)), to: .video, waits: false)
        _ = queues.push(packet(.video, 0), to: .video, waits: false)
        queues.clear()
        guard case .track = queues.pop(.video, until: .now()) else {
            Issue.record("the track was lost")
            return
        }
        #expect(queues.pop(.video, until: .now()) == nil)
    }
}

@Suite struct SnapshotNameTests {
    @Test func patterns_areFilledIn() {
        let wall = WallTime(nanoseconds: 1_795_000_000_123_000_000)
        #expect(SnapshotOutput.expand("a-%d.png", count: 7, wall: wall) == "a-7.png")
        #expect(SnapshotOutput.expand("%t.png", count: 1, wall: wall) == "2026-11-18T11-06-40.123Z.png")
        #expect(SnapshotOutput.expand("100%%%x", count: 1, wall: wall) == "100%%x")
    }
}

@Suite struct ProgressLineTests {
    @Test func bar_saysWhereOneIs() {
        #expect(
            ProgressLine.text(position: .seconds(62), of: .seconds(220))
                == "[========>---------------------]  1:02 / 3:40")
        #expect(ProgressLine.text(position: .zero, of: .seconds(10)).hasPrefix("[>-----"))
        #expect(
            ProgressLine.text(position: .seconds(99), of: .seconds(10)).hasPrefix(
                "[=============================>]"))
        #expect(ProgressLine.text(position: .seconds(3725), of: nil) == "1:02:05")
    }
}
