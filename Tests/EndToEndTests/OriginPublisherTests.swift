// Real publishers at the built-in origin: every packet from the first key frame on is at the viewer, byte for byte, for
// one who was there before and for one who comes in the middle of a GOP.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct OriginPublisherTests {
    /// What is published, as ffmpeg's options for a clip of five seconds with a key frame each second.
    enum Media: String, CaseIterable, Sendable {
        case plain, bframes, audioOnly, videoOnly, fullHD

        var words: [String] {
            let size = self == .fullHD ? "1920x1080" : "640x360"
            let picture = ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25:duration=5"]
            let sound = ["-f", "lavfi", "-i", "sine=sample_rate=44100:duration=5", "-c:a", "aac"]
            let x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"]
            switch self {
            case .plain: return picture + sound + x264 + ["-bf", "0"]
            case .bframes: return picture + sound + x264 + ["-bf", "2", "-b_strategy", "0"]
            case .audioOnly: return sound
            case .videoOnly: return picture + x264
            case .fullHD: return picture + sound + x264 + ["-b:v", "6M"]
            }
        }
    }

    /// Who publishes the clip.
    enum Publisher: String, CaseIterable, Sendable {
        case ffmpeg, rtmp2sink, rtmpsink, sluice

        var isGStreamer: Bool { self == .rtmp2sink || self == .rtmpsink }

        func start(_ clip: String, _ address: String, _ media: Media) throws -> Program {
            let file = "file:" + clip
            switch self {
            case .ffmpeg:
                return try Program(["ffmpeg", "-v", "error", "-re", "-i", file, "-c", "copy", "-f", "flv", address])
            case .sluice:
                return try Program([SluiceBinary.path(), "push", clip, address, "--no-marks"])
            case .rtmp2sink, .rtmpsink:
                let sink =
                    self == .rtmpsink
                    ? ["rtmpsink", "location=\(address) live=1"] : ["rtmp2sink", "location=\(address)"]
                let tracks =
                    (media == .audioOnly ? [] : ["d.video", "!", "queue", "!", "m.video"])
                    + (media == .videoOnly ? [] : ["d.audio", "!", "queue", "!", "m.audio"])
                return try Program(
                    ["gst-launch-1.0", "-q", "filesrc", "location=\(clip)", "!", "flvdemux", "name=d"]
                        + ["flvmux", "name=m", "streamable=true", "!"] + sink + ["sync=true"] + tracks)
            }
        }
    }

    static let cases: [(Publisher, Media)] =
        Media.allCases.map { (.ffmpeg, $0) } + [
            (.rtmp2sink, .plain), (.rtmp2sink, .bframes), (.rtmp2sink, .videoOnly), (.rtmpsink, .plain),
            (.rtmpsink, .audioOnly), (.sluice, .plain), (.sluice, .bframes),
        ]

    @Test(arguments: cases) func everyPacketArrives(publisher: Publisher, media: Media) async throws {
        let place = try TempDirectory("clip")
        let clip = place.file("clip.flv")
        try await Clips.ffmpeg(media.words + ["-f", "flv", clip])
        let sent = try await Self.tape(clip)
        try await OriginStream.open { stream in
            let early = try FLVTape.unprobed(stream.rtmp)
            let program = try publisher.start(clip, stream.publish, media)
            #expect(await early.holds(milliseconds: 2_500, within: .seconds(20)))
            let late = try FLVTape.unprobed(stream.rtmp)
            let exit = await program.wait(within: .seconds(30))
            #expect(exit == .exited(0), "\(program.errors)")
            // The origin ends the stream for its viewers as soon as the publisher has gone.
            #expect(await early.ends(within: .seconds(10)))
            #expect(await late.ends(within: .seconds(10)))
            // GStreamer's muxer counts composition times anew.
            let timed = !publisher.isGStreamer
            #expect(Payload.all(early.video, timed: timed) == Payload.all(sent.video, timed: timed))
            #expect(Payload.all(early.audio) == Payload.all(sent.audio))
            try Self.expectJoin(late, sent, media, timed: timed)
        }
    }

    /// Through nginx-rtmp, which pushes what it is sent.
    @Test(arguments: [Media.plain, .bframes]) func everyPacketArrives_fromNginx(media: Media) async throws {
        let place = try TempDirectory("clip")
        let clip = place.file("clip.flv")
        try await Clips.ffmpeg(media.words + ["-f", "flv", clip])
        let sent = try await Self.tape(clip)
        try await OriginStream.open { stream in
            let relay = try await NginxRTMP.start(push: stream.publish)
            let tape = try FLVTape.unprobed(stream.rtmp)
            let program = try Publisher.ffmpeg.start(clip, relay.url("any", application: "pushed"), media)
            #expect(await program.wait(within: .seconds(30)) == .exited(0))
            #expect(await tape.ends(within: .seconds(15)))
            let (video, audio) = (Payload.all(tape.video), Payload.all(tape.audio))
            // The relay sends nothing before its connection stands, and so begins in the middle of the first GOP.
            #expect(video == Array(Payload.all(sent.video).suffix(video.count)))
            #expect(audio == Array(Payload.all(sent.audio).suffix(audio.count)))
            #expect(tape.video.first?.isKeyframe == true && video.count >= sent.video.count - 25)
            #expect(audio.count > sent.audio.count - 50)
        }
    }

    /// The name is free for the next publisher, and nobody else's while it is taken.
    @Test func oneAfterTheOther() async throws {
        let place = try TempDirectory("clip")
        let clip = place.file("clip.flv")
        try await Clips.ffmpeg(Media.plain.words + ["-t", "2", "-f", "flv", clip])
        let sent = try await Self.tape(clip)
        try await OriginStream.open { stream in
            for _ in 0..<3 {
                let tape = try FLVTape.unprobed(stream.rtmp)
                let first = try Publisher.ffmpeg.start(clip, stream.publish, .plain)
                #expect(await tape.holds(milliseconds: 500, within: .seconds(20)))
                let second = try Publisher.ffmpeg.start(clip, stream.publish, .plain)
                #expect(await second.wait(within: .seconds(20)) != .exited(0), "the name is taken")
                #expect(await first.wait(within: .seconds(20)) == .exited(0))
                #expect(await tape.ends(within: .seconds(10)))
                #expect(Payload.all(tape.video) == Payload.all(sent.video))
            }
            let stranger = try Publisher.ffmpeg.start(clip, stream.publish + "x", .plain)
            #expect(await stranger.wait(within: .seconds(20)) != .exited(0), "the name is not open")
        }
    }

    // MARK: -

    /// A tag without what a relay may write anew: the composition time stays, the hints of the sound header go.
    struct Payload: Equatable, CustomStringConvertible {
        var body: [UInt8]
        var compositionOffset: Int
        var description: String { "\(body.count)+\(compositionOffset)" }

        static func all(_ tags: [TapeTag], timed: Bool = true) -> [Payload] {
            tags.map {
                Payload(
                    body: Array($0.body.dropFirst($0.isVideo ? 5 : 2)),
                    compositionOffset: timed ? $0.compositionOffset : 0)
            }
        }
    }

    static func tape(_ clip: String) async throws -> FLVTape {
        let tape = try FLVTape.file(clip)
        guard await tape.ends(within: .seconds(10)) else { throw LabError("cannot read \(clip)") }
        return tape
    }

    /// From a key frame in the middle on, without a hole.
    static func expectJoin(_ late: FLVTape, _ sent: FLVTape, _ media: Media, timed: Bool) throws {
        let (video, audio) = (Payload.all(late.video, timed: timed), Payload.all(late.audio))
        let (allVideo, allAudio) = (Payload.all(sent.video, timed: timed), Payload.all(sent.audio))
        #expect(video == Array(allVideo.suffix(video.count)))
        #expect(audio == Array(allAudio.suffix(audio.count)))
        if media == .audioOnly {
            #expect(audio.count > 0 && audio.count < allAudio.count)
        } else {
            #expect(try #require(late.video.first).isKeyframe)
            #expect(video.count > 25 && video.count < allVideo.count)
        }
    }
}
