import Model
import TestSupport
import Testing

// Everything that can be wrong with an input or a target gives the status and the reason of the manual, one clear
// line, and an end in time.
#if canImport(Glibc)
    import Glibc
#endif

/// What an error must look like from outside.
func expectError(
    _ run: SluiceRun, _ status: Int32, _ reasons: Set<String>, within limit: Span,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let words = Comment(
        rawValue: "exit \(String(describing: run.exit)) after \(run.took.seconds) s\n\(run.errors)\(run.text)")
    #expect(run.status == status, words, sourceLocation: sourceLocation)
    #expect(run.took < limit, words, sourceLocation: sourceLocation)
    // One line, and at most one hint after it.
    let lines = run.errors.split(separator: "\n")
    #expect(run.errorLines.count == 1, words, sourceLocation: sourceLocation)
    #expect(
        lines.allSatisfy { $0.hasPrefix("sluice:") || $0.hasPrefix("hint:") }, words, sourceLocation: sourceLocation
    )
    #expect(lines.count <= 2, words, sourceLocation: sourceLocation)
    let line = run.errorLines.first ?? ""
    #expect(line.split(separator: ":").count >= 3, words, sourceLocation: sourceLocation)
    // Nobody is to see errno's texts for what has a name.
    for useless in ["Input/output error", "Invalid data found", "Operation not permitted", "Unknown error"] {
        #expect(!run.errors.contains(useless), words, sourceLocation: sourceLocation)
    }
    let event = run.error
    #expect(event?["exit"]?.int == Int(status), words, sourceLocation: sourceLocation)
    #expect(reasons.contains(event?["reason"]?.string ?? ""), words, sourceLocation: sourceLocation)
    let message = event?["message"]?.string ?? ""
    #expect(message != "", words, sourceLocation: sourceLocation)
    #expect(run.events.last?["event"]?.string == "result", words, sourceLocation: sourceLocation)
    // A probe has a verdict instead: none.
    let end =
        run.result?["verdict"] == nil ? run.result?["ended_by"]?.string == "error" : run.result?["verdict"] == .null
    #expect(end, words, sourceLocation: sourceLocation)
}

/// The same input given to every command that reads one.
enum Reader: String, CaseIterable, Sendable {
    case play, push, record, probe

    func words(_ input: String, _ more: [String] = []) -> [String] {
        let common = ["--json", "--timeout", "1500ms"] + more
        switch self {
        case .play: return ["play", input, "--vo", "null", "--ao", "null"] + common
        case .push: return ["push", input, "out.flv"] + common
        case .record: return ["record", input, "-o", "out.mp4"] + common
        case .probe: return ["probe", input] + common
        }
    }
}

