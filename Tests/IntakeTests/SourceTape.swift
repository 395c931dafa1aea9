// What the tests of sources share: everything that a source says, in order, and clips made on the spot.
import Glibc
import Model
import NIOCore
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Intake

/// Reads a source on a thread of its own and keeps what it says. Ends with its owner.
final class SourceTape: Sendable {
    struct Entry: Sendable {
        var event: SourceEvent
        var at: HostTime
    }
    let source: Source
    let cancel = CancelFlag()
    private let kept = Mutex<[Entry]>([])

    init(_ settings: SourceSettings) {
        let source = Source(settings, cancel: cancel)
        self.source = source
        _ = NamedThread("test-source") { [weak self] in
            while let event = source.next(until: nil) {
                guard let self else { break }
                self.kept.withLock { $0.append(Entry(event: event, at: .now())) }
            }
        }
    }

    convenience init(
        _ address: String, facts: Bool = true, reconnect: ReconnectOptions = .none, timeout: Span? = nil
    ) throws {
        var options = SourceOptions()
        options.timeout = timeout
        var settings = SourceSettings(address: try MediaAddress(address), options: options)
        settings.wantsFacts = facts
        settings.reconnect = reconnect
        self.init(settings)
    }

    deinit { source.close() }

    var entries: [Entry] { kept.withLock { $0 } }
    var events: [SourceEvent] { entries.map(\.event) }
    var facts: [SourceFact] { events.compactMap { if case .fact(let fact) = $0 { fact } else { nil } } }
    var packets: [Packet] { events.compactMap { if case .packet(let packet) = $0 { packet } else { nil } } }
    /// nil: not over yet.
    var end: SluiceError?? {
        for case .end(let error) in events { return .some(error) }
        return nil
    }

    func holds(packets count: Int, within limit: Span = .seconds(10)) async -> Bool {
        await eventually(within: limit) { packets.count >= count }
    }
    func tells(within limit: Span = .seconds(10), _ fact: (SourceFact) -> Bool) async -> Bool {
        await eventually(within: limit) { facts.contains(where: fact) }
    }
    func ends(within limit: Span = .seconds(10)) async -> Bool { await eventually(within: limit) { end != nil } }
}

enum Fixture {
    /// The repository's own clips.
    static func clip(_ name: String) -> String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/media/" + name
    }

    @discardableResult
    static func run(_ words: [String]) async throws -> String {
        let program = try Program(words)
        let exit = await program.wait(within: .seconds(60))
        guard exit == .exited(0) else { throw LabError("\(words): \(program.errors)") }
        return program.output
    }

    static func ffmpeg(_ words: [String]) async throws {
        try await run(["ffmpeg", "-nostdin", "-v", "error", "-y"] + words)
    }

    /// Moving picture and a tone, as FLV: 25 fps, a key frame a second.
    static func flv(
        _ directory: TempDirectory, _ name: String, seconds: Int = 2, size: String = "160x120",
        hasSound: Bool = true
    ) async throws -> [FLVTag] {
        let sound = hasSound ? ["-f", "lavfi", "-i", "sine=sample_rate=44100", "-c:a", "aac"] : []
        try await ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25"] + sound
                + [
                    "-t", "\(seconds)", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g",
                    "25",
                ]
                + ["-pix_fmt", "yuv420p", "-f", "flv", directory.file(name)])
        var reader = FLVStreamReader()
        reader.append(ByteBuffer(bytes: contents(ofFile: directory.file(name)) ?? []))
        var tags: [FLVTag] = []
        while let item = try reader.next() { if case .tag(let tag) = item { tags.append(tag) } }
        return tags
    }

    static func bytes(_ tags: [FLVTag], hasAudio: Bool = true, hasVideo: Bool = true) throws -> [UInt8] {
        var out = FLVStreamWriter.header(hasAudio: hasAudio, hasVideo: hasVideo)
        for tag in tags { try FLVStreamWriter.write(tag, into: &out) }
        return Array(out.readableBytesView)
    }

    /// Replaces a file at once, so that a server never sees half of it.
    static func replace(_ path: String, _ text: String) throws {
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LabError("cannot write \(path)") }
        let bytes = Array(text.utf8)
        let count = write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard count == bytes.count, rename(path + ".new", path) == 0 else { throw LabError("cannot fill \(path)") }
    }
}

extension FLVTag {
    /// A decoder configuration of the legacy form.
    var isHeader: Bool {
        let bytes = Array(body.readableBytesView.prefix(2))
        guard kind != .script, bytes.count == 2 else { return false }
        return bytes[1] == 0 && (kind == .video ? bytes[0] & 0x0F == 7 : bytes[0] >> 4 == 10)
    }
}
