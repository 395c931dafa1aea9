// Streams, recordings of them and what is in their files, for the tests of the recorder.
import Glibc
import Media
import Model
import Recorder
import Synchronization
import TestSupport
import Testing

/// Collects what a recorder reports.
final class Report: Reporter {
    private let seen = Mutex<(events: [Event], lines: [String])>(([], []))
    func report(_ event: Event) { seen.withLock { $0.events.append(event) } }
    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        let text = message()
        seen.withLock { $0.lines.append(text) }
    }
    var events: [Event] { seen.withLock(\.events) }
    var lines: [String] { seen.withLock(\.lines) }
}

/// What a source would give: tracks and packets in the order of arrival.
struct Tape: Sendable {
    var tracks: [Track]
    var packets: [Packet]

    /// Made by ffmpeg from `words`, which come before the output's path.
    static func made(_ words: String, as suffix: String = "mp4", isLive: Bool = false) async throws -> Tape {
        let directory = try TempDirectory("tape")
        let path = directory.file("tape." + suffix)
        let program = try Program(
            ["ffmpeg", "-nostdin", "-v", "error", "-y"] + words.split(separator: " ").map(String.init) + [path])
        guard await program.wait(within: .seconds(120)) == .exited(0) else { throw LabError(program.errors) }
        return try read(path, isLive: isLive)
    }

    /// Picture with B-frames, a key frame every `gop` pictures of 40 ms, and sound.
    static func both(seconds: Int, gop: Int = 5, isLive: Bool = false, suffix: String = "mp4") async throws -> Tape
    {
        try await made(
            "-f lavfi -i testsrc2=s=96x64:r=25:d=\(seconds) -f lavfi -i sine=r=48000:d=\(seconds) "
                + "-c:v libx264 -preset ultrafast -bf 2 -g \(gop) -keyint_min \(gop) -sc_threshold 0 "
                + "-c:a aac -b:a 32k", as: suffix, isLive: isLive)
    }

    static func read(_ path: String, isLive: Bool = false) throws -> Tape {
        var options = Demuxer.Options()
        options.isLive = isLive
        let demuxer = try Demuxer(.address(try MediaAddress("file://" + path)), options: options)
        var tape = Tape(tracks: demuxer.tracks, packets: [])
        while true {
            switch try demuxer.read() {
            case .packet(let packet): tape.packets.append(packet)
            case .tracksChanged(let tracks): tape.tracks = tracks
            case .endOfInput: return tape
            }
        }
    }

    func track(_ kind: TrackKind) -> Int? { tracks.first { $0.kind == kind }?.id }

    func only(_ kind: TrackKind) -> Tape {
        Tape(tracks: tracks.filter { $0.kind == kind }, packets: packets.filter { $0.kind == kind })
    }

    /// As a live stream brings it: arrival follows decoding, `lead` moves the sound's arrival ahead of the pictures'.
    func live(lead: Span = .zero, from start: HostTime = HostTime(seconds: 1000)) -> Tape {
        var copy = self
        let first = packets.compactMap(\.orderTime).min() ?? .zero
        for index in copy.packets.indices {
            let order = copy.packets[index].orderTime ?? .zero
            copy.packets[index].arrival =
                start + (order - first) - (copy.packets[index].kind == .audio ? lead : .zero)
        }
        copy.packets.sort { $0.arrival < $1.arrival }
        return copy
    }

    /// Moved in time, in another epoch.
    func moved(by span: Span, epoch: Int = 0) -> Tape {
        var copy = self
        for index in copy.packets.indices {
            copy.packets[index].pts = copy.packets[index].pts.map { $0 + span }
            copy.packets[index].dts = copy.packets[index].dts.map { $0 + span }
            copy.packets[index].arrival += span
            copy.packets[index].epoch = epoch
        }
        return copy
    }

    func hashes(_ kind: TrackKind) -> [UInt64] { packets.filter { $0.kind == kind }.map { Self.hash($0.data) } }

    static func hash(_ data: [UInt8]) -> UInt64 {
        data.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

/// One recording in a directory of its own.
final class RecordingLab {
    let directory: TempDirectory
    let report = Report()
    let recording: Recording
    private var lastTick: HostTime?

    init(
        segment: Span?, isLive: Bool = false, format: RecordFormat = .mp4, template: String? = nil,
        in place: TempDirectory? = nil, wall: (@Sendable (Packet) -> WallTime)? = nil,
        _ change: (inout RecordSettings) -> Void = { _ in }
    ) throws {
        directory = try place ?? TempDirectory("record")
        var settings = RecordSettings(source: try MediaAddress("rtmp://127.0.0.1/live/demo"))
        settings.output = .template(template ?? directory.path + "/")
        settings.format = format
        settings.segment = segment
        change(&settings)
        recording = try Recording(settings, isLive: isLive, zone: .utc, wall: wall, reporter: report)
    }

    /// The wall clock of a recording in simulated time: that of arrival.
    static let simulated: @Sendable (Packet) -> WallTime = {
        WallTime(seconds: 1_700_000_000) + ($0.arrival - HostTime(seconds: 1000))
    }

    func feed(_ tape: Tape, announce: Bool = true) throws {
        if announce { try recording.begin(tracks: tape.tracks) }
        for packet in tape.packets { try recording.write(packet) }
    }

    /// The files in order, each read back.
    func files() throws -> [Tape] { try recording.files.map { try Tape.read($0.path) } }

    static func names(in directory: String) -> [String] {
        fileNames(in: directory).filter { !$0.hasPrefix(".") }
    }
}

/// Errors that ffmpeg finds when it decodes the whole file, or nothing.
func complaints(_ path: String) async throws -> String {
    let program = try Program(["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"])
    let exit = await program.wait(within: .seconds(60))
    return exit == .exited(0) ? program.errors : "\(String(describing: exit)) \(program.errors)"
}

/// Names of the boxes at the top of an MP4 file.
func boxes(_ path: String) -> [String] {
    let bytes = contents(ofFile: path) ?? []
    var names: [String] = []
    var offset = 0
    while offset + 8 <= bytes.count {
        let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        names.append(String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self))
        guard length >= 8 else { break }
        offset += length
    }
    return names
}

func failure(_ body: () throws -> Void) -> SluiceError? {
    do {
        try body()
        return nil
    } catch {
        return error as? SluiceError
    }
}

/// The same numbers on every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
