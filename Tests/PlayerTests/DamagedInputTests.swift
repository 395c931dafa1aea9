// Damaged files and streams, the same on every run, played from the first byte to the end of the decoders. Nothing
// may crash, hang, or keep more memory than pictures need. `SLUICE_LONG` (`make nightly`) plays fifty times as many.
import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Player

private let rounds = getenv("SLUICE_LONG") == nil ? 40 : 2_000

/// xorshift64*.
private struct Chance: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

private final class Silence: Reporter {
    func report(_ event: Event) {}
    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {}
}

/// What is damaged.
enum DamagedClip: String, CaseIterable, Sendable {
    case flv, ts

    /// Two seconds of picture (with B-frames) and sound.
    func make(in directory: TempDirectory) async throws -> [UInt8] {
        let path = directory.file("whole.\(rawValue)")
        let program = try Program(
            [
                "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=2", "-f", "lavfi",
                "-i", "sine=sample_rate=44100:d=2", "-c:v", "libx264", "-preset", "veryfast", "-g", "12", "-bf",
                "2", "-pix_fmt", "yuv420p", "-c:a", "aac", path,
            ])
        guard await program.wait(within: .seconds(60)) == .exited(0) else { throw LabError(program.errors) }
        return contents(ofFile: path) ?? []
    }

    /// Where headers of tags or packets begin: damage there means more than damage in pictures.
    func borders(_ bytes: [UInt8]) -> [Int] {
        switch self {
        case .ts: return Array(stride(from: 0, to: bytes.count, by: 188))
        case .flv:
            var found: [Int] = []
            var at = 13
            while at + 15 <= bytes.count {
                found.append(at)
                at += 15 + (Int(bytes[at + 1]) << 16 | Int(bytes[at + 2]) << 8 | Int(bytes[at + 3]))
            }
            return found
        }
    }
}

private struct Damage {
    var chance: Chance

    mutating func apply(to whole: [UInt8], _ borders: [Int]) -> [UInt8] {
        var bytes = whole
        for _ in 0...Int.random(in: 0..<6, using: &chance) {
            guard bytes.count > 64 else { break }
            switch Int.random(in: 0..<8, using: &chance) {
            case 0:
                // Anywhere.
                for _ in 0...Int.random(in: 0..<40, using: &chance) { spoil(&bytes, at: place(bytes)) }
            case 1, 2, 3:
                // In headers: types, lengths, times, identifiers.
                for _ in 0...Int.random(in: 0..<20, using: &chance) {
                    let border = borders.randomElement(using: &chance) ?? 0
                    spoil(&bytes, at: border + Int.random(in: 0..<16, using: &chance))
                }
            case 4: bytes.removeSubrange(range(bytes))
            case 5:
                let piece = Array(bytes[range(bytes)])
                bytes.insert(contentsOf: piece, at: place(bytes))
            case 6:
                // A stretch of noise, or of one value.
                let value: UInt8? =
                    Bool.random(using: &chance) ? [0, 0xFF, 0x47].randomElement(using: &chance) : nil
                for index in range(bytes) { bytes[index] = value ?? .random(in: 0...255, using: &chance) }
            default: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &chance))
            }
        }
        return bytes
    }

    private mutating func place(_ bytes: [UInt8]) -> Int { Int.random(in: 0..<bytes.count, using: &chance) }
    private mutating func range(_ bytes: [UInt8]) -> Range<Int> {
        let start = place(bytes)
        return start..<min(bytes.count, start + Int.random(in: 1..<4_000, using: &chance))
    }
    private mutating func spoil(_ bytes: inout [UInt8], at index: Int) {
        guard bytes.indices.contains(index) else { return }
        if Bool.random(using: &chance) {
            bytes[index] = .random(in: 0...255, using: &chance)
        } else {
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        }
    }
}

@Suite(.serialized) struct DamagedInputTests {
    /// One play on a thread of its own.
    /// - Returns: Pictures that were shown; nil when it had to be ended.
    private func play(_ address: String, _ change: (inout PlaySettings) throws -> Void) async throws -> Int? {
        var settings = PlaySettings(source: try MediaAddress(address), processStart: .now())
        settings.videoOutput = .null
        settings.audioOutput = .null
        settings.options.timeout = .seconds(5)
        try change(&settings)
        let cancel = CancelFlag()
        let isOver = CancelFlag()
        let shown = Mutex(0)
        let ready = settings
        _ = NamedThread("test-play") {
            // How it ends does not matter here, only that it does.
            let result = try? PlaySession(settings: ready, reporter: Silence(), cancel: cancel).run()
            shown.withLock { $0 = result?.shownFrames ?? 0 }
            isOver.set()
        }
        let ended = await eventually(within: .seconds(30)) { isOver.isSet }
        cancel.set()
        #expect(await eventually(within: .seconds(10)) { isOver.isSet }, "it does not even end when told")
        return ended ? shown.withLock { $0 } : nil
    }

    private var resident: Int {
        let text = String(decoding: contents(ofFile: "/proc/self/status") ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) << 10
    }

    @Test(arguments: DamagedClip.allCases) func damagedFile_isPlayedAsFarAsItGoes(clip: DamagedClip) async throws {
        let directory = try TempDirectory("damaged")
        let whole = try await clip.make(in: directory)
        let borders = clip.borders(whole)
        #expect(borders.count > 50)
        let before = resident
        var pictures = 0
        for seed in 0..<rounds {
            var damage = Damage(chance: Chance(seed))
            let name = "damaged.\(clip.rawValue)"
            try directory.write(damage.apply(to: whole, borders), to: name)
            // To a program: as fast as it goes.
            let shown = try await play(directory.file(name)) { settings in
                settings.rawOutput = try MediaAddress("/dev/null")
                settings.wavOutput = try MediaAddress(directory.file("heard.wav"))
            }
            #expect(shown != nil, "round \(seed)")
            pictures += shown ?? 0
        }
        // Of fifty each: what is whole is played.
        #expect(pictures > rounds * 15, "\(pictures) pictures in \(rounds) rounds")
        #expect(resident - before < 300 << 20, "\((resident - before) >> 20) MiB more")
    }

    /// The same as a live stream, which is not allowed to wait for anything.
    @Test(arguments: DamagedClip.allCases) func damagedStream_isPlayedAsFarAsItGoes(clip: DamagedClip) async throws
    {
        let directory = try TempDirectory("damaged")
        let whole = try await clip.make(in: directory)
        let borders = clip.borders(whole)
        let pieces = Mutex<[UInt8]>([])
        let server = try TimedServer { _, _ in
            .live { index in index == 0 ? .init(at: .zero) { pieces.withLock { $0 } } : nil }
        }
        for seed in 0..<max(4, rounds / 16) {
            var damage = Damage(chance: Chance(seed + 10_000))
            let bytes = damage.apply(to: whole, borders)
            pieces.withLock { $0 = bytes }
            let shown = try await play(server.url("live/cam.\(clip.rawValue)")) { _ in }
            #expect(shown != nil, "round \(seed)")
        }
    }
}
