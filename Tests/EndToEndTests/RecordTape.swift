// Streams whose every packet is known: what a recording is held against. A packet is known by the MD5 of its
// payload, as ffprobe tells it, and no two packets of a tape have the same.
import Model
import TestSupport

/// A packet as ffprobe finds it in a file.
struct KnownPacket: Sendable, Hashable {
    var isVideo: Bool
    /// Seconds; nil where the container keeps none.
    var pts: Double?
    var dts: Double?
    var isKey: Bool
    var hash: String
    /// What counts as the same packet.
    var identity: String { (isVideo ? "v" : "a") + hash }
}

/// An FLV file taken apart into the bytes of its tags.
struct RecordTape: Sendable {
    struct Tag: Sendable {
        /// Milliseconds.
        var time: Int
        /// As it stands in the file, with its length behind it.
        var bytes: [UInt8]
        var packet: KnownPacket
    }

    let path: String
    /// File header, metadata and sequence headers.
    let head: [UInt8]
    let tags: [Tag]

    /// Seconds.
    var length: Double { Double((tags.last?.time ?? 0) - (tags.first?.time ?? 0)) / 1000 }
    var identities: [String] { tags.map(\.packet.identity) }

    /// - Parameter mayRepeat: Whether two packets may be the same; such a tape is compared as a whole.
    init(path: String, mayRepeat: Bool = false) async throws {
        self.path = path
        let bytes = contents(ofFile: path) ?? []
        guard bytes.count > 13 else { throw LabError("no tape at \(path)") }
        let packets = try await Packets.of(path)
        var head = Array(bytes[..<13])
        var tags: [Tag] = []
        var at = 13
        while at + 15 <= bytes.count {
            let size = Int(bytes[at + 1]) << 16 | Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            let low = Int(bytes[at + 4]) << 16 | Int(bytes[at + 5]) << 8 | Int(bytes[at + 6])
            let end = at + 15 + size
            guard end <= bytes.count else { break }
            let isMedia = (bytes[at] == 8 || bytes[at] == 9) && size > 2 && bytes[at + 12] == 1
            if isMedia {
                guard tags.count < packets.count else { throw LabError("ffprobe finds fewer packets") }
                tags.append(
                    Tag(
                        time: Int(bytes[at + 7]) << 24 | low, bytes: Array(bytes[at..<end]),
                        packet: packets[tags.count]))
            } else if tags.isEmpty {
                head += bytes[at..<end]
            }
            at = end
        }
        guard tags.count == packets.count,
            mayRepeat || Set(packets.map(\.identity)).count == packets.count
        else {
            throw LabError("\(path): \(tags.count) tags, \(packets.count) packets, or some of them twice")
        }
        self.head = head
        self.tags = tags
    }

    /// Index of the first key frame (or of any packet where there is no picture) at or after a time.
    func start(at milliseconds: Int) -> Int {
        let hasPicture = tags.contains(where: \.packet.isVideo)
        return tags.firstIndex {
            $0.time >= milliseconds && (!hasPicture || ($0.packet.isVideo && $0.packet.isKey))
        } ?? tags.count
    }
}

/// ffprobe's list of the packets of files.
enum Packets {
    static func of(_ path: String) async throws -> [KnownPacket] { try await list(["-i", path]) }

    /// Of many files, in order, as if they were one.
    static func of(_ paths: [String], in directory: TempDirectory) async throws -> [KnownPacket] {
        let list = paths.map { "file '\($0)'\n" }.joined()
        try directory.write("ffconcat version 1.0\n" + list, to: "all.ffconcat")
        return try await self.list([
            "-f", "concat", "-safe", "0", "-auto_convert", "0", "-i", directory.file("all.ffconcat"),
        ])
    }

    private static func list(_ input: [String]) async throws -> [KnownPacket] {
        let program = try Program(
            ["ffprobe", "-v", "error", "-show_data_hash", "md5", "-of", "compact=p=0"]
                + ["-show_entries", "packet=codec_type,pts_time,dts_time,flags,data_hash"] + input)
        guard await program.wait(within: .seconds(60)) == .exited(0) else {
            throw LabError("ffprobe \(input): \(program.errors)")
        }
        // Side data of a packet, which transport streams have, breaks its line.
        return program.output.replacing("\n|", with: "|").split(separator: "\n").compactMap { line in
            var fields: [Substring: Substring] = [:]
            for field in line.split(separator: "|") {
                guard let mark = field.firstIndex(of: "=") else { continue }
                fields[field[..<mark]] = field[field.index(after: mark)...]
            }
            guard let kind = fields["codec_type"], let hash = fields["data_hash"] else { return nil }
            return KnownPacket(
                isVideo: kind == "video", pts: fields["pts_time"].flatMap { Double($0) },
                dts: fields["dts_time"].flatMap { Double($0) }, isKey: fields["flags"]?.hasPrefix("K") ?? false,
                hash: String(hash))
        }
    }
}

/// Made once for all tests.
actor RecordTapes {
    static let shared = RecordTapes()

    enum Kind: Hashable, Sendable {
        /// 160x90 at 25 fps with sound, a key frame a second.
        case usual
        /// The same with two B-frames between others.
        case reordered
        case pictureOnly
        case soundOnly
        /// 64x36 at 10 fps with a key frame a second, and sound: long, for many cuts.
        case long(seconds: Int)
        case fullHD
    }

    private var directory: TempDirectory?
    private var tapes: [Kind: Task<RecordTape, any Error>] = [:]

    func tape(_ kind: Kind) async throws -> RecordTape {
        if let task = tapes[kind] { return try await task.value }
        let place = try directory ?? TempDirectory.ofTheRun("tapes")
        directory = place
        let path = place.file("tape\(tapes.count).flv")
        let task = Task {
            try await Clips.ffmpeg(Self.words(kind) + [path])
            if case .long = kind { return try await RecordTape(path: path, mayRepeat: true) }
            return try await RecordTape(path: path)
        }
        tapes[kind] = task
        return try await task.value
    }

    private static func words(_ kind: Kind) -> [String] {
        let picture = { (size: String, rate: Int, seconds: Int) in
            ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=\(rate):duration=\(seconds)"]
        }
        let sound = { (rate: Int, seconds: Int) in
            ["-f", "lavfi", "-i", "anoisesrc=sample_rate=\(rate):amplitude=0.3:duration=\(seconds)"]
        }
        let x264 = { (gop: Int, b: Int) in
            ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-sc_threshold", "0"]
                + ["-g", "\(gop)", "-bf", "\(b)", "-x264-params", "b-adapt=0"]
        }
        let aac = ["-c:a", "aac", "-b:a", "48k", "-ac", "1"]
        switch kind {
        case .usual: return picture("160x90", 25, 60) + sound(44_100, 60) + x264(25, 0) + aac
        case .reordered: return picture("160x90", 25, 20) + sound(44_100, 20) + x264(25, 2) + aac
        case .pictureOnly: return picture("160x90", 25, 20) + x264(25, 0)
        case .soundOnly: return sound(44_100, 20) + aac
        case .long(let seconds): return picture("64x36", 10, seconds) + sound(16_000, seconds) + x264(10, 0) + aac
        case .fullHD: return picture("1920x1080", 25, 6) + sound(48_000, 6) + x264(25, 0) + aac
        }
    }
}
