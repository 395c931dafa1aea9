// Real streams as tags, made by ffmpeg, and what of a packaged stream a demuxer finds again.
import Media
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

enum FLVTape {
    /// `ffmpeg … out.flv` as tags, in order.
    static func make(_ arguments: String) async throws -> [FLVTag] {
        let directory = try TempDirectory("tape")
        let path = directory.file("tape.flv")
        let words = ["ffmpeg", "-nostdin", "-v", "error", "-y"] + arguments.split(separator: " ").map(String.init)
        let program = try Program(words + ["-flvflags", "no_duration_filesize", path])
        guard await program.wait(within: .seconds(60)) == .exited(0), let bytes = contents(ofFile: path) else {
            throw LabError("ffmpeg \(arguments): \(program.errors)")
        }
        var reader = FLVStreamReader()
        reader.append(ByteBuffer(bytes: bytes))
        var tags: [FLVTag] = []
        while let item = try reader.next() { if case .tag(let tag) = item { tags.append(tag) } }
        return tags
    }

    static let picture = "-f lavfi -i testsrc2=size=320x180:rate=25"
    static let tone = "-f lavfi -i sine=frequency=440:sample_rate=48000"
    static func h264(gop: Int, bFrames: Int = 0) -> String {
        "-c:v libx264 -preset ultrafast -sc_threshold 0 -g \(gop) -keyint_min \(gop) -bf \(bFrames) -pix_fmt yuv420p"
    }
    static let aac = "-c:a aac -b:a 64k -ar 48000"

    /// Pictures and sound.
    static func usual(seconds: Double, gop: Int, bFrames: Int = 0) async throws -> [FLVTag] {
        try await make("\(picture) \(tone) -t \(seconds) \(h264(gop: gop, bFrames: bFrames)) \(aac)")
    }

    /// The stream moved in time, as from a publisher that began long ago.
    static func moved(_ tags: [FLVTag], by milliseconds: UInt32) -> [FLVTag] {
        tags.map { tag in
            var moved = tag
            if tag.kind != .script { moved.timestamp &+= milliseconds }
            return moved
        }
    }

    /// The packets as they are in the tags.
    static func packets(_ tags: [FLVTag]) throws -> [Packet] {
        var reader = FLVTagReader()
        var packets: [Packet] = []
        for tag in tags {
            for item in try reader.read(tag, arrival: .zero) {
                if case .packet(let packet) = item { packets.append(packet) }
            }
        }
        return packets
    }

    /// What a demuxer finds in these bytes.
    static func demux(_ bytes: [UInt8]) throws -> (tracks: [Track], packets: [Packet]) {
        let directory = try TempDirectory("demux")
        let path = try directory.write(bytes, to: "all.mp4")
        let demuxer = try Demuxer(.address(try MediaAddress(path)))
        var packets: [Packet] = []
        while true {
            switch try demuxer.read() {
            case .packet(let packet): packets.append(packet)
            case .tracksChanged: continue
            case .endOfInput: return (demuxer.tracks, packets)
            }
        }
    }
}

/// What came out of a packaging line, by epochs.
struct Packaged {
    struct Epoch {
        var initialization: MediaInitialization
        var segments: [MediaSegment] = []
        var fragments: [FeedFragment] = []
        /// A file of all of it.
        var bytes: [UInt8] {
            let parts = [initialization.bytes] + segments.map(\.bytes) + fragments.map(\.bytes)
            return parts.flatMap { Array($0.readableBytesView) }
        }
    }
    var epochs: [Epoch] = []
    var hasEnded = false
    var failure: SluiceError?

    var segments: [MediaSegment] { epochs.flatMap(\.segments) }

    mutating func take(_ outputs: [PackagerOutput]) {
        for output in outputs {
            switch output {
            case .initialization(let made): epochs.append(Epoch(initialization: made))
            case .segment(let segment): epochs[epochs.count - 1].segments.append(segment)
            case .fragment(let fragment): epochs[epochs.count - 1].fragments.append(fragment)
            case .failed(let error): failure = error
            case .ended: hasEnded = true
            }
        }
    }

    /// Each tag arrives when its time says, from `arrival` on.
    init(
        _ tags: [FLVTag], _ assembler: some PacketAssembler, arrival: HostTime = .now(), ends: Bool = true
    ) {
        var line = PackagingLine(assembler)
        let first = tags.first { $0.kind != .script }?.timestamp ?? 0
        for tag in tags {
            let after = tag.kind == .script ? 0 : Int64(Int32(bitPattern: tag.timestamp &- first))
            take(line.take(.tags([tag], arrival: arrival + .milliseconds(Double(after)))))
        }
        if ends { take(line.take(.end)) }
    }
}

extension [Packet] {
    /// What identifies the packets of one kind, in order.
    func payloads(_ kind: TrackKind) -> [[UInt8]] { filter { $0.kind == kind }.map(\.data) }
    func times(_ kind: TrackKind) -> [MediaTime] { filter { $0.kind == kind }.compactMap(\.pts) }
}
