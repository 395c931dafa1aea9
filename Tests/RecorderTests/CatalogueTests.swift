// What a directory of recordings is said to hold, in every state a crash can leave it in.
import Glibc
import Model
import TestSupport
import Testing

@testable import Recorder

@Suite struct CatalogueTests {
    private let directory: TempDirectory
    private let index: RecordingIndex
    private let zone = FileNamingTests.summer
    init() throws {
        directory = try TempDirectory("catalogue")
        index = RecordingIndex(directory: directory.path)
    }

    private func list(_ name: String? = nil) throws -> [RecordingEntry] {
        try RecordingCatalogue.list(directory: directory.path, name: name, zone: zone)
    }

    @Test func whatTheIndexAndTheDirectorySay() throws {
        let (kept, missing) = (indexEntry(1), indexEntry(2))
        try index.put(kept)
        try index.put(missing)
        try directory.write([UInt8](repeating: 0, count: 4321), to: kept.file)
        let live = try OpenFile.create(in: directory.path, pattern: indexEntry(3).pattern)
        try index.put(indexEntry(3, state: .open))
        try index.put(indexEntry(4, state: .open))
        try directory.write([1, 2], to: indexEntry(4, state: .open).file)
        try directory.write("x", to: indexEntry(5).file)
        try directory.write("x", to: indexEntry(6, recording: "other", state: .open).file)
        try directory.write("x", to: "holiday.mp4")
        try directory.write("x", to: "demo_2026-03-29-03-00-00_2026-03-29-04-00-00.txt")
        let entries = try list()
        #expect(entries.map(\.state) == [.complete, .lost, .open, .interrupted, .unindexed, .interrupted])
        #expect(entries.map(\.bytes) == [4321, 1000, 0, 2, 1, 1])
        #expect(entries[2].file == live.file)
        #expect(entries[4].duration == .seconds(5400))
        #expect(entries[4].start == indexEntry(5).start)
        #expect(entries[5].recording == "other")
        #expect(try list("other").count == 1)
        #expect(try list("t1").count == 4)
        #expect(try list("nothing").isEmpty)
    }

    /// The recorder died, or is just, between a file's new name and its line in the index.
    @Test(arguments: ["demo_2026-03-29-03-00-00_{end}.mp4", "cam.mp4", "cam"])
    func aFileThatWasClosedUnnoticed(pattern: String) throws {
        var entry = indexEntry(0, state: .open)
        let open = try OpenFile.create(in: directory.path, pattern: pattern)
        (entry.file, entry.pattern) = (open.file, pattern)
        try index.put(entry)
        let end = zone.civil(WallTime(seconds: 1_774_746_900))
        let name = try open.publish(pattern: pattern, end: end)
        let found = try list()
        #expect(found.map(\.file) == [name])
        #expect(found.first?.state == .complete)
        if pattern.contains("{end}") { #expect(found.first?.end == end) }
        // Between the two names there is one file, and one line for it.
        #expect(link(directory.file(name), directory.file(open.file)) == 0)
        #expect(try list().map(\.file) == [name])
    }

    /// A file that the index knows as another's is not taken for one that is missing.
    @Test func aFileIsOneEntrys() throws {
        var first = indexEntry(1, state: .open)
        (first.file, first.pattern) = ("cam.part.mp4", "cam.mp4")
        var second = indexEntry(2)
        (second.file, second.pattern) = ("cam.mp4", "cam.mp4")
        try index.put(first)
        try index.put(second)
        try directory.write("x", to: "cam.mp4")
        #expect(try list().map(\.state) == [.lost, .complete])
    }

    @Test func withoutAnIndex() throws {
        try directory.write("x", to: "a_b_2026-10-25-02-30-00_2026-10-25-02-15-00-2.mkv")
        let entries = try list()
        #expect(entries.map(\.recording) == ["a_b"])
        // The end lies in the hour that comes twice: it is not before the start.
        #expect(entries.first?.duration == .zero)
        let error = #expect(throws: SluiceError.self) {
            try RecordingCatalogue.list(directory: directory.file("nowhere"), name: nil)
        }
        #expect(error?.reason == .noInput)
        let empty = try TempDirectory("empty")
        #expect(try RecordingCatalogue.list(directory: empty.path).isEmpty)
    }

    @Test func theTableForPeople() throws {
        var first = indexEntry(1, bytes: 1_234_567_890)
        first.gaps = [RecordingGap(after: first.file, seconds: 12.5, reason: "connection_lost")]
        var track = RecordedTrack(kind: .audio, codec: "aac")
        track.sampleRate = 44100
        first.tracks.append(track)
        var second = indexEntry(2, bytes: 5)
        second.file = "evil\u{1B}[2J.mp4"
        second.state = .lost
        let lines = CatalogueReport.lines([first, second], now: WallTime(seconds: 1_774_800_000))
        #expect(
            lines == [
                "START                END                  DURATION     SIZE  STATE     TRACKS              FILE",
                "2026-03-29 04:30:00  2026-03-29 06:00:00   1:30:00  1.23 GB  complete  h264, aac 44.1 kHz  "
                    + "demo_2026-03-29-04-30-00_2026-03-29-06-00-00.mp4",
                "  gap of 12.5 s (connection_lost)",
                "2026-03-29 06:00:00  2026-03-29 07:30:00   1:30:00  5 bytes  lost      h264                evil?[2J.mp4",
                "1 file, 1:30:00, 1.23 GB, 1 lost",
            ])
        #expect(CatalogueReport.lines([]) == ["no recordings"])
    }

    @Test func theResultForPrograms() throws {
        var entry = indexEntry(1)
        entry.gaps = [RecordingGap(after: "old name", seconds: 2, reason: "timeout")]
        let event = CatalogueReport.event([entry], directory: "rec")
        #expect(event.name == "result")
        let value = JSONValue.object(event.fields)
        let file = try #require(value["files"]?.array?.first)
        #expect(file["path"]?.string == "rec/" + entry.file)
        #expect(file["start"]?.string == "2026-03-29T04:30:00.000+02:00")
        #expect(file["complete"]?.bool == true)
        #expect(file["duration_s"]?.int == 5400)
        #expect(value["gaps"]?.array?.first?["after"]?.string == "rec/" + entry.file)
        #expect(CatalogueReport.path("x", in: ".") == "x")
        #expect(CatalogueReport.path("x", in: "/") == "/x")
    }
}
