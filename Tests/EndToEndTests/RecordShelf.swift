// What a recorder has left in its directory, held against the tape: nothing lost, nothing twice, nothing out of
// order, nothing that was never sent.
import Model
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// The recordings of one directory as ffprobe reads them.
struct RecordShelf: Sendable {
    struct File: Sendable {
        var name: String
        var packets: [KnownPacket]
        /// Whether ffprobe could read it.
        var isPlayable: Bool
    }

    let directory: String
    /// By the place of their first packet on the tape, those without any last.
    let files: [File]
    private let places: [String: Int]
    private let tape: RecordTape

    init(_ directory: String, _ tape: RecordTape) async throws {
        self.directory = directory
        self.tape = tape
        let places = Dictionary(uniqueKeysWithValues: tape.identities.enumerated().map { ($1, $0) })
        var files: [File] = []
        for name in Self.names(in: directory) {
            let packets = try? await Packets.of(directory + "/" + name)
            files.append(File(name: name, packets: packets ?? [], isPlayable: packets != nil))
        }
        let first = { (file: File) in file.packets.lazy.compactMap { places[$0.identity] }.first ?? .max }
        self.files = files.sorted { first($0) < first($1) }
        self.places = places
    }

    /// Media files of a directory, sorted by name.
    static func names(in directory: String) -> [String] {
        fileNames(in: directory).filter { name in
            !name.hasPrefix(".") && ["mp4", "mkv", "ts", "flv"].contains { name.hasSuffix("." + $0) }
        }
    }

    /// Packets of all files.
    var count: Int { files.reduce(0) { $0 + $1.packets.count } }

    /// What is wrong, in words; empty when all is well.
    /// - Parameter required: Places on the tape that must be there. What was received later may be.
    func faults(required: [Range<Int>]) -> [String] {
        var faults: [String] = []
        var keepers: [Int: [String]] = [:]
        for file in files {
            var last = [-1, -1]
            for packet in file.packets {
                guard let place = places[packet.identity] else {
                    faults.append("\(file.name): a packet that was never sent")
                    continue
                }
                keepers[place, default: []].append(file.name)
                let track = packet.isVideo ? 0 : 1
                if place <= last[track] { faults.append("\(file.name): packet \(place) after \(last[track])") }
                last[track] = place
            }
            if let first = file.packets.first(where: \.isVideo), !first.isKey {
                faults.append("\(file.name) does not begin with a key frame")
            }
        }
        for (place, names) in keepers.sorted(by: { $0.key < $1.key }) where names.count > 1 {
            faults.append("packet \(place) is in \(names.joined(separator: " and "))")
        }
        let lost = required.flatMap { $0 }.filter { keepers[$0] == nil }
        if !lost.isEmpty {
            faults.append(
                "\(lost.count) of \(required.reduce(0) { $0 + $1.count }) packets are lost: \(lost.prefix(5))…"
                    + "\(lost.suffix(2)), of \(required)")
        }
        faults += overlaps()
        return faults
    }

    /// Files one after the other hold the tape one part after the other, track by track.
    private func overlaps() -> [String] {
        var faults: [String] = []
        for isVideo in [true, false] {
            var last: (place: Int, name: String) = (-1, "")
            for file in files {
                let found = file.packets.filter { $0.isVideo == isVideo }.compactMap { places[$0.identity] }
                guard let low = found.min(), let high = found.max() else { continue }
                if low < last.place { faults.append("\(file.name) begins before \(last.name) ends") }
                last = (high, file.name)
            }
        }
        return faults
    }

    /// After a repair or a clean end: every file is finished, an ordinary MP4, and plays.
    func unfinished() -> [String] {
        files.compactMap { file in
            if !file.isPlayable { return "\(file.name) cannot be played" }
            if file.packets.isEmpty { return "\(file.name) is empty" }
            if file.name.contains(".part.") { return "\(file.name) is still open" }
            guard file.name.hasSuffix(".mp4") else { return nil }
            guard let boxes = MP4Boxes(path: directory + "/" + file.name) else { return "\(file.name) is gone" }
            return boxes.isOrdinary ? nil : "\(file.name) is no ordinary MP4: \(boxes.types)"
        }
    }
}

extension RunningSluice {
    /// A recorder in a directory of its own.
    static func recording(_ words: [String], in directory: TempDirectory) throws -> RunningSluice {
        try SluiceBinary.start(["record"] + words, directory: directory)
    }
}

/// Numbers for random moments; the same in every run.
struct RecordDice {
    private var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func number(_ range: ClosedRange<Double>) -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return range.lowerBound + Double(state >> 11) / Double(UInt64(1) << 53)
            * (range.upperBound - range.lowerBound)
    }

    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[min(values.count - 1, Int(number(0...Double(values.count))))]
    }
}

/// Runs the cases, so many at a time, and gathers what each finds wrong.
func inTurns(
    _ cases: Int, atOnce: Int, _ body: @escaping @Sendable (Int) async throws -> [String]
) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String].self) { group in
        var faults: [String] = []
        for index in 0..<cases {
            if index >= atOnce { faults += try await group.next() ?? [] }
            group.addTask {
                do {
                    return try await body(index).map { "case \(index): \($0)" }
                } catch {
                    return ["case \(index): \(error)"]
                }
            }
        }
        for try await more in group { faults += more }
        return faults
    }
}

/// `SLUICE_LONG` is set by `make nightly`.
let isNightly = getenv("SLUICE_LONG") != nil
