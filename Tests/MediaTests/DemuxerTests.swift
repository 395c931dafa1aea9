// Demuxer: what it tells about files, and what it says about those that are none.
import Glibc
import Media
import Model
import Synchronization
import Testing

@Suite struct DemuxerTests {
    @Test func describesTheClips() throws {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        let video = try #require(demuxer.tracks.first { $0.kind == .video })
        let audio = try #require(demuxer.tracks.first { $0.kind == .audio })
        #expect(video.codec == .h264)
        #expect(video.video?.width == 640)
        #expect(video.video?.height == 360)
        #expect(video.video?.reorderDepth == 2)
        #expect(video.video?.pixelFormat == "yuv420p")
        #expect(video.configuration.first == 1)
        #expect(audio.codec == .aac)
        #expect(audio.audio?.sampleRate == 48000)
        #expect(audio.audio?.channels == 2)
        #expect(abs((demuxer.duration?.seconds ?? 0) - 5.312) < 0.01)
        #expect(demuxer.formatName.contains("mp4"))
        #expect(demuxer.canSeek)
    }

    @Test func readsEveryPacketWithTimes() throws {
        let demuxer = try Fixtures.open(Fixtures.clip("bigbuckbunny.mp4"))
        let packets = try Fixtures.packets(demuxer)
        let video = packets.filter { $0.kind == .video }
        let audio = packets.filter { $0.kind == .audio }
        #expect(video.count == 132)
        #expect(audio.count == 249)
        #expect(packets.allSatisfy { $0.pts != nil && $0.dts != nil && !$0.data.isEmpty })
        #expect(video.first?.isKeyframe == true)
        for (a, b) in zip(video, video.dropFirst()) { #expect((a.dts ?? .zero) < (b.dts ?? .zero)) }
        #expect(demuxer.tracks.first { $0.kind == .audio }?.audio?.channels == 6)
    }

    /// What a push that loops does from its second pass on.
    @Test(arguments: ["bbb-360p.mp4", "bigbuckbunny.mp4"])
    func aTrustedHeaderGivesTheSamePackets(_ clip: String) throws {
        let trusting = try Fixtures.open(Fixtures.clip(clip)) { $0.trustsHeader = true }
        let looking = try Fixtures.open(Fixtures.clip(clip))
        // Only decoding tells it: there was no look.
        #expect(trusting.tracks.first { $0.kind == .video }?.video?.pixelFormat == nil)
        #expect(trusting.tracks.map(\.configuration) == looking.tracks.map(\.configuration))
        let (some, all) = (try Fixtures.packets(trusting), try Fixtures.packets(looking))
        #expect(some.count == all.count)
        for (one, other) in zip(some, all) {
            #expect(one.track == other.track && one.pts == other.pts && one.dts == other.dts)
            #expect(one.duration == other.duration && one.isKeyframe == other.isKeyframe)
            #expect(one.data == other.data)
        }
    }

    @Test func seeksToTheKeyFrameBefore() throws {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        _ = try Fixtures.packets(demuxer)
        try demuxer.seek(to: .zero)
        let again = try Fixtures.packets(demuxer)
        #expect(again.count { $0.kind == .video } == 132)
        try demuxer.seek(to: MediaTime(seconds: 3))
        let rest = try Fixtures.packets(demuxer)
        #expect(rest.first { $0.kind == .video }?.isKeyframe == true)
        #expect(rest.count < again.count)
    }

    @Test func deliversOnlySelectedTracks() throws {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        let audio = try #require(demuxer.tracks.first { $0.kind == .audio })
        demuxer.select([audio.id])
        #expect(try Fixtures.packets(demuxer).allSatisfy { $0.track == audio.id })
    }

    @Test func otherContainersHaveParameters() throws {
        let clip = Fixtures.clip("bbb-360p.mp4")
        for (name, arguments) in [
            ("a.ts", "-i \(clip) -c copy"), ("a.flv", "-i \(clip) -c copy"), ("a.mkv", "-i \(clip) -c copy"),
            ("a.avi", "-i \(clip) -c:v mpeg4 -c:a mp3"), ("a.mp3", "-i \(clip) -vn -c:a mp3"),
            ("a.wav", "-i \(clip) -vn"), ("a.aac", "-i \(clip) -vn -c copy"), ("a.h264", "-i \(clip) -an -c copy"),
            ("a.opus", "-i \(clip) -vn -c:a libopus"),
        ] {
            let demuxer = try Fixtures.open(try Fixtures.make(name, arguments))
            for track in demuxer.tracks {
                if track.kind == .video { #expect(track.video?.width == 640, "\(name)") }
                if track.kind == .audio { #expect((track.audio?.sampleRate ?? 0) >= 44100, "\(name)") }
            }
            #expect(try Fixtures.packets(demuxer).count > 50, "\(name)")
        }
    }

    @Test func liveTransportStreamLearnsAsItGoes() throws {
        let path = try Fixtures.make("a.ts", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy")
        let demuxer = try Fixtures.open(path) { $0.isLive = true }
        var last = demuxer.tracks
        #expect(last.contains { $0.codec == .h264 })
        var count = 0
        var changedAfter: [Int] = []
        loop: while true {
            switch try demuxer.read() {
            case .packet: count += 1
            case .tracksChanged(let tracks):
                last = tracks
                changedAfter.append(count)
            case .endOfInput: break loop
            }
        }
        #expect(last.first { $0.kind == .video }?.video?.width == 640)
        #expect(last.first { $0.kind == .video }?.video?.profile == "High")
        #expect(last.first { $0.kind == .audio }?.audio?.sampleRate == 48000)
        #expect(last.first { $0.kind == .audio }?.audio?.channels == 2)
        #expect(count == 382)
        #expect((changedAfter.max() ?? 0) < 30)
    }

    @Test func attachedPicturesAndRotationAreTold() throws {
        let cover = try Fixtures.make("c.png", "-f lavfi -i color=red:s=64x64 -frames:v 1")
        let path = try Fixtures.make(
            "a.mp3",
            "-f lavfi -i sine=duration=1 -i \(cover) -map 0 -map 1 -c:a mp3 -c:v png -disposition:v attached_pic")
        let demuxer = try Fixtures.open(path)
        #expect(demuxer.tracks.first { $0.kind == .video }?.isAttachedPicture == true)
        let turned = try Fixtures.make(
            "r.mp4", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy -metadata:s:v rotate=90")
        // ffprobe: 90 degrees counter-clockwise.
        #expect(try Fixtures.open(turned).tracks.first { $0.kind == .video }?.video?.rotation == 270)
    }

    // MARK: What is no media

    @Test func badInputHasReasons() throws {
        let directory = try Fixtures.directory()
        #expect(failure { _ = try Fixtures.open(directory + "/none.mp4") }?.reason == .noInput)
        #expect(failure { _ = try Fixtures.open(directory) }?.reason == .noInput)
        try Fixtures.write([], to: directory + "/empty.mp4")
        #expect(failure { _ = try Fixtures.open(directory + "/empty.mp4") }?.reason == .noMedia)
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<65536).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try Fixtures.write(noise, to: directory + "/noise.mp4")
        let error = try #require(failure { _ = try Fixtures.open(directory + "/noise.mp4") })
        #expect([.corrupt, .noMedia].contains(error.reason))
        #expect(!error.why.lowercased().contains("input/output"))
    }

    @Test func truncatedFilesAreCorrupt() throws {
        let directory = try Fixtures.directory()
        let clip = try Fixtures.read(Fixtures.clip("bbb-360p.mp4"))
        let late = try Fixtures.read(Fixtures.make("late.mp4", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy"))
        try Fixtures.write(Array(late[..<(late.count / 2)]), to: directory + "/noindex.mp4")
        #expect(failure { _ = try Fixtures.open(directory + "/noindex.mp4") }?.reason == .corrupt)
        let early = try Fixtures.make("e.mp4", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy -movflags faststart")
        let whole = try Fixtures.read(early)
        try Fixtures.write(Array(whole[..<(whole.count / 2)]), to: directory + "/cut.mp4")
        let demuxer = try Fixtures.open(directory + "/cut.mp4")
        let error = try #require(failure { _ = try Fixtures.packets(demuxer) })
        #expect(error.reason == .corrupt)
        #expect(error.isMidStream)
        #expect(clip.count > 1000)
    }

    @Test func unknownOptionsAndFormatsAreUsageErrors() throws {
        let clip = Fixtures.clip("bbb-360p.mp4")
        let error = failure { _ = try Fixtures.open(clip) { $0.av = ["no_such_thing": "1"] } }
        #expect(error?.reason == .usage)
        #expect(error?.why.contains("no_such_thing") == true)
        #expect(failure { _ = try Fixtures.open(clip) { $0.av = ["ignore_editlist": "1"] } } == nil)
        #expect(failure { _ = try Fixtures.open(clip) { $0.format = "nonsense" } }?.reason == .usage)
    }

    @Test func readsFromAClosure() throws {
        let path = try Fixtures.make("a.ts", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy")
        let file = Glibc.open(path, O_RDONLY)
        defer { close(file) }
        let demuxer = try Demuxer(
            .bytes(format: "mpegts", read: { Glibc.read(file, $0.baseAddress, min($0.count, 1000)) }))
        #expect(try Fixtures.packets(demuxer).count == 382)
        #expect(!demuxer.canSeek)
        #expect(failure { try demuxer.seek(to: .zero) }?.reason == .usage)
        #expect(failure { _ = try Demuxer(.bytes(format: nil, read: { _ in 0 })) }?.reason == .noMedia)
        #expect(failure { _ = try Demuxer(.bytes(format: nil, read: { _ in Int(-EIO) })) } != nil)
    }

    /// The first key frame of this clip is 20 kB long; live input must not want much more than that before it
    /// hands it on. FFmpeg's usual look into the stream takes the whole file.
    @Test(arguments: ["mpegts", "matroska", "flv", "mp4", "h264"])
    func liveInputIsHandedOnAtOnce(_ format: String) throws {
        let flags = format == "mp4" ? "-movflags frag_every_frame+empty_moov+default_base_moof" : ""
        let maps = format == "h264" ? "-an" : ""
        let path = try Fixtures.make(
            "a", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy \(maps) \(flags) -flush_packets 1 -f \(format)")
        let data = try Fixtures.read(path)
        let given = Mutex(0)
        var options = Demuxer.Options()
        options.isLive = true
        let demuxer = try Demuxer(
            .bytes(
                format: nil,
                read: { buffer in
                    given.withLock { place in
                        let count = min(buffer.count, 1316, data.count - place)
                        buffer.copyBytes(from: data[place..<place + count])
                        place += count
                        return count
                    }
                }), options: options)
        while true {
            switch try demuxer.read() {
            case .tracksChanged: continue
            case .endOfInput: throw TestFailure("no key frame")
            case .packet(let packet):
                guard packet.kind == .video else { continue }
                #expect(packet.isKeyframe)
                let surplus = given.withLock { $0 } - packet.data.count
                #expect(surplus < 24_000, "\(format): \(surplus) bytes more than the key frame")
                #expect(demuxer.tracks.first { $0.kind == .video }?.video?.width == 640)
                return
            }
        }
    }
}
