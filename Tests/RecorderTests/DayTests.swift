// Days of recording in a minute: real files and the real index, made-up packets and a made-up clock, over both changes
// of the clock. The recorder works in a process of its own, so that its memory is its own and `TZ` is what it reads.
import Glibc
import Model
import TestSupport
import Testing

@testable import Recorder

/// A recording of a picture and a sound a second, with a key frame each ten seconds.
private struct Day {
    let start: String
    let hours: Int
    let segment: Span
    var atClock = false
    var maxDisk: Int64?
    /// A minute without a connection.
    var gapAfter: Int?

    static let all: [String: Day] = [
        "spring": Day(start: "2026-03-28T12:00:00+01:00", hours: 25, segment: .seconds(3600), atClock: true),
        "autumn": Day(start: "2026-10-24T12:00:00+02:00", hours: 27, segment: .seconds(3600), atClock: true),
        "gap": Day(start: "2026-10-24T12:00:00+02:00", hours: 27, segment: .seconds(5400), gapAfter: 5 * 3600),
        "budget": Day(
            start: "2026-03-28T12:00:00+01:00", hours: 30, segment: .seconds(1800), maxDisk: 4_000_000),
    ]

    var seconds: [Int] {
        Array(0..<hours * 3600).filter { second in gapAfter.map { !($0..<$0 + 60).contains(second) } ?? true }
    }
}

@Suite struct DayTests {
    /// Central Europe by rule, so that no time zone database is needed.
    private static let zone = "CET-1CEST,M3.5.0,M10.5.0/3"

