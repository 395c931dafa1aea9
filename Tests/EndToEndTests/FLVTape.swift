import Model
import Synchronization
import TestSupport

// What a viewer receives, byte by byte: an RTMP stream taken apart by an independent reader, each tag with the
// time of its arrival. Shares no code with the product.
#if canImport(Glibc)
    import Glibc
#endif

/// One FLV tag.
struct TapeTag: Sendable {
    var kind: UInt8
    var timestamp: Int
    var arrival: WallTime
    var body: [UInt8]

    var isVideo: Bool { kind == 9 }
    var isAudio: Bool { kind == 8 }
    /// A picture or sound, not the configuration of one.
    var isMedia: Bool { body.count > 1 && kind != 18 && body[1] == 1 }
    var isKeyframe: Bool { isVideo && body.first.map { $0 >> 4 == 1 } ?? false }
    /// Signed 24 bits, in ms.
    var compositionOffset: Int {
        guard isVideo, body.count > 4 else { return 0 }
        return Int(Int32(bitPattern: UInt32(body[2]) << 24 | UInt32(body[3]) << 16 | UInt32(body[4]) << 8) >> 8)
    }

    /// The NAL units of an H.264 picture with four-byte lengths.
    var units: [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        var at = 5
        while at + 4 <= body.count {
            let size = body[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard size > 0, at + 4 + size <= body.count else { break }
            found.append(body[at + 4..<at + 4 + size])
            at += 4 + size
        }
        return found
    }

    /// The picture without latency marks.
    var unmarked: [UInt8] { units.filter { TapeTag.markTime($0) == nil }.flatMap { $0 } }

    /// The capture time that a MISB ST 0604 message in this picture tells.
    var mark: WallTime? { units.lazy.compactMap(TapeTag.markTime).first }

    private static func markTime(_ unit: ArraySlice<UInt8>) -> WallTime? {
        guard let head = unit.first, head & 0x1F == 6 else { return nil }
        // Emulation prevention: 00 00 03 stands for 00 00.
        var bytes: [UInt8] = []
        for byte in unit {
            if byte == 3, bytes.count > 2, bytes.suffix(2) == [0, 0] { continue }
            bytes.append(byte)
        }
        let name = Array("MISPmicrosectime".utf8)
        guard bytes.count >= 3 + 28, bytes[1] == 5, bytes[2] == 28, Array(bytes[3..<19]) == name else { return nil }
        let time = [20, 21, 23, 24, 26, 27, 29, 30].reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        return WallTime(nanoseconds: Int64(clamping: time) * 1000)
    }
}

/// Reads a stream through ffmpeg, which copies it unchanged into a pipe.
final class FLVTape: Sendable {
    private let program: Program
    private let kept = Mutex<[TapeTag]>([])
    private let isOver = CancelFlag()

    /// - Parameter input: An address or a file; read as fast as it comes.
    convenience init(_ input: String, options: [String] = []) throws {
        try self.init(
            program: ["ffmpeg", "-nostdin", "-v", "error", "-copyts"] + options + ["-i", input, "-c", "copy"]
                + ["-flush_packets", "1", "-f", "flv", "-"])
    }

    /// Reads a live RTMP stream through a program that neither probes nor reorders: tags come as the server
    /// sent them, each at once.
    static func unprobed(_ address: String) throws -> FLVTape {
        try FLVTape(program: ["stdbuf", "-o0", "rtmpdump", "-q", "-v", "-r", address, "-o", "-"])
    }

    /// Reads HTTP-FLV as it is on the wire.
    static func http(_ address: String) throws -> FLVTape { try FLVTape(program: ["curl", "-sN", address]) }

    /// Reads an FLV file as it is.
    static func file(_ path: String) throws -> FLVTape { try FLVTape(program: ["cat", path]) }

    /// - Parameter program: Writes FLV to its standard output.
    private init(program words: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw LabError("no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(writing) }
        program = try Program(words, output: .descriptor(writing))
        let isOver = isOver
        _ = NamedThread("test-tape") { [weak self] in
            var reader = TapeReader(descriptor: reading)
            while let tag = reader.next() {
                guard let self else { break }
                self.kept.withLock { $0.append(tag) }
            }
            close(reading)
            isOver.set()
        }
    }

    var tags: [TapeTag] { kept.withLock { $0 } }
    var video: [TapeTag] { tags.filter { $0.isVideo && $0.isMedia } }
    var audio: [TapeTag] { tags.filter { $0.isAudio && $0.isMedia } }

    /// Waits until the tape holds this many milliseconds of pictures (or of sound when there are none).
    func holds(milliseconds: Int, within limit: Span) async -> Bool {
        await eventually(within: limit, every: .milliseconds(20)) {
            let track = video.isEmpty ? audio : video
            guard let first = track.first, let last = track.last else { return false }
            return last.timestamp - first.timestamp >= milliseconds
        }
    }

    /// Waits until the stream has ended by itself and all of it is on the tape.
    func ends(within limit: Span) async -> Bool { await eventually(within: limit) { isOver.isSet } }

    func stop() async { await program.stop(grace: .milliseconds(200)) }
}

private struct TapeReader {
    let descriptor: Int32
    var isPastHeader = false

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func next() -> TapeTag? {
        if !isPastHeader {
            guard take(13) != nil else { return nil }
            isPastHeader = true
        }
        guard let head = take(11) else { return nil }
        let size = Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
        let time = Int(head[7]) << 24 | Int(head[4]) << 16 | Int(head[5]) << 8 | Int(head[6])
        guard let body = take(size + 4) else { return nil }
        return TapeTag(kind: head[0], timestamp: time, arrival: WallTime.now(), body: Array(body.dropLast(4)))
    }

    private func take(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let more = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + got }, count - got)
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { return nil }
            got += more
        }
        return bytes
    }
}
