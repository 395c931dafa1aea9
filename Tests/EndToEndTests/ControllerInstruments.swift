import Model
import Synchronization
import TestSupport

// What the tests of the controllers measure with: FLV made and taken apart by hand, a writer that keeps a
// timetable, and arithmetic on arrivals. Shares no code with the product.
#if canImport(Glibc)
    import Glibc
#endif

/// FLV as bytes, for streams that no muxer would write.
enum HandmadeFLV {
    static let header: [UInt8] = [0x46, 0x4C, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]

    static func tags(ofFile path: String) throws -> [TapeTag] {
        guard let bytes = contents(ofFile: path), bytes.count > header.count else {
            throw LabError("\(path) is no FLV file")
        }
        var found: [TapeTag] = []
        var at = header.count
        while at + 11 <= bytes.count {
            let size = Int(bytes[at + 1]) << 16 | Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            let time =
                Int(bytes[at + 7]) << 24 | Int(bytes[at + 4]) << 16 | Int(bytes[at + 5]) << 8 | Int(bytes[at + 6])
            guard at + 11 + size <= bytes.count else { break }
            let body = Array(bytes[at + 11..<at + 11 + size])
            found.append(TapeTag(kind: bytes[at], timestamp: time, arrival: .zero, body: body))
            at += 11 + size + 4
        }
        return found
    }

    static func bytes(_ tag: TapeTag) -> [UInt8] {
        func three(_ value: Int) -> [UInt8] { [16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let size = tag.body.count
        return [tag.kind] + three(size) + three(tag.timestamp) + [UInt8(truncatingIfNeeded: tag.timestamp >> 24)]
            + [0, 0, 0] + tag.body + [0] + three(size + 11)
    }

    static func file(_ tags: [TapeTag]) -> [UInt8] { header + tags.flatMap(bytes) }

    /// A picture and a tone, 25 pictures a second, both beginning at the same time; the sound is the shorter.
    static func clip(in directory: TempDirectory, seconds: Int, bFrames: Int) async throws -> [TapeTag] {
        let path = directory.file("made-\(seconds)-\(bFrames).flv")
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=\(seconds)", "-f", "lavfi", "-i",
            "sine=frequency=440:sample_rate=44100:d=\(Double(seconds) - 0.2)", "-c:v", "libx264", "-preset",
            "ultrafast", "-bf", "\(bFrames)", "-g", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a",
            "aac",
            path,
        ])
        var tags = try tags(ofFile: path).filter { $0.isVideo || $0.isAudio }
        // An encoder's own first silence would otherwise begin before the first picture.
        guard let picture = tags.first(where: { $0.isVideo && $0.isMedia }),
            let sound = tags.first(where: { $0.isAudio && $0.isMedia })
        else { throw LabError("\(path) is not what it should be") }
        let shift = picture.timestamp + picture.compositionOffset - sound.timestamp
        for index in tags.indices where tags[index].isAudio && tags[index].isMedia {
            tags[index].timestamp += shift
        }
        return tags
    }
}

/// Writes blocks at their moments on a thread of its own, and notes when each had left.
final class Timetable: Sendable {
    struct Block: Sendable {
        /// After the first block could be written.
        var at: Span
        var bytes: [UInt8]
    }
    private let left = Mutex<[WallTime]>([])
    private let stopped = CancelFlag()
    private let isDone = CancelFlag()

    /// - Parameter path: Opened for writing; a FIFO waits for its reader.
    convenience init(toFile path: String, _ blocks: [Block]) {
        self.init({ open(path, O_WRONLY | O_CLOEXEC) }, { blocks.indices.contains($0) ? blocks[$0] : nil })
    }

    /// - Parameter block: nil ends the writing.
    convenience init(to descriptor: Int32, block: @escaping @Sendable (Int) -> Block?) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        self.init({ copy }, block)
    }

    private init(_ opening: @escaping @Sendable () -> Int32, _ block: @escaping @Sendable (Int) -> Block?) {
        let (stopped, isDone) = (stopped, isDone)
        _ = NamedThread("test-timetable") { [weak self] in
            let descriptor = opening()
            let pause = CancellableWait(stopped)
            let start = HostTime.now()
            var index = 0
            while let next = block(index), pause.wait(until: start + next.at), Self.put(next.bytes, descriptor) {
                self?.left.withLock { $0.append(.now()) }
                index += 1
            }
            close(descriptor)
            isDone.set()
        }
    }

    deinit { stopped.set() }

    /// When each block had been taken by the reader.
    var times: [WallTime] { left.withLock { $0 } }
    func ends(within limit: Span) async -> Bool { await eventually(within: limit) { isDone.isSet } }

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

extension BidirectionalCollection<TapeTag> {
    /// Arrival less timestamp of each tag, in ms; only differences mean something.
    var lags: [Double] { map { $0.arrival.exactMilliseconds - Double($0.timestamp) } }

    /// The least lag of each whole stretch of arrivals; nil for one in which nothing came.
    func leastLags(each length: Span) -> [Double?] {
        guard let begin = first?.arrival, let end = last?.arrival else { return [] }
        let stretches = Int((end - begin).nanoseconds / length.nanoseconds)
        let sorted = Dictionary(grouping: self) { Int(($0.arrival - begin).nanoseconds / length.nanoseconds) }
        return (0..<stretches).map { sorted[$0]?.lags.min() }
    }

    /// Milliseconds between the first and the last timestamp.
    var span: Int { (last?.timestamp ?? 0) - (first?.timestamp ?? 0) }

    /// Tags of these milliseconds after the first one, by timestamp.
    func between(_ from: Int, _ to: Int) -> [TapeTag] {
        let zero = first?.timestamp ?? 0
        return filter { $0.timestamp - zero >= from && $0.timestamp - zero < to }
    }
}

extension WallTime {
    var exactMilliseconds: Double { Double(nanoseconds) / 1e6 }
}

extension [Double] {
    /// The value below which this share of the values lies.
    func percentile(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        return sorted()[Swift.min(count - 1, Int(Double(count) * share))]
    }
    var median: Double { percentile(0.5) }

    /// Standard deviation of the middle nine tenths: a hiccup of the machine is not the spread that is asked for.
    var spread: Double {
        let kept = sorted().dropFirst(count / 20).dropLast(count / 20)
        guard !kept.isEmpty else { return .nan }
        let mean = kept.reduce(0, +) / Double(kept.count)
        return (kept.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(kept.count)).squareRoot()
    }
}

extension RunningSluice {
    /// A field of every status line so far that has it.
    func status(_ field: String) -> [Double] {
        JSONReader.lines(program.output).filter { $0["event"]?.string == "status" }.compactMap { $0[field]?.number }
    }
}