    private func run(_ name: String, in directory: TempDirectory) async throws -> [Int] {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, 4096)
        try #require(length > 0)
        let binary = String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let program = try Program(
            [binary, "--testing-library", "swift-testing", "--filter", "DayRecorder"],
            environment: [
                "TZ": Self.zone, "SLUICE_TEST_DAY": name, "SLUICE_TEST_DAY_DIRECTORY": directory.path,
            ])
        #expect(await program.wait(within: .seconds(240)) == .exited(0), "\(program.output.suffix(2000))")
        let report = String(decoding: contents(ofFile: directory.file("memory")) ?? [], as: UTF8.self)
        return report.split(separator: "\n").compactMap { Int($0) }
    }

    private func check(memory: [Int], hours: Int) throws {
        try #require(memory.count == hours)
        // The first hours fill the allocator's pools.
        let (early, late) = (memory[2..<6].max() ?? 0, memory.suffix(4).max() ?? 0)
        #expect(late - early < 4096, "kB by the hour: \(memory)")
    }

    /// Pictures and sounds in all files, as ffprobe counts them; and that each file is an ordinary one.
    private func packets(of entries: [RecordingEntry], in directory: String) async throws -> [Int] {
        var counts = [0, 0]
        for entry in entries {
            let path = directory + "/" + entry.file
            let program = try Program([
                "ffprobe", "-v", "quiet", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of",
                "csv=p=0",
                path,
            ])
            #expect(await program.wait(within: .seconds(60)) == .exited(0))
            let found = program.output.split(separator: "\n").compactMap { Int($0) }
            try #require(found.count == 2)
            counts = [counts[0] + found[0], counts[1] + found[1]]
            // In fragments it would be hundreds.
            let boxes = Self.boxes(contents(ofFile: path) ?? [])
            #expect(boxes.filter { $0 == "moov" || $0 == "mdat" || $0 == "moof" } == ["moov", "mdat"])
        }
        return counts
    }

    private static func boxes(_ bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var offset = 0
        while offset + 8 <= bytes.count {
            names.append(String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self))
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length >= 8 else { break }
            offset += length
        }
        return names
    }

    @Test(arguments: [
        ("spring", "03-28", "03-29", Array(12...23) + [0, 1] + Array(3...13)),
        ("autumn", "10-24", "10-25", Array(12...23) + [0, 1, 2] + Array(2...13)),
    ])
    func overTheChangeOfTheClock(name: String, first: String, second: String, hours: [Int]) async throws {
        let directory = try TempDirectory("day")
        let day = try #require(Day.all[name])
        try check(memory: try await run(name, in: directory), hours: day.hours)
        let entries = try RecordingCatalogue.list(directory: directory.path)
        #expect(entries.count == day.hours && hours.count == day.hours)
        for (index, entry) in entries.enumerated() {
            let (hour, next) = (hours[index], index + 1 < hours.count ? hours[index + 1] : 14)
            let (from, to) = (index < 12 ? first : second, index < 11 ? first : second)
            let name = "demo_2026-\(from)-\(digits(hour))-00-00_2026-\(to)-\(digits(next))-00-00.mp4"
            #expect(entry.file == name)
            #expect(entry.state == .complete && entry.number == index + 1 && entry.bytes > 0 && entry.gaps.isEmpty)
            #expect(entry.tracks.map(\.codec) == ["h264", "aac"])
            #expect(entry.duration.map { ($0 - .seconds(3600)).magnitude <= .seconds(2) } == true)
            #expect(entry.start.hour == hour && entry.end?.wall == entry.start.wall + .seconds(3600))
            if index > 0 { #expect(entries[index - 1].end == entry.start) }
        }
        // In autumn two files begin at 02:00; the index tells them apart.
        let offsets = Set(entries.map(\.start.utcOffset))
        #expect(offsets == [3600, 7200])
        let counts = try await packets(of: entries, in: directory.path)
        #expect(counts == [day.seconds.count, day.seconds.count])
    }

    @Test func aGapBeginsANewFileAndIsInTheIndex() async throws {
        let directory = try TempDirectory("day")
        let day = try #require(Day.all["gap"])
        try check(memory: try await run("gap", in: directory), hours: day.hours)
        let entries = try RecordingCatalogue.list(directory: directory.path, name: "demo")
        // Five hours are four files; the rest, less a minute, is fifteen.
        #expect(entries.count == 19)
        for (index, entry) in entries.enumerated() {
            let gaps = index == 3 ? [RecordingGap(after: entry.file, seconds: 60, reason: "connection_lost")] : []
            #expect(entry.gaps == gaps)
            guard index > 0, let end = entries[index - 1].end else { continue }
            #expect(entry.start.wall - end.wall == .seconds(index == 4 ? 60 : 0))
        }
        let counts = try await packets(of: entries, in: directory.path)
        #expect(counts == [day.seconds.count, day.seconds.count])
    }

    @Test func theNewestFilesWithinTheDisksShareAreKept() async throws {
        let directory = try TempDirectory("day")
        let day = try #require(Day.all["budget"])
        let limit = try #require(day.maxDisk)
        try check(memory: try await run("budget", in: directory), hours: day.hours)
        let entries = try RecordingCatalogue.list(directory: directory.path)
        let bytes = entries.reduce(0) { $0 + $1.bytes }
        #expect(bytes <= limit)
        // No more was removed than had to be.
        #expect(bytes + (entries.map(\.bytes).max() ?? 0) * 4 > limit)
        #expect(entries.allSatisfy { $0.state == .complete })
        #expect(entries.map(\.number) == Array(61 - entries.count...60))
        #expect(try RecordingIndex(directory: directory.path).read().deleted.count <= 60 - entries.count)
    }

    private func digits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

/// What the tests above run as a process of its own.
@Suite(.enabled(if: getenv("SLUICE_TEST_DAY") != nil)) struct DayRecorder {
    private struct Silent: Reporter {
        func report(_ event: Event) {}
        func log(_ level: LogLevel, _ message: @autoclosure () -> String) {}
    }

    /// 640x360, as x264 writes it.
    private static let configuration: [UInt8] = [
        0x01, 0x4d, 0x40, 0x1f, 0xff, 0xe1, 0x00, 0x17, 0x67, 0x4d, 0x40, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xec, 0x04,
        0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x83, 0xc6, 0x0c, 0xa8, 0x01, 0x00, 0x04, 0x68, 0xef,
        0x3c, 0x80,
    ]

    @Test func record() throws {
        let name = String(cString: try #require(getenv("SLUICE_TEST_DAY")))
        let directory = String(cString: try #require(getenv("SLUICE_TEST_DAY_DIRECTORY")))
        let day = try #require(Day.all[name])
        let begun = try #require(CivilTime(rfc3339: day.start)).wall
        let hostStart = HostTime(seconds: 1000)
        var settings = RecordSettings(source: try MediaAddress("rtmp://127.0.0.1/live/demo"))
        settings.output = .template(directory + "/")
        settings.segment = day.segment
        settings.atClock = day.atClock
        settings.maxDisk = day.maxDisk
        let recording = try Recording(
            settings, isLive: true, wall: { begun + ($0.arrival - hostStart) }, reporter: Silent())
        try recording.begin(tracks: [
            Track(
                id: 0, kind: .video, codec: .h264, configuration: Self.configuration,
                video: VideoParameters(width: 1280, height: 720)),
            Track(
                id: 1, kind: .audio, codec: .aac, configuration: [0x11, 0x90],
                audio: AudioParameters(sampleRate: 48000, channels: 2)),
        ])
        var memory = ""
        for second in day.seconds {
            if let gap = day.gapAfter, second == gap + 60 {
                try recording.interrupted(SluiceError(.connectionLost, "cannot play", why: "the server closed"))
                recording.resumed(gap: .seconds(60))
            }
            let time = MediaTime(seconds: Double(second))
            let isKey = second % 10 == 0
            let slice: [UInt8] =
                [0, 0, 0, 24, isKey ? 0x65 : 0x41] + (0..<23).map { UInt8((second + $0) % 251) + 1 }
            for (track, kind, data) in [(0, TrackKind.video, slice), (1, .audio, Array(slice.dropFirst(4)))] {
                try recording.write(
                    Packet(
                        track: track, kind: kind, pts: time, dts: time, duration: .seconds(1),
                        isKeyframe: kind == .audio || isKey, data: data,
                        arrival: hostStart + (time - .zero),
                        epoch: day.gapAfter.map { second > $0 ? 1 : 0 } ?? 0))
            }
            try recording.tick(now: hostStart + (time - .zero))
            if second % 3600 == 3599 { memory += "\(Self.residentKilobytes())\n" }
        }
        try recording.finish()
        let descriptor = open(directory + "/memory", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = memory.withCString { write(descriptor, $0, memory.utf8.count) }
        close(descriptor)
        #expect(recording.refusedPackets == 0 && recording.undecodablePackets == 0)
    }

    private static func residentKilobytes() -> Int {
        let fields = String(decoding: contents(ofFile: "/proc/self/statm") ?? [], as: UTF8.self).split(
            separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024
    }
}
