// What a recorder that is gone has left: cut off anywhere, closed half, or still somebody's.
import Glibc
import Media
import Model
import Recorder
import TestSupport
import Testing

@Suite struct RepairTests {
    /// A file as it is while it is written: everything flushed, nothing closed.
    private func open(_ format: RecordFormat, seconds: Int = 8) async throws -> (
        tape: Tape, bytes: [UInt8], name: String
    ) {
        let tape = try await Tape.both(seconds: seconds, gop: 25).live()
        let lab = try RecordingLab(segment: nil, isLive: true, format: format, wall: RecordingLab.simulated)
        try lab.feed(tape)
        try lab.recording.tick(now: HostTime(seconds: 1000 + Double(seconds) + 2))
        let name = try #require(RecordingLab.names(in: lab.directory.path).first)
        let bytes = try #require(contents(ofFile: lab.directory.file(name)))
        try lab.recording.finish()
        return (tape, bytes, name)
    }

    /// Whether `part` is the beginning of `whole`.
    private func isBeginning(_ part: [UInt64], of whole: [UInt64]) -> Bool {
        Array(whole.prefix(part.count)) == part
    }

    @Test(arguments: [RecordFormat.mp4, .mkv, .flv])
    func cutAnywhere(_ format: RecordFormat) async throws {
        let (tape, bytes, name) = try await open(format)
        // Nothing at all is missing where nothing is cut off.
        var cuts = [bytes.count]
        var random = Dice(11)
        for _ in 0..<(getenv("SLUICE_LONG") == nil ? 60 : 200) {
            cuts.append(Int.random(in: 0..<bytes.count, using: &random))
        }
        var last: (cut: Int, packets: Int) = (0, 0)
        for cut in cuts.sorted() {
            let place = try TempDirectory("repair")
            try place.write(Array(bytes[..<cut]), to: name)
            let result = try Repair.run(directory: place.path, zone: .utc, reporter: Report())
            #expect(result.error == nil)
            guard let file = result.files.first else {
                // Less than the header and the first second.
                #expect(cut < bytes.count / 4, "nothing left of \(cut) bytes")
                #expect(RecordingLab.names(in: place.path).isEmpty)
                continue
            }
            #expect(RecordingLab.names(in: place.path) == [String(file.path.split(separator: "/").last ?? "")])
            let back = try Tape.read(file.path)
            #expect(isBeginning(back.hashes(.video), of: tape.hashes(.video)), "cut at \(cut)")
            #expect(isBeginning(back.hashes(.audio), of: tape.hashes(.audio)), "cut at \(cut)")
            #expect(back.packets.count >= last.packets, "a longer file has less in it")
            // At most a fragment and what waits for the next one: 25 pictures and 47 frames of sound a second.
            let share = Double(tape.packets.count) * Double(cut) / Double(bytes.count)
            #expect(Double(back.packets.count) > share - 90, "cut at \(cut) of \(bytes.count)")
            if format == .mp4 { #expect(!boxes(file.path).contains("moof")) }
            last = (cut, back.packets.count)
        }
        #expect(last.packets == tape.packets.count)
    }

    @Test func theRepairedFileIsNamedAndIndexed() async throws {
        let (_, bytes, name) = try await open(.mp4)
        let place = try TempDirectory("repair")
        try place.write(bytes, to: name)
        let result = try Repair.run(directory: place.path, zone: .utc, reporter: Report())
        let file = try #require(result.files.first)
        #expect(name == "demo_2023-11-14-22-13-20.part.mp4")
        #expect(file.path.hasSuffix("/demo_2023-11-14-22-13-20_2023-11-14-22-13-28.mp4"))
        #expect(abs(file.duration.seconds - 8) < 0.1)
        let entry = try #require(try RecordingIndex(directory: place.path).read().entries.first)
        #expect(entry.state == .repaired)
        #expect(entry.recording == "demo")
        #expect(entry.tracks.map(\.codec) == ["h264", "aac"])
        #expect(try await complaints(file.path) == "")
        // A second repair finds nothing to do.
        #expect(try Repair.run(directory: place.path, zone: .utc, reporter: Report()).files.isEmpty)
    }

    @Test func whatSomebodyIsWritingIsLeftAlone() async throws {
        let tape = try await Tape.both(seconds: 4, gop: 25).live()
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(tape)
        let result = try Repair.run(directory: lab.directory.path, zone: .utc, reporter: Report())
        #expect(result.files.isEmpty)
        #expect(result.inUse.count == 1)
        try lab.recording.finish()
        #expect(try lab.files().first?.hashes(.video) == tape.hashes(.video))
    }

    @Test func aClosingThatWasKilledIsTakenUp() async throws {
        let (tape, bytes, name) = try await open(.mp4)
        // While copying.
        let copying = try TempDirectory("repair")
        try copying.write(bytes, to: name)
        try copying.write(Array(bytes.prefix(5000)), to: name + ".closing")
        // The ordinary file has the open name already.
        let renamed = try TempDirectory("repair")
        try renamed.write(bytes, to: name)
        let first = try #require(
            try Repair.run(directory: renamed.path, zone: .utc, reporter: Report()).files.first)
        #expect(rename(first.path, renamed.file(name)) == 0)
        // Both names on one file.
        let twice = try TempDirectory("repair")
        try twice.write(bytes, to: name)
        let second = try #require(try Repair.run(directory: twice.path, zone: .utc, reporter: Report()).files.first)
        #expect(link(second.path, twice.file(name)) == 0)
        for place in [copying, renamed, twice] {
            let result = try Repair.run(directory: place.path, zone: .utc, reporter: Report())
            let file = try #require(result.files.first)
            #expect(RecordingLab.names(in: place.path).count == 1)
            #expect(!boxes(file.path).contains("moof"))
            #expect(try Tape.read(file.path).hashes(.video) == tape.hashes(.video))
        }
    }

