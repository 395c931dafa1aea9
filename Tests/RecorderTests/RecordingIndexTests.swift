// The index of a directory: read back, torn at every byte, written by many at once, kept small.
import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Recorder

func indexEntry(
    _ number: Int, task: String = "t1", recording: String = "demo", state: RecordingEntry.State = .complete,
    bytes: Int64 = 1000, at start: Double = 1_774_746_000
) -> RecordingEntry {
    let zone = FileNamingTests.summer
    let (from, to) = (
        WallTime(seconds: start + Double(number) * 5400), WallTime(seconds: start + Double(number + 1) * 5400)
    )
    let (first, last) = (zone.civil(from), zone.civil(to))
    let open = state == .open
    return RecordingEntry(
        recording: recording, task: task, number: number,
        file: "\(recording)_\(first.stamp)" + (open ? ".part.mp4" : "_\(last.stamp).mp4"),
        pattern: "\(recording)_\(first.stamp)_{end}.mp4", start: first, end: open ? nil : last,
        duration: open ? nil : .seconds(5400), bytes: bytes, tracks: [RecordedTrack(kind: .video, codec: "h264")],
        state: state)
}

@Suite struct RecordingIndexTests {
    private let directory: TempDirectory
    private let index: RecordingIndex
    init() throws {
        directory = try TempDirectory("index")
        index = RecordingIndex(directory: directory.path)
    }

    @Test func anEntryIsReadBackWhole() throws {
        var entry = indexEntry(1)
        entry.recording = "naïve \"name\"\n\u{7F}"
        entry.gaps = [RecordingGap(after: "x.mp4", seconds: 12.345, reason: "connection_lost")]
        var video = RecordedTrack(kind: .video, codec: "hevc")
        (video.width, video.height, video.fps) = (1280, 720, 29.97)
        var audio = RecordedTrack(kind: .audio, codec: "aac")
        (audio.sampleRate, audio.channels) = (48000, 2)
        entry.tracks = [video, audio]
        entry.bytes = 5_000_000_000
        #expect(try index.read() == RecordingIndex.Contents())
        try index.put(entry)
        #expect(try index.read().entries == [entry])
    }

    @Test func theLastLineAboutAFileHolds() throws {
        try index.put(indexEntry(1, state: .open))
        try index.put(indexEntry(2, state: .open))
        try index.put(indexEntry(1, bytes: 77))
        var entries = try index.read().entries
        #expect(entries.map(\.state) == [.complete, .open])
        #expect(entries[0].bytes == 77)
        try index.noteDeleted(indexEntry(1), at: indexEntry(5).start, reason: "max_disk")
        entries = try index.read().entries
        #expect(entries.map(\.number) == [2])
        #expect(try index.read().deleted.map(\.number) == [1])
    }

    /// A clock that is set back while a recorder works does not turn the order of its files.
    @Test func orderSurvivesTheClock() throws {
        try index.put(indexEntry(1, at: 1_774_746_000))
        try index.put(indexEntry(2, at: 1_774_700_000))
        try index.put(indexEntry(3, at: 1_774_746_000))
        try index.put(indexEntry(1, task: "t0", at: 1_774_600_000))
        #expect(try index.read().entries.map { "\($0.task).\($0.number)" } == ["t0.1", "t1.1", "t1.2", "t1.3"])
    }

    /// Whatever byte a crash cut the file at, the lines before are read and the next one is whole.
    @Test func tornAtEveryByte() throws {
        try index.put(indexEntry(1))
        try index.put(indexEntry(2))
        let whole = try #require(contents(ofFile: index.path))
        let firstLine = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
        for length in 0...whole.count {
            try directory.write(Array(whole[..<length]), to: RecordingIndex.fileName)
            let before = try index.read().entries.map(\.number)
            // A line without its newline is already whole.
            let expected = (length >= firstLine - 1 ? [1] : []) + (length >= whole.count - 1 ? [2] : [])
            #expect(before == expected, "cut at \(length)")
            try index.put(indexEntry(3))
            #expect(try index.read().entries.map(\.number) == expected + [3], "cut at \(length)")
        }
    }