@Suite(.takesTurns) struct BadInputTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("bad") }

    private func run(_ reader: Reader, _ input: String, within limit: Span = .seconds(12)) async throws -> SluiceRun
    {
        try await SluiceBinary.run(reader.words(input), directory: directory, within: limit)
    }

    @Test(arguments: Reader.allCases) func missingFile(reader: Reader) async throws {
        expectError(try await run(reader, "missing.mp4"), 66, ["no_input"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func directoryInsteadOfAFile(reader: Reader) async throws {
        expectError(try await run(reader, directory.path), 66, ["no_input"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func unreadableFile(reader: Reader) async throws {
        // Root may read everything; a link to itself cannot be read by anybody.
        symlink("loop.mp4", directory.file("loop.mp4"))
        expectError(try await run(reader, "loop.mp4"), 66, ["no_input"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func emptyFile(reader: Reader) async throws {
        try directory.write([], to: "empty.mp4")
        expectError(try await run(reader, "empty.mp4"), 65, ["corrupt", "no_media"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases, ["noise.mp4", "noise.bin", "noise"])
    func randomBytes(reader: Reader, name: String) async throws {
        var state: UInt64 = 42
        let bytes = (0..<300_000).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        try directory.write(bytes, to: name)
        expectError(try await run(reader, name), 65, ["corrupt", "no_media"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func text(reader: Reader) async throws {
        try directory.write(String(repeating: "this is no film\n", count: 500), to: "film.mp4")
        expectError(try await run(reader, "film.mp4"), 65, ["corrupt", "no_media"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func truncatedMP4_withItsIndexLost(reader: Reader) async throws {
        let whole = try #require(contents(ofFile: SluiceBinary.clip("bigbuckbunny.mp4")))
        try directory.write(Array(whole.prefix(whole.count / 2)), to: "half.mp4")
        expectError(try await run(reader, "half.mp4"), 65, ["corrupt"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func truncatedMP4_withItsIndexInFront_isUsedAsFarAsItGoes(reader: Reader)
        async throws
    {
        let whole = try #require(contents(ofFile: SluiceBinary.clip("bbb-360p.mp4")))
        try directory.write(Array(whole.prefix(whole.count / 2)), to: "half.mp4")
        let run = try await run(reader, "half.mp4", within: .seconds(15))
        #expect(run.status == 0 || run.status == 65, "\(run.errors)")
        switch reader {
        case .play: #expect((run.result?["shown_frames"]?.int ?? 0) > 30)
        case .push: #expect((run.result?["video_frames"]?.int ?? 0) > 30)
        case .record: #expect((run.result?["files"]?.array?.first?["duration_s"]?.number ?? 0) > 1.2)
        case .probe: #expect(run.probed("video")?["width"]?.int == 640)
        }
    }

    @Test(arguments: Reader.allCases) func coverPictureOnly_isNoFilm(reader: Reader) async throws {
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", directory.file("cover.png"),
        ])
        try await Clips.ffmpeg([
            "-i", directory.file("cover.png"), "-c", "copy", "-disposition:v", "attached_pic", "-f", "mp4",
            directory.file("cover.m4a"),
        ])
        expectError(try await run(reader, "cover.m4a"), 65, ["no_media"], within: .seconds(8))
    }

    @Test(arguments: Reader.allCases) func songWithACover_isASong(reader: Reader) async throws {
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", directory.file("cover.png"),
        ])
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "sine=duration=1", "-i", directory.file("cover.png"), "-map", "0", "-map", "1",
            "-c:v",
            "copy", "-disposition:v", "attached_pic", directory.file("song.m4a"),
        ])
        let run = try await run(reader, "song.m4a")
        #expect(run.status == 0, "\(run.errors)")
        let made = reader == .push ? "out.flv" : reader == .record ? "out.mp4" : nil
        if let made {
            #expect(try await Clips.streams(directory.file(made)).map { $0["codec_type"] ?? "" } == ["audio"])
        }
    }

    @Test(arguments: Reader.allCases, ["gopher://h/x", "ftp://h/x"])
    func unknownScheme(reader: Reader, url: String) async throws {
        let run = try await run(reader, url)
        #expect(run.status == 64)
        #expect(run.errorLines.count == 1)
        #expect(run.error?["reason"]?.string == "usage")
        #expect(run.took < .seconds(8))
    }

    @Test func closedOutput_isACleanEnd() async throws {
        for words in [
            ["play", SluiceBinary.clip("bbb-360p.mp4"), "--raw", "-", "--pix-fmt", "bgr24"],
            ["push", SluiceBinary.clip("bbb-360p.mp4"), "-", "--format", "mpegts", "--loop"],
            ["play", SluiceBinary.clip("bbb-360p.mp4"), "--wav", "-"],
            ["record", SluiceBinary.clip("bbb-360p.mp4"), "-o", "-"],
            ["probe", SluiceBinary.clip("bbb-360p.mp4")],
            ["probe", SluiceBinary.clip("bbb-360p.mp4"), "--json"],
            ["record", "--list", directory.path],
        ] {
            let run = try await SluiceBinary.run(words, output: .closed, within: .seconds(15))
            #expect(run.status == 0, "\(words): \(String(describing: run.exit)) \(run.errors)")
            #expect(!run.errors.contains("hint:"), "\(run.errors)")
        }
    }
}

@Suite(.takesTurns) struct BadTargetTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("target") }

    private func push(_ target: String, _ more: [String] = []) async throws -> SluiceRun {
        try await SluiceBinary.run(
            ["push", SluiceBinary.clip("bbb-360p.mp4"), target, "--json"] + more, directory: directory)
    }

    @Test func missingDirectory() async throws {
        expectError(try await push("no/such/place/out.mp4"), 73, ["cannot_create"], within: .seconds(8))
    }

    @Test func directoryAsAFile() async throws {
        expectError(
            try await push(directory.path, ["--format", "mp4"]), 73, ["cannot_create"], within: .seconds(8))
    }

    @Test(arguments: ["--raw", "--wav", "--snapshot"])
    func playOutput_thatCannotBeWritten(option: String) async throws {
        let run = try await SluiceBinary.run(
            [
                "play", SluiceBinary.clip("bbb-360p.mp4"), option, "no/such/place/out.png", "--vo", "null", "--ao",
                "null",
                "--json",
            ], directory: directory)
        expectError(run, 73, ["cannot_create"], within: .seconds(8))
    }

    @Test(arguments: ["out.flv", "out.mp4", "out.ts"])
    func fullDisk(name: String) async throws {
        let disk = try await SmallDisk(kilobytes: 512)
        // A clip of 575 kB, again and again, into half a megabyte.
        let run = try await SluiceBinary.run(
            ["push", SluiceBinary.clip("bbb-360p.mp4"), "--loop=4", disk.path + "/" + name, "--json"],
            directory: directory)
        expectError(run, 74, ["no_space"], within: .seconds(8))
    }

    @Test func fullDisk_underRawPictures() async throws {
        let disk = try await SmallDisk(kilobytes: 512)
        let run = try await SluiceBinary.run(
            [
                "play", SluiceBinary.clip("bbb-360p.mp4"), "--raw", disk.path + "/out.raw", "--json", "--vo",
                "null", "--ao",
                "null",
            ], directory: directory)
        expectError(run, 74, ["no_space"], within: .seconds(8))
    }

    @Test(arguments: ["out.mp4", "out.ts", "out.flv", "out.mkv"])
    func fullDisk_underARecording(name: String) async throws {
        let disk = try await SmallDisk(kilobytes: 512)
        // 575 kB into half a megabyte; what fits is kept.
        let run = try await SluiceBinary.run(
            ["record", SluiceBinary.clip("bbb-360p.mp4"), "-o", disk.path + "/" + name, "--json", "-q"],
            directory: directory)
        expectError(run, 74, ["no_space"], within: .seconds(8))
        let open = disk.path + "/" + name.replacing(".", with: ".part.")
        #expect(run.errorLines.first?.hasPrefix("sluice: cannot write \(open): no space") == true, "\(run.errors)")
        #expect(
            run.errors.contains("hint: ") && run.errors.contains(" kB are free in \(disk.path): "), "\(run.errors)")
        #expect((run.result?["files"]?.array?.count ?? 0) == 1, "\(run.text)")
    }

    @Test func unwritableRecording() async throws {
        for place in ["/proc/nothing/out.mp4", "/dev/null/out.mp4", "/proc/out.mp4"] {
            let run = try await SluiceBinary.run(
                ["record", SluiceBinary.clip("bbb-360p.mp4"), "-o", place, "--json"], directory: directory)
            expectError(run, 73, ["cannot_create"], within: .seconds(8))
        }
    }

    @Test func deviceInsteadOfARecording() async throws {
        let run = try await SluiceBinary.run(
            ["record", SluiceBinary.clip("bbb-360p.mp4"), "-o", "/dev/full", "--json"], directory: directory)
        expectError(run, 73, ["cannot_create"], within: .seconds(8))
        #expect(run.errors.contains("hint: -o - writes to standard output"))
    }

    @Test func fullDisk_underAPlayThatRecords_isToldOnceAndThePlayGoesOn() async throws {
        let disk = try await SmallDisk(kilobytes: 512)
        let run = try await SluiceBinary.run(
            [
                "play", SluiceBinary.clip("bbb-360p.mp4"), "--vo", "null", "--ao", "null", "--record",
                disk.path + "/out.mp4", "--json",
            ], directory: directory)
        #expect(run.status == 74, "\(run.errors)")
        #expect(
            run.errorLines.count == 1 || run.errorLines.filter { $0.contains("no space") }.count == 1,
            "\(run.errors)")
        let names = run.events.compactMap { $0["event"]?.string }
        #expect(names.filter { $0 == "error" }.count == 1)
        // Told when it happened, not at the end.
        #expect((names.firstIndex(of: "error") ?? .max) < (names.firstIndex(of: "end") ?? 0))
        #expect(run.error?["reason"]?.string == "no_space")
        #expect(run.result?["shown_frames"]?.int ?? 0 > 120)
        #expect(run.result?["ended_by"]?.string == "end_of_input")
    }

    @Test func playThatCannotRecord_doesNotBegin() async throws {
        let run = try await SluiceBinary.run(
            [
                "play", SluiceBinary.clip("bbb-360p.mp4"), "--vo", "null", "--ao", "null", "--record",
                "/proc/nothing/out.mp4", "--json",
            ], directory: directory)
        expectError(run, 73, ["cannot_create"], within: .seconds(8))
    }

    @Test(arguments: ["--list", "--repair"]) func directoryThatIsNotThere(option: String) async throws {
        let run = try await SluiceBinary.run(["record", option, "nowhere", "--json"], directory: directory)
        expectError(run, 66, ["no_input"], within: .seconds(8))
    }

    @Test func recordingThatIsNotThere() async throws {
        let run = try await SluiceBinary.run(
            ["record", "--list", directory.path, "nobody", "--json"], directory: directory)
        expectError(run, 66, ["no_input"], within: .seconds(8))
    }

    @Test func fullDevice_underAReport() async throws {
        let run = try await SluiceBinary.run(
            ["probe", SluiceBinary.clip("bbb-360p.mp4")], output: .file("/dev/full"))
        #expect(run.status == 74)
        #expect(run.errorLines == ["sluice: cannot write to standard output: no space left on device"])
    }

    @Test func fullDevice() async throws {
        let run = try await SluiceBinary.run(
            ["push", SluiceBinary.clip("bbb-360p.mp4"), "-", "--format", "mpegts"], output: .file("/dev/full"))
        #expect(run.status == 74 || run.status == 73)
        #expect(run.errorLines.count == 1)
    }
}