    /// What a killed `--repair` leaves beside a file that was closed in fragments.
    @Test(arguments: [false, true]) func aRewritingThatWasKilledLeavesNothing(rewrites: Bool) async throws {
        let (tape, bytes, _) = try await open(.mp4)
        let place = try TempDirectory("rewriting")
        let stem = { $0 + "_2026-01-01-00-00-00_2026-01-01-00-00-08.mp4" }
        try place.write(bytes, to: stem("cam"))
        try place.write(bytes, to: stem("held"))
        try place.write("a list", to: "notes.txt.closing")
        for name in ["cam", "held", "gone"] {
            try place.write(Array(bytes.prefix(5000)), to: stem(name) + ".closing")
        }
        let held = try #require(OpenFile.claim(stem("held"), in: place.path))
        let run = {
            try Repair.run(directory: place.path, rewritesClosed: rewrites, zone: .utc, reporter: Report())
        }
        #expect(try run().error == nil)
        var names = [stem("cam"), stem("held"), stem("held") + ".closing", "notes.txt.closing"]
        #expect(RecordingLab.names(in: place.path) == names)
        #expect(boxes(place.file(stem("cam"))).contains("moof") != rewrites)
        #expect(try Tape.read(place.file(stem("cam"))).hashes(.video) == tape.hashes(.video))
        held.release()
        #expect(try run().error == nil)
        names.remove(at: 2)
        #expect(RecordingLab.names(in: place.path) == names)
    }

    @Test func garbageUnderAnOpenNameIsRemoved() throws {
        let place = try TempDirectory("repair")
        for name in ["a.part.mp4", "b.part.mkv", "c.part.ts", "d.part.flv"] {
            try place.write([UInt8](repeating: 0, count: 4000), to: name)
        }
        try place.write([], to: "e.part.mp4")
        try place.write("not ours", to: "notes.txt")
        let result = try Repair.run(directory: place.path, zone: .utc, reporter: Report())
        #expect(result.removed.count == 5)
        #expect(RecordingLab.names(in: place.path) == ["notes.txt"])
    }

    @Test func aTransportStreamIsCutToWholePackets() async throws {
        let (tape, bytes, name) = try await open(.ts)
        let place = try TempDirectory("repair")
        try place.write(Array(bytes.dropLast(100)), to: name)
        let file = try #require(try Repair.run(directory: place.path, zone: .utc, reporter: Report()).files.first)
        #expect(file.bytes % 188 == 0)
        #expect(abs(try Tape.read(file.path).packets.count - tape.packets.count) <= 2)
    }

    @Test func noSuchDirectory() {
        let error = failure { _ = try Repair.run(directory: "/nowhere/at/all", zone: .utc, reporter: Report()) }
        #expect(error?.reason == .noInput)
    }
}