    /// After a power cut a file may end in zeros, or in anything.
    @Test func rubbish() throws {
        try index.put(indexEntry(1))
        let whole = try #require(contents(ofFile: index.path))
        let lines: [[UInt8]] = [
            Array(repeating: 0, count: 4096), [0xFF, 0xFE, 0x0A], Array("{}\n[]\nnull\n{\"op\":\"file\"}\n".utf8),
            Array("{\"op\":\"later\",\"x\":1}".utf8), whole.reversed(),
        ]
        for rubbish in lines {
            try directory.write(whole + rubbish, to: RecordingIndex.fileName)
            try index.put(indexEntry(2))
            #expect(try index.read().entries.map(\.number) == [1, 2])
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var broken = whole + whole
            for _ in 0..<3 {
                broken[Int.random(in: 0..<broken.count, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            _ = RecordingIndex.contents(broken)
        }
    }

    /// The index cannot be made to name files elsewhere.
    @Test(arguments: ["../x.mp4", "/etc/passwd", "..", ".", "", "a/b.mp4"])
    func noWayOut(file: String) throws {
        var entry = indexEntry(1)
        entry.file = file
        try index.put(entry)
        #expect(try index.read().entries.isEmpty)
        (entry.file, entry.pattern) = ("x.mp4", file)
        try index.put(entry)
        #expect(try index.read().entries.isEmpty)
    }

    @Test func manyWritersAtOnce() throws {
        let failures = Mutex<[String]>([])
        let index = index
        let threads = (0..<6).map { worker in
            NamedThread("indexer-\(worker)") {
                for number in 1...40 {
                    do {
                        try index.put(indexEntry(number, task: "t\(worker)", state: .open))
                        try index.put(indexEntry(number, task: "t\(worker)", bytes: Int64(number)))
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        let entries = try index.read().entries
        #expect(entries.count == 240)
        #expect(entries.allSatisfy { $0.state == .complete && $0.bytes == Int64($0.number) })
        // 480 lines of 300 bytes: it was rewritten on the way, under everybody's hands.
        #expect(try #require(contents(ofFile: index.path)).count < 480 * 300)
    }

    /// Another process that keeps to the same lock, which is what a recorder of another version does.
    @Test func twoProcesses() async throws {
        let line = IndexLine.file(indexEntry(1, task: "other")).text
        try directory.write(line, to: "line")
        let program = try Program(
            [
                "python3",
                "-c",
                """
                import fcntl, os, sys
                path, line = sys.argv[1], open(sys.argv[2], 'rb').read()
                print('ready', flush=True)
                for n in range(400):
                    while True:
                        f = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
                        fcntl.flock(f, fcntl.LOCK_EX)
                        if os.path.exists(path) and os.fstat(f).st_ino == os.stat(path).st_ino: break
                        os.close(f)
                    os.write(f, line.replace(b'"number":1,', b'"number":%d,' % (n + 1)))
                    os.close(f)
                """, index.path, directory.file("line"),
            ])
        #expect(await program.says("ready", within: .seconds(20)))
        for number in 1...300 { try index.put(indexEntry(number % 40, task: "ours")) }
        #expect(await program.wait(within: .seconds(30)) == .exited(0))
        let entries = try index.read().entries
        #expect(entries.filter { $0.task == "other" }.count == 400)
        #expect(entries.filter { $0.task == "ours" }.count == 40)
    }

    @Test func aLockThatIsNeverGivenUpIsAnErrorSoon() throws {
        try index.put(indexEntry(1))
        let descriptor = open(index.path, O_RDWR)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let begun = HostTime.now()
        let error = #expect(throws: SluiceError.self) { try index.put(indexEntry(2)) }
        #expect(error?.reason == .timeout)
        #expect(HostTime.now() - begun < .seconds(15))
        #expect(try index.read().entries.count == 1)
    }

    /// Days of short files with the old ones removed: the index holds what is there, not what was.
    @Test func itStaysSmall() throws {
        var largest = 0
        for number in 1...400 {
            try index.put(indexEntry(number, state: .open))
            try index.put(indexEntry(number))
            if number > 20 {
                try index.noteDeleted(indexEntry(number - 20), at: indexEntry(number).start, reason: "max_disk")
            }
            largest = max(largest, try size())
        }
        #expect(try index.read().entries.map(\.number) == Array(381...400))
        #expect(largest < 3 * Int(RecordingIndex.compactionSize))
        // What a later version has written is kept.
        let descriptor = open(index.path, O_WRONLY | O_APPEND)
        let line = "{\"op\":\"later\",\"x\":1}\n"
        #expect(line.withCString { write(descriptor, $0, line.utf8.count) } == line.utf8.count)
        close(descriptor)
        for number in 1...600 { try index.put(indexEntry(number % 3, task: "t2")) }
        #expect(try index.read().others == ["{\"op\":\"later\",\"x\":1}"])
        #expect(try size() < 3 * Int(RecordingIndex.compactionSize))
    }

    private func size() throws -> Int {
        var status = stat()
        try #require(stat(index.path, &status) == 0)
        return Int(status.st_size)
    }

    /// A full disk leaves the index as it was, and says so.
    @Test func aFullDisk() throws {
        let full = try TempDirectory("full")
        try #require(symlink("/dev/full", full.file(RecordingIndex.fileName)) == 0)
        let error = #expect(throws: SluiceError.self) {
            try RecordingIndex(directory: full.path).put(indexEntry(1))
        }
        #expect(error?.reason == .noSpace)
    }

    @Test func aDirectoryThatIsNotThere() {
        let error = #expect(throws: SluiceError.self) {
            try RecordingIndex(directory: directory.file("nowhere")).read()
        }
        #expect(error?.reason == .noInput)
        #expect(error?.why == "no such file or directory")
    }
}
