import Model
import Testing

@testable import Publisher

@Suite struct TrackPlanTests {
    private func settings(_ change: (inout PublishSettings) -> Void = { _ in }) throws -> PublishSettings {
        var settings = PublishSettings(
            inputs: [.tone], target: try MediaAddress("rtmp://127.0.0.1/live/x"))
        change(&settings)
        return settings
    }
    private let h264 = Track(id: 0, kind: .video, codec: .h264)
    private func aac(_ channels: Int) -> Track {
        Track(id: 1, kind: .audio, codec: .aac, audio: AudioParameters(sampleRate: 48_000, channels: channels))
    }

    @Test func whatTheTargetCarries_isCopied() throws {
        let plan = TrackPlan(settings: try settings(), ability: .rtmp)
        #expect(try plan.video(h264) == .copy)
        #expect(try plan.audio(aac(2)) == .copy)
    }

    @Test func sixChannels_becomeStereoOverRTMP_andStayInAFile() throws {
        #expect(try TrackPlan(settings: try settings(), ability: .rtmp).audio(aac(6)) == .encode(.aac))
        #expect(try TrackPlan(settings: try settings(), ability: .container("mp4")).audio(aac(6)) == .copy)
    }

    @Test func generatedSound_isNeverCopied() throws {
        let tone = Track(id: 0, kind: .audio, codec: Codec(rawValue: "pcm_f32le"))
        for container in ["matroska", "mkv", "mp4", "mpegts"] {
            let plan = TrackPlan(settings: try settings(), ability: .container(container))
            #expect(try plan.audio(tone, isDecoded: true) == .encode(.aac))
        }
        let wav = TrackPlan(settings: try settings(), ability: .container("wav"))
        #expect(throws: SluiceError.self) { try wav.audio(tone, isDecoded: true) }
        #expect(try wav.audio(tone) == .copy)
    }

    @Test func anOptionThatAsksForAChange_impliesEncoding() throws {
        for change: (inout PublishSettings) -> Void in [
            { $0.bitRate = 1 }, { $0.size = PictureSize(width: 2, height: 2) }, { $0.frameRate = Rational(25, 1) },
            { $0.gop = .seconds(1) }, { $0.preset = "fast" }, { $0.tune = "film" }, { $0.profile = "main" },
        ] {
            #expect(try TrackPlan(settings: try settings(change), ability: .rtmp).video(h264) == .encode(.h264))
        }
        #expect(
            try TrackPlan(settings: try settings { $0.audioBitRate = 1 }, ability: .rtmp).audio(aac(2))
                == .encode(.aac))
    }

    @Test func copyOfWhatCannotBeCarried_saysSo() throws {
        let plan = TrackPlan(settings: try settings { $0.video = .copy }, ability: .rtmp)
        let error = #expect(throws: SluiceError.self) {
            try plan.video(Track(id: 0, kind: .video, codec: Codec(rawValue: "mpeg2video")))
        }
        #expect(error?.reason == .unsupportedCodec)
        #expect(error?.hint?.contains("--video h264") == true)
    }

    @Test func copyBesideAChange_isAUsageError() throws {
        let plan = TrackPlan(
            settings: try settings {
                $0.video = .copy
                $0.bitRate = 1
            }, ability: .rtmp)
        #expect(throws: SluiceError.self) { try plan.video(h264) }
    }
}

@Suite struct MarkBookTests {
    @Test func marks_followTheirPictures_andNeverRunAhead() {
        var book = MarkBook()
        for index in 0..<10 {
            book.note(
                MediaTime(milliseconds: Int64(index) * 40), WallTime(milliseconds: 1_000_000 + Int64(index) * 40))
        }
        #expect(book.wall(for: MediaTime(milliseconds: 80)) == WallTime(milliseconds: 1_000_080))
        // A picture made between two captured ones is not younger than the one it was made from.
        let between = book.wall(for: MediaTime(milliseconds: 95))
        #expect(between.map { $0 <= WallTime(milliseconds: 1_000_095) } == true)
        #expect(MarkBook().wall(for: .zero) == nil)
    }
}
