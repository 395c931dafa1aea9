// FLV tags ↔ packets, against ffprobe's view of the same files.
import Glibc
import Media
import Model
import NIOCore
import Testing
import Wire

@Suite struct FLVTests {
    /// The tags of an FLV file.
    static func tags(_ path: String) throws -> [FLVTag] {
        var reader = FLVStreamReader()
        reader.append(ByteBuffer(bytes: try Fixtures.read(path)))
        var tags: [FLVTag] = []
        while let item = try reader.next() {
            if case .tag(let tag) = item { tags.append(tag) }
        }
        return tags
    }

    static func items(_ tags: [FLVTag]) throws -> (tracks: [[Track]], packets: [Packet], metadata: Int) {
        var reader = FLVTagReader()
        var tracks: [[Track]] = []
        var packets: [Packet] = []
        var metadata = 0
        for tag in tags {
            for item in try reader.read(tag, arrival: .now()) {
                switch item {
                case .tracks(let list): tracks.append(list)
                case .packet(let packet): packets.append(packet)
                case .metadata: metadata += 1
                case .missingHeader, .changedHeader, .damaged: break
                }
            }
        }
        return (tracks, packets, metadata)
    }

    struct Line: Equatable {
        var kind: String
        var pts: Int
        var dts: Int
        var size: Int
        var isKeyframe: Bool
    }

