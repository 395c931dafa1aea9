// Muxer: what goes in comes out, in every container, and failures have their reasons.
import Glibc
import Media
import Model
import Synchronization
import Testing

@Suite struct MuxerTests {
    private func load(_ path: String) throws -> (tracks: [Track], packets: [Packet]) {
        let demuxer = try Fixtures.open(path)
        return (demuxer.tracks, try Fixtures.packets(demuxer))
    }

    private func write(
        _ source: (tracks: [Track], packets: [Packet]), to path: String, format: String? = nil,
        _ change: (inout Muxer.Options) -> Void = { _ in }
    ) throws -> Muxer {
        var options = Muxer.Options()
        change(&options)
        let muxer = try Muxer(target: .address(try MediaAddress(path)), format: format, options: options)
        try muxer.begin(tracks: source.tracks)
        for packet in source.packets { try muxer.write(packet) }
        try muxer.finish()
        return muxer
    }

    private func payloads(_ packets: [Packet], _ kind: TrackKind) -> [UInt64] {
        packets.filter { $0.kind == kind }.map { Fixtures.hash($0.data) }
    }

    @Test(arguments: ["mp4", "mkv", "flv", "ts", "mov"])
    func roundTrip(_ container: String) throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let path = try Fixtures.directory() + "/out." + container
        let muxer = try write(source, to: path)
        #expect(muxer.droppedPackets == 0)
        #expect(muxer.bytesWritten > 100_000)
        let back = try load(path)
        #expect(back.packets.count { $0.kind == .video } == 132)
        #expect(back.packets.count { $0.kind == .audio } == 250)
        if container != "ts" {
            #expect(payloads(back.packets, .video) == payloads(source.packets, .video))
            #expect(payloads(back.packets, .audio) == payloads(source.packets, .audio))
        }
        for kind in [TrackKind.video, .audio] {
            let times = back.packets.filter { $0.kind == kind }.compactMap(\.dts)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        }
        // The same distances between pictures, to the container's precision.
        let before = source.packets.filter { $0.kind == .video }.compactMap(\.pts)
        let after = back.packets.filter { $0.kind == .video }.compactMap(\.pts)
        for (a, b) in zip(before, after) {
            #expect(((a - before[0]) - (b - after[0])).magnitude.milliseconds <= 1)
        }
        try Fixtures.run("ffmpeg -nostdin -v error -xerror -i \(path) -f null -")
    }

    @Test(arguments: ["mp4", "mkv", "flv"])
    func transportStreamIntoOthers(_ container: String) throws {
        let path = try Fixtures.make("a.ts", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy")
        // As live input: the tracks know neither sizes nor configurations when the header is due.
        let demuxer = try Fixtures.open(path) { $0.isLive = true }
        let tracks = demuxer.tracks
        #expect(!tracks.contains { !$0.configuration.isEmpty })
        let source = (tracks, try Fixtures.packets(demuxer))
        let out = try Fixtures.directory() + "/out." + container
        let muxer = try write(source, to: out)
        #expect(muxer.droppedPackets == 0)
        let back = try load(out)
        #expect(back.tracks.first { $0.kind == .video }?.video?.width == 640)
        #expect(back.tracks.first { $0.kind == .audio }?.configuration.isEmpty == false)
        #expect(back.packets.count == 382)
        try Fixtures.run("ffmpeg -nostdin -v error -xerror -i \(out) -f null -")
    }

    @Test func mp4ToAClosureIsFragmentedAndPlayable() throws {
        let source = try load(Fixtures.clip("bigbuckbunny.mp4"))
        let collected = Mutex<[UInt8]>([])
        var options = Muxer.Options()
        options.isLive = true
        let muxer = try Muxer(
            target: .write({ bytes in
                collected.withLock { $0 += bytes }
                return bytes.count
            }), format: "mp4", options: options)
        try muxer.begin(tracks: source.tracks)
        #expect(collected.withLock { $0.count } > 500)
        for packet in source.packets { try muxer.write(packet) }
        try muxer.finish()
        let path = try Fixtures.directory() + "/a.mp4"
        try Fixtures.write(collected.withLock { $0 }, to: path)
        #expect(try load(path).packets.count == source.packets.count)
    }

    @Test func everyPacketOfALiveStreamLeavesAtOnce() throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let count = Mutex(0)
        var options = Muxer.Options()
        options.isLive = true
        let muxer = try Muxer(
            target: .write({ bytes in
                count.withLock { $0 += bytes.count }
                return bytes.count
            }), format: "ts", options: options)
        try muxer.begin(tracks: source.tracks)
        for packet in source.packets {
            let before = count.withLock { $0 }
            try muxer.write(packet)
            #expect(count.withLock { $0 } - before >= packet.data.count)
        }
        try muxer.finish()
    }

    @Test func timesAreMadeToRise() throws {
        var source = try load(Fixtures.clip("bigbuckbunny.mp4"))
        for index in source.packets.indices where index % 7 == 3 { source.packets[index].dts = .zero }
        for index in source.packets.indices where index % 11 == 5 { source.packets[index].dts = nil }
        let path = try Fixtures.directory() + "/a.mp4"
        #expect(try write(source, to: path).droppedPackets == 0)
        #expect(try load(path).packets.count == source.packets.count)
    }

    @Test func optionsAndMetadataArrive() throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let path = try Fixtures.directory() + "/a.mp4"
        _ = try write(source, to: path) {
            $0.av = ["movflags": "faststart"]
            $0.metadata = ["title": "a title"]
        }
        let head = try Fixtures.read(path).prefix(400)
        #expect(String(decoding: head, as: UTF8.self).contains("moov"))
        #expect(
            try Fixtures.run("ffprobe -v error -show_entries format_tags=title -of csv=p=0 \(path)").contains(
                "a title"))
        let error = failure { _ = try write(source, to: path) { $0.av = ["no_such_thing": "1"] } }
        #expect(error?.reason == .usage)
        #expect(error?.why.contains("no_such_thing") == true)
    }

    // MARK: Failures

    @Test func outputsThatCannotBe() throws {
        let directory = try Fixtures.directory()
        #expect(
            failure { _ = try Muxer(target: .address(try MediaAddress(directory + "/no/such/a.mp4"))) }?.reason
                == .cannotCreate)
        try Fixtures.run("mkdir \(directory)/d.mp4")
        #expect(
            failure { _ = try Muxer(target: .address(try MediaAddress(directory + "/d.mp4"))) }?.reason
                == .cannotCreate)
        #expect(
            failure { _ = try Muxer(target: .address(try MediaAddress(directory + "/name"))) }?.reason == .usage)
        #expect(
            failure { _ = try Muxer(target: .address(try MediaAddress(directory + "/name")), format: "xyz") }?
                .reason
                == .usage)
        let vorbis = Track(
            id: 0, kind: .audio, codec: Codec(rawValue: "vorbis"),
            audio: AudioParameters(sampleRate: 48000, channels: 2))
        let flv = try Muxer(target: .address(try MediaAddress(directory + "/a.flv")))
        #expect(failure { try flv.begin(tracks: [vorbis]) }?.reason == .unsupportedCodec)
        let none = try Muxer(target: .address(try MediaAddress(directory + "/b.mp4")))
        #expect(failure { try none.begin(tracks: []) }?.reason == .noMedia)
        if geteuid() != 0 {
            #expect(
                failure { _ = try Muxer(target: .address(try MediaAddress("/a.mp4"))) }?.reason == .cannotCreate)
        }
    }

    @Test func fullDiskIsNoSpace() throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let error = failure { _ = try write(source, to: "/dev/full", format: "ts") }
        #expect(error?.reason == .noSpace)
        let closure = try Muxer(target: .write({ _ in Int(-ENOSPC) }), format: "mkv")
        let second = failure {
            try closure.begin(tracks: source.tracks)
            for packet in source.packets { try closure.write(packet) }
        }
        #expect(second?.reason == .noSpace)
        try closure.finish()
    }

    @Test func fullDiskLaterIsMidStream() throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let left = Mutex(100_000)
        var options = Muxer.Options()
        options.isLive = true
        let muxer = try Muxer(
            target: .write({ bytes in
                left.withLock { rest in
                    rest -= bytes.count
                    return rest < 0 ? Int(-ENOSPC) : bytes.count
                }
            }), format: "ts", options: options)
        try muxer.begin(tracks: source.tracks)
        let error = failure { for packet in source.packets { try muxer.write(packet) } }
        #expect(error?.reason == .noSpace)
        #expect(error?.isMidStream == true)
        try muxer.finish()
    }

    @Test func aCancelledFileIsStillFinished() throws {
        let source = try load(Fixtures.clip("bbb-360p.mp4"))
        let path = try Fixtures.directory() + "/a.mp4"
        let cancel = CancelFlag()
        let muxer = try Muxer(target: .address(try MediaAddress(path)), interrupt: InterruptFlag(cancel: cancel))
        try muxer.begin(tracks: source.tracks)
        for packet in source.packets.prefix(200) { try muxer.write(packet) }
        cancel.set()
        try muxer.finish()
        #expect(try load(path).packets.count == 200)
    }

    @Test func aTrackThatNeverTellsIsLeftOut() throws {
        let silent = Track(id: 5, kind: .video, codec: .h264)
        var source = try load(Fixtures.clip("bbb-360p.mp4"))
        source.tracks = source.tracks.filter { $0.kind == .audio } + [silent]
        source.packets = source.packets.filter { $0.kind == .audio }
        let path = try Fixtures.directory() + "/a.mp4"
        _ = try write(source, to: path)
        #expect(try load(path).packets.count == source.packets.count)
        let none = try Muxer(target: .address(try MediaAddress(try Fixtures.directory() + "/b.mp4")))
        try none.begin(tracks: [silent])
        #expect(failure { try none.finish() }?.reason == .noMedia)
    }
}
