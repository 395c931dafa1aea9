// A directory of recordings: names, its index, its limits, and several recorders that share it.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordShelfTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("shelf") }

    private func record(_ words: [String], within limit: Span = .seconds(40)) async throws -> SluiceRun {
        try await SluiceBinary.run(["record"] + words + ["--json"], directory: directory, within: limit)
    }

    /// `--list`'s files, in order.
    private func list(_ words: [String] = []) async throws -> [JSONReader.Value] {
        let run = try await record(["--list", directory.path] + words)
        #expect(run.status == 0, "\(run.errors)")
        return run.result?["files"]?.array ?? []
    }

    private func bytes(_ names: [String]) -> Int {
        names.reduce(0) { $0 + (contents(ofFile: directory.file($1))?.count ?? 0) }
    }

    @Test func list_tellsTheFilesInOrder() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let run = try await record([server.url("cam"), "--segment", "10s", "--reconnect", "off"])
        #expect(run.status == 0, "\(run.errors)")
        _ = try await record([server.url("other"), "--segment", "off", "--reconnect", "off"])
        let files = try await list(["cam"])
        #expect(files.count == 6)
        let paths = files.compactMap { $0["path"]?.string?.split(separator: "/").last.map(String.init) }
        #expect(paths == run.result?["files"]?.array?.compactMap { $0["path"]?.string })
        #expect(files.allSatisfy { $0["state"]?.string == "complete" })
        for (file, name) in zip(files, paths) {
            #expect(abs((file["duration_s"]?.number ?? 0) - 10) < 0.2)
            #expect(file["bytes"]?.int == bytes([name]))
            #expect(file["tracks"]?.array?.count == 2)
        }
        #expect(try await list().count == 7, "all of them without a name")
        let plain = try await SluiceBinary.run(["record", "--list", directory.path], directory: directory)
        #expect(plain.status == 0)
        #expect(paths.allSatisfy { plain.text.contains($0) })
    }

    @Test func nextRecording_closesWhatACrashHasLeft() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let first = try RunningSluice.recording([server.url("cam"), "-q"], in: directory)
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > 150 })
        let received = server.taken("cam")
        await watch(for: .seconds(1))
        first.program.kill()
        _ = await first.program.wait(within: .seconds(5))
        #expect(RecordShelf.names(in: directory.path).contains { $0.hasSuffix(".part.mp4") })
        #expect(try await list().map { $0["state"]?.string } == ["interrupted"])
        let second = try RunningSluice.recording([server.url("cam"), "--json"], in: directory)
        #expect(
            await eventually(within: .seconds(20)) {
                let links = server.taken("cam")
                return links.count > 1 && (links.last?.count ?? 0) > 60
            })
        let more = server.taken("cam").last
        await watch(for: .milliseconds(300))
        _ = await second.interrupt()
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: received + [try #require(more)]) == [])
        #expect(shelf.unfinished() == [])
        #expect(try await list().map { $0["state"]?.string } == ["repaired", "complete"])
    }

    @Test func maxDisk_removesTheOldestFinishedFiles() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        // The tape has twice as much.
        let limit = 1_000_000
        let server = try RecordTapeServer(tape, .init(speed: 20))
        let run = try await record([
            server.url("cam"), "--segment", "3s", "--reconnect", "off", "--max-disk", "\(limit)",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let names = RecordShelf.names(in: directory.path)
        #expect(bytes(names) <= limit)
        #expect(names.count >= 2)
        #expect(run.result?["files"]?.array?.isEmpty == false)
        // What is left is the end of the tape, without a hole.
        let shelf = try await RecordShelf(directory.path, tape)
        let kept = shelf.files.flatMap(\.packets).filter(\.isVideo).map(\.hash)
        let sent = tape.tags.map(\.packet).filter(\.isVideo).map(\.hash)
        #expect(Array(sent.suffix(kept.count)) == kept)
        #expect(kept.count < sent.count)
    }

    @Test func twoRecorders_inOneDirectory_stayApart() async throws {
        let tape = try await RecordTapes.shared.tape(.pictureOnly)
        let server = try RecordTapeServer(tape, .init(speed: 5))
        // The same name at the same moment: neither may write into the other's file or close it.
        let recorders = try (0..<2).map { _ in
            try RunningSluice.recording(
                [server.url("cam"), "--segment", "5s", "--reconnect", "off", "--json"], in: directory)
        }
        var hashes: [[String]] = []
        var paths: [String] = []
        for recorder in recorders {
            let run = await recorder.finish(within: .seconds(30))
            #expect(run.status == 0, "\(run.errors)")
            let files = (run.result?["files"]?.array ?? []).compactMap { $0["path"]?.string }
            paths += files
            hashes.append(try await Packets.of(files.map { directory.file($0) }, in: directory).map(\.hash))
        }
        #expect(Set(paths).count == paths.count)
        #expect(paths.sorted() == RecordShelf.names(in: directory.path))
        // Whoever came later begins at a later key frame, one in 0.2 s, and loses nothing from there on.
        let sent = tape.tags.map(\.packet.hash)
        for kept in hashes {
            #expect(kept == Array(sent.suffix(kept.count)))
            #expect((sent.count - kept.count).isMultiple(of: 25) && kept.count > sent.count / 2)
        }
        let listed = try await list().compactMap { $0["path"]?.string?.split(separator: "/").last.map(String.init) }
        #expect(listed.sorted() == paths.sorted())
    }

    @Test func namesThatMeet_getANumber() async throws {
        let tape = try await RecordTapes.shared.tape(.pictureOnly)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        for _ in 0..<2 {
            let run = try await record([
                server.url("cam"), "-o", "kept/{name}.mp4", "--segment", "5s", "--reconnect", "off",
            ])
            #expect(run.status == 0, "\(run.errors)")
        }
        let names = RecordShelf.names(in: directory.file("kept"))
        #expect(Set(names) == Set(["cam.mp4"] + (2...8).map { "cam-\($0).mp4" }))
        var count = 0
        for name in names { count += try await Clips.packetCount(directory.file("kept/" + name), "video") }
        #expect(count == 2 * tape.tags.count)
    }

    @Test func defaultNames_tellStreamStartAndEnd() async throws {
        let tape = try await RecordTapes.shared.tape(.pictureOnly)
        let server = try RecordTapeServer(tape, .init(speed: 10))
        let run = try await SluiceBinary.run(
            ["record", server.url("my cam"), "--reconnect", "off", "--json"].map { $0.replacing(" ", with: "%20") },
            environment: ["TZ": "UTC-05:30"], directory: directory)
        #expect(run.status == 0, "\(run.errors)")
        let name = try #require(RecordShelf.names(in: directory.path).first)
        let form = /(.+)_(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)_(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)\.mp4/
        let parts = try #require(try form.wholeMatch(in: name), "\(name)")
        #expect(parts.2 <= parts.3)
        // Local time in the name; the index knows its distance from UTC.
        let start = try #require(run.result?["files"]?.array?.first?["start"]?.string)
        #expect(start.hasSuffix("+05:30"), "\(start)")
        #expect(start.prefix(19).replacing("T", with: "-").replacing(":", with: "-") == String(parts.2))
    }

    @Test func atClock_cutsAtTheClocksMultiples() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape)
        let recorder = try RunningSluice.recording(
            [server.url("cam"), "--segment", "2s", "--at-clock", "--json"], in: directory)
        #expect(await eventually(within: .seconds(30)) { (server.taken("cam").last?.count ?? 0) > 68 * 7 })
        let received = server.taken("cam")
        await watch(for: .milliseconds(300))
        let run = await recorder.interrupt()
        let files = run.result?["files"]?.array ?? []
        #expect(files.count >= 4)
        for file in files.dropFirst() {
            let text = try #require(file["start"]?.string)
            let digits = text.split { !$0.isNumber && $0 != "." }
            let seconds = try #require(Double(digits[5]))
            // At the first key frame after an even second; there is one a second.
            let past = seconds.truncatingRemainder(dividingBy: 2)
            #expect(past < 1.2, "\(text)")
        }
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: received) == [])
    }

    @Test func play_keepsThePackets() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let play = try SluiceBinary.start(
            [
                "play", "--nobuffer", server.url("cam"), "--record", "kept.mp4", "--vo", "null", "--ao", "null",
                "--json",
            ],
            directory: directory)
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > 200 })
        let received = server.taken("cam")
        await watch(for: .milliseconds(300))
        let run = await play.interrupt()
        #expect(run.exit == .signalled(SIGINT), "\(run.errors)")
        #expect((run.result?["shown_frames"]?.int ?? 0) > 0)
        #expect(RecordShelf.names(in: directory.path) == ["kept.mp4"])
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: received) == [])
        #expect(shelf.unfinished() == [])
    }
}