    /// What ffprobe says about the packets, times in milliseconds.
    static func probe(_ path: String) throws -> [Line] {
        let text = try Fixtures.run(
            "ffprobe -v error -show_entries packet=codec_type,pts,dts,size,flags -of csv=p=0:nk=1 \(path)")
        return try text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ",").map(String.init)
            guard parts.count >= 5, parts[0] == "video" || parts[0] == "audio" else { return nil }
            guard let pts = Int(parts[1]), let dts = Int(parts[2]), let size = Int(parts[3]) else {
                throw TestFailure("unreadable: \(line)")
            }
            return Line(kind: parts[0], pts: pts, dts: dts, size: size, isKeyframe: parts[4].hasPrefix("K"))
        }
    }

    static func line(_ packet: Packet) -> Line {
        Line(
            kind: packet.kind.rawValue, pts: Int(packet.pts?.wholeMilliseconds ?? -1),
            dts: Int(packet.dts?.wholeMilliseconds ?? -1), size: packet.data.count, isKeyframe: packet.isKeyframe)
    }

    @Test(arguments: ["bbb-360p.mp4", "bigbuckbunny.mp4"])
    func readsWhatFFprobeReads(_ clip: String) throws {
        let path = try Fixtures.make("a.flv", "-i \(Fixtures.clip(clip)) -c:v copy -c:a aac -ac 2")
        let found = try Self.items(Self.tags(path))
        #expect(found.packets.map(Self.line) == (try Self.probe(path)))
        #expect(found.metadata == 1)
        let last = try #require(found.tracks.last)
        #expect(last.map(\.codec) == [.h264, .aac])
        #expect(last[0].video?.width == (clip.hasPrefix("bbb") ? 640 : 1280))
        #expect(last[0].video?.reorderDepth == (clip.hasPrefix("bbb") ? 2 : 0))
        #expect(last[0].video?.frameRate?.positiveValue.map { abs($0 - 25) < 0.1 } == true)
        #expect(last[1].audio?.sampleRate == 48000)
        #expect(last[1].audio?.channels == 2)
        let frames = try Fixtures.frames(Decoder(track: last[0], lowDelay: true), found.packets)
        #expect(frames.count == 132)
    }

    @Test(arguments: ["mp4", "ts"])
    func writesWhatFFmpegReads(_ source: String) throws {
        let path = try Fixtures.make("a.\(source)", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy")
        let demuxer = try Fixtures.open(path)
        let packets = try Fixtures.packets(demuxer)
        var writer = try FLVTagWriter(tracks: demuxer.tracks)
        var tags = writer.header()
        for packet in packets { tags += writer.tags(for: packet) }
        #expect(writer.damagedPackets == 0)
        for kind in [FLVTag.Kind.video, .audio] {
            let times = tags.filter { $0.kind == kind }.map(\.timestamp).dropFirst()
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        }
        var bytes = Array(FLVStreamWriter.header(hasAudio: true, hasVideo: true).readableBytesView)
        for tag in tags { bytes += try FLVStreamWriter.bytes(of: tag).readableBytesView }
        let out = try Fixtures.directory() + "/out.flv"
        try Fixtures.write(bytes, to: out)
        let probed = try Self.probe(out)
        #expect(probed.count == packets.count)
        #expect(probed.count { $0.kind == "video" } == 132)
        try Fixtures.run("ffmpeg -nostdin -v error -xerror -i \(out) -f null -")
        // And through our own reader: the same payloads.
        let again = try Self.items(tags)
        #expect(again.packets.count == packets.count)
        if source == "mp4" {
            let key = { (list: [Packet]) in list.map { "\($0.kind) \(Fixtures.hash($0.data)) \($0.isKeyframe)" } }
            #expect(key(again.packets) == key(packets))
        }
        #expect(again.tracks.last?.first?.video?.width == 640)
    }

    @Test func timesUnwrapAndMayGoBack() throws {
        let path = try Fixtures.make("a.flv", "-i \(Fixtures.clip("bigbuckbunny.mp4")) -c:v copy -an -t 2")
        let shifted = try Self.tags(path).map {
            FLVTag(kind: $0.kind, timestamp: $0.timestamp &+ (UInt32.max - 500), body: $0.body)
        }
        let packets = try Self.items(shifted).packets
        for (a, b) in zip(packets, packets.dropFirst()) {
            let step = try #require(b.dts) - (try #require(a.dts))
            #expect(step.milliseconds > 0 && step.milliseconds < 100)
        }
        #expect((packets.last?.dts?.wholeMilliseconds ?? 0) > Int64(UInt32.max))
    }

    @Test func mp3WithoutAnyHeader() throws {
        let path = try Fixtures.make(
            "a.flv", "-f lavfi -i sine=duration=1:sample_rate=48000 -c:a mp3 -ar 44100 -ac 2")
        var tags = try Self.tags(path)
        tags.removeAll { $0.kind == .script }
        let found = try Self.items(tags)
        #expect(found.tracks.last?.first?.codec == .mp3)
        #expect(found.tracks.last?.first?.audio?.sampleRate == 44100)
        #expect(found.packets.count > 30)
        let track = try #require(found.tracks.last?.first)
        #expect(try Fixtures.frames(Decoder(track: track), found.packets).count > 30)
    }

    @Test func changedSequenceHeaderAnnouncesAgain() throws {
        let small = try Fixtures.make(
            "a.flv", "-f lavfi -i testsrc=size=160x120:rate=25 -t 1 -c:v libx264 -pix_fmt yuv420p")
        let large = try Fixtures.make(
            "b.flv", "-f lavfi -i testsrc=size=320x240:rate=25 -t 1 -c:v libx264 -pix_fmt yuv420p")
        let found = try Self.items(Self.tags(small) + Self.tags(small) + Self.tags(large))
        let sizes = found.tracks.compactMap { $0.first?.video?.width }
        #expect(sizes.first == 160)
        #expect(sizes.last == 320)
        #expect(Set(found.tracks.map { $0.first?.configuration ?? [] }).count == 2)
        #expect(found.packets.count == 75)
    }

    @Test func metadataNeverBeatsTheBitstream() throws {
        let path = try Fixtures.make(
            "a.flv", "-f lavfi -i testsrc=size=160x120:rate=25 -t 1 -c:v libx264 -pix_fmt yuv420p")
        let lies = AMF0Value.encode([
            .string("@setDataFrame"), .string("onMetaData"),
            .ecmaArray([
                AMF0Field("width", .number(9999)), AMF0Field("height", .number(-3)),
                AMF0Field("framerate", .number(.nan)), AMF0Field("audiocodecid", .string("x")),
            ]),
        ])
        let unknown = AMF0Value.encode([.string("onSomething"), .number(3)])
        let rubbish = ByteBuffer(bytes: [2, 0, 99, 1, 2])
        var tags = [lies, unknown, rubbish].map { FLVTag(kind: .script, timestamp: 0, body: $0) }
        tags += try Self.tags(path).filter { $0.kind != .script }
        let found = try Self.items(tags)
        #expect(found.tracks.last?.first?.video?.width == 160)
        #expect(found.tracks.last?.first?.video?.height == 120)
        #expect(found.metadata == 1)
    }

    @Test func enhancedAndLegacyHEVC() throws {
        let path = try Fixtures.make(
            "a.mkv",
            "-f lavfi -i testsrc=size=320x240:rate=25 -f lavfi -i sine -t 1 -c:v libx265 -x265-params log-level=none -c:a libopus"
        )
        let demuxer = try Fixtures.open(path)
        let packets = try Fixtures.packets(demuxer)
        for form in [FLVTagWriter.HEVCForm.enhanced, .legacy] {
            var writer = try FLVTagWriter(tracks: demuxer.tracks, hevcForm: form)
            var tags = writer.header()
            for packet in packets { tags += writer.tags(for: packet) }
            let found = try Self.items(tags)
            #expect(found.tracks.last?.map(\.codec) == [.hevc, .opus])
            #expect(found.tracks.last?.first?.video?.width == 320)
            #expect(found.packets.count == packets.count)
            let track = try #require(found.tracks.last?.first)
            #expect(try Fixtures.frames(Decoder(track: track), found.packets).count == 25)
            let sound = try #require(found.tracks.last?.last)
            #expect(try Fixtures.frames(Decoder(track: sound), found.packets).count > 40)
        }
    }

    @Test func refusesWhatFLVCannotCarry() throws {
        let track = Track(id: 0, kind: .video, codec: Codec(rawValue: "mpeg2video"))
        #expect(failure { _ = try FLVTagWriter(tracks: [track]) }?.reason == .unsupportedCodec)
        #expect(failure { _ = try FLVTagWriter(tracks: []) }?.reason == .noMedia)
        #expect(FLVTagWriter.carries(.h264) && FLVTagWriter.carries(.opus))
        #expect(!FLVTagWriter.carries(Codec(rawValue: "vorbis")))
    }

    @Test func survivesDamage() throws {
        let path = try Fixtures.make("a.flv", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy")
        var random = SystemRandomNumberGenerator()
        let tags = try Self.tags(path).map { tag -> FLVTag in
            var body = Array(tag.body.readableBytesView)
            for _ in 0..<3 {
                body[Int.random(in: 0..<min(body.count, 60), using: &random)] = .random(in: 0...255, using: &random)
            }
            return FLVTag(
                kind: tag.kind, timestamp: .random(in: 0...UInt32.max, using: &random),
                body: ByteBuffer(bytes: body))
        }
        _ = try? Self.items(tags)
        var reader = FLVTagReader()
        let unsupported = FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x2F, 1, 2]))
        let error = failure { for _ in 0..<100 { _ = try reader.read(unsupported, arrival: .now()) } }
        #expect(error?.reason == .unsupportedCodec)
    }
}
