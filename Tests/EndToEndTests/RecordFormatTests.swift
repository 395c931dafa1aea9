// What can be recorded and into what: containers, pipes, streams with one track, B-frames, large pictures, late tracks,
// changes in mid-stream, and the ways a recording ends.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordFormatTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("record") }

    private func record(_ words: [String], within limit: Span = .seconds(40)) async throws -> SluiceRun {
        try await SluiceBinary.run(["record"] + words + ["--json"], directory: directory, within: limit)
    }

    /// One stream from beginning to end into one file.
    private func whole(_ kind: RecordTapes.Kind, _ words: [String] = []) async throws -> (RecordTape, SluiceRun) {
        let tape = try await RecordTapes.shared.tape(kind)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let run = try await record([server.url("cam"), "--reconnect", "off"] + words)
        #expect(run.status == 0, "\(run.errors)")
        return (tape, run)
    }

    @Test(arguments: [RecordTapes.Kind.usual, .reordered, .pictureOnly, .soundOnly, .fullHD])
    func everyKindOfStream_isKeptAsItIs(kind: RecordTapes.Kind) async throws {
        let (tape, run) = try await whole(kind)
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.files.count == 1)
        #expect(shelf.faults(required: [0..<tape.tags.count]) == [])
        #expect(shelf.unfinished() == [])
        // Times are the tape's, moved to the file's beginning.
        let file = try #require(shelf.files.first)
        for isVideo in [true, false] {
            let kept = file.packets.filter { $0.isVideo == isVideo }.compactMap(\.pts)
            let sent = tape.tags.map(\.packet).filter { $0.isVideo == isVideo }.compactMap(\.pts)
            guard let first = kept.first, let origin = sent.first else { continue }
            #expect(kept.count == sent.count)
            let worst = zip(kept, sent).map { abs(($0 - first) - ($1 - origin)) }.max() ?? 0
            #expect(worst < 0.002, "\(worst) s off, video: \(isVideo)")
        }
        let entry = try #require(run.result?["files"]?.array?.first)
        #expect(entry["complete"]?.bool == true)
        #expect(abs((entry["duration_s"]?.number ?? -1) - tape.length) < 0.2)
        let size = contents(ofFile: directory.file(file.name))?.count
        #expect(entry["bytes"]?.int == size)
        #expect(run.errors.contains(", \(size ?? -1) bytes in \(file.name)"), "\(run.errors)")
    }

    @Test(arguments: ["mp4", "mkv", "ts", "flv"]) func everyFormat_holdsEverything(format: String) async throws {
        let (tape, run) = try await whole(.reordered, ["--format", format])
        let names = RecordShelf.names(in: directory.path)
        #expect(names.count == 1 && names[0].hasSuffix("." + format), "\(names)")
        #expect(run.result?["files"]?.array?.count == 1)
        let path = directory.file(try #require(names.first))
        let packets = try await Packets.of(path)
        #expect(packets.filter(\.isVideo).count == tape.tags.filter(\.packet.isVideo).count)
        #expect(packets.filter { !$0.isVideo }.count == tape.tags.filter { !$0.packet.isVideo }.count)
        // A transport stream has start codes for lengths, so it is the pictures that are compared.
        let same = try await (framesHash(path), framesHash(tape.path))
        #expect(same.0 == same.1)
    }

    private func framesHash(_ path: String) async throws -> String {
        let program = try Program(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-f", "hash", "-"])
        _ = await program.wait(within: .seconds(30))
        return program.output
    }

    @Test(arguments: ["take.mp4", "take.mkv", "take.ts", "take.flv"])
    func outputName_decidesTheFormat(name: String) async throws {
        let (tape, _) = try await whole(.pictureOnly, ["-o", name])
        #expect(RecordShelf.names(in: directory.path) == [name])
        #expect(try await Clips.packetCount(directory.file(name), "video") == tape.tags.count)
    }

    @Test(arguments: ["mp4", "ts", "mkv", "flv"]) func standardOutput_isReadByFfprobe(format: String) async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let program = try Program(
            [
                "sh", "-c",
                "\"$1\" record \"$2\" -o - --format \(format) --reconnect off"
                    + " | ffprobe -v error -count_packets -show_entries stream=codec_type,nb_read_packets -of csv=p=0 -",
                "sh", SluiceBinary.path(), server.url("cam"),
            ], directory: directory.path)
        #expect(await program.wait(within: .seconds(30)) == .exited(0), "\(program.errors)")
        // A transport stream is listed twice: by itself and in its program.
        let lines = Set(program.output.split(separator: "\n").map(String.init)).sorted()
        let pictures = tape.tags.filter(\.packet.isVideo).count
        #expect(lines == ["audio,\(tape.tags.count - pictures)", "video,\(pictures)"], "\(program.errors)")
        #expect(fileNames(in: directory.path) == [], "nothing is left beside it")
    }

    @Test func joinInTheMiddle_beginsAtAKeyframe() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 2, waitsForKey: false, lead: 1.4))
        let recorder = try RunningSluice.recording([server.url("cam"), "--json"], in: directory)
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > 150 })
        let received = try #require(server.taken("cam").last)
        await watch(for: .milliseconds(300))
        _ = await recorder.interrupt()
        let shelf = try await RecordShelf(directory.path, tape)
        // Up to the key frame there is nothing that could be shown.
        let key = tape.start(at: tape.tags[received.lowerBound].time)
        #expect(key > received.lowerBound && key - received.lowerBound < 80)
        #expect(shelf.faults(required: [key..<received.upperBound]) == [])
        #expect(shelf.unfinished() == [])
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func signal_finishesTheFile(signal: Int32) async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape)
        let recorder = try RunningSluice.recording([server.url("cam"), "--json"], in: directory)
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > 60 })
        #expect(
            RecordShelf.names(in: directory.path).allSatisfy { $0.hasPrefix("cam_") && $0.hasSuffix(".part.mp4") })
        let received = server.taken("cam")
        await watch(for: .milliseconds(200))
        let run = await recorder.interrupt(signal)
        #expect(run.exit == .signalled(signal))
        #expect(run.result?["ended_by"]?.string == "signal")
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: received) == [])
        #expect(shelf.unfinished() == [])
    }

    @Test func stoppedAndContinued_goesOn() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape)
        let recorder = try RunningSluice.recording([server.url("cam"), "--json", "--segment", "1s"], in: directory)
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > 60 })
        recorder.program.signal(SIGSTOP)
        await watch(for: .seconds(2))
        recorder.program.signal(SIGCONT)
        let before = server.taken("cam").last?.count ?? 0
        #expect(await eventually(within: .seconds(20)) { (server.taken("cam").last?.count ?? 0) > before + 150 })
        let received = server.taken("cam")
        await watch(for: .milliseconds(300))
        let run = await recorder.interrupt()
        #expect(run.exit == .signalled(SIGINT), "\(run.errors)")
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: received) == [])
        #expect(shelf.unfinished() == [])
    }

    @Test func duration_endsIt() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 4))
        let run = try await record([server.url("cam"), "--duration", "4s"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "duration")
        let names = RecordShelf.names(in: directory.path)
        #expect(names.count == 1)
        #expect(abs(try await Clips.duration(directory.file(try #require(names.first))) - 4) < 0.3)
    }

    @Test func largerPictureInMidStream_isANewFile() async throws {
        for (name, size) in [("small", "160x90"), ("large", "320x180")] {
            try await Clips.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25:duration=3", "-f", "lavfi", "-i"]
                    + ["anoisesrc=duration=3:sample_rate=44100:amplitude=0.3", "-c:v", "libx264", "-preset"]
                    + [
                        "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac",
                        directory.file(name + ".flv"),
                    ])
        }
        // The second begins where the first ends: one body, two sequence headers.
        let first = try await RecordTape(path: directory.file("small.flv"))
        let second = try await RecordTape(path: directory.file("large.flv"))
        let offset = try #require(first.tags.last).time + 40
        var body = first.head + first.tags.flatMap(\.bytes)
        body += moved(Array(second.head[13...]), by: offset) + moved(second.tags.flatMap(\.bytes), by: offset)
        let server = try await broadcast(body)
        let place = try TempDirectory("change")
        let run = try await SluiceBinary.run(
            ["record", "http://127.0.0.1:\(server.port)/live/cam.flv", "--reconnect", "off", "--json"],
            directory: place, within: .seconds(30))
        #expect(run.status == 0, "\(run.errors)")
        var sizes: [String] = []
        var hashes: [String] = []
        for file in (run.result?["files"]?.array ?? []).compactMap({ $0["path"]?.string }) {
            let path = file.hasPrefix("/") ? file : place.file(file)
            sizes += try await Clips.streams(path).compactMap { $0["codec_type"] == "video" ? $0["width"] : nil }
            hashes += try await Packets.of(path).filter(\.isVideo).map(\.hash)
            #expect(MP4Boxes(path: path)?.isOrdinary == true)
        }
        #expect(sizes == ["160", "320"])
        #expect(hashes == (first.tags + second.tags).map(\.packet).filter(\.isVideo).map(\.hash))
    }

    /// A live stream that ends in order.
    private func broadcast(_ body: [UInt8]) async throws -> ScriptedServer {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
        return try await ScriptedServer.start(.respond(head, body: chunk, closes: true))
    }

    /// Tags with later timestamps.
    private func moved(_ tags: [UInt8], by milliseconds: Int) -> [UInt8] {
        var bytes = tags
        var at = 0
        while at + 15 <= bytes.count {
            let size = Int(bytes[at + 1]) << 16 | Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            let time =
                (Int(bytes[at + 7]) << 24 | Int(bytes[at + 4]) << 16 | Int(bytes[at + 5]) << 8 | Int(bytes[at + 6]))
                + milliseconds
            for (place, shift) in [(4, 16), (5, 8), (6, 0), (7, 24)] {
                bytes[at + place] = UInt8(truncatingIfNeeded: time >> shift)
            }
            at += 15 + size
        }
        return bytes
    }

    @Test func lateTrack_isKept() async throws {
        // Sound for three seconds, then a picture as well, and no word about it in the file's head.
        let sound = try await RecordTapes.shared.tape(.soundOnly)
        let picture = try await RecordTapes.shared.tape(.pictureOnly)
        let configuration = moved(Array(picture.head[13...]), by: 3000)
        let pictures = picture.tags.map { ($0.time + 3000, moved($0.bytes, by: 3000)) }
        let both = (sound.tags.map { ($0.time, $0.bytes) } + [(2999, configuration)] + pictures)
            .filter { $0.0 < 9000 }.sorted { $0.0 < $1.0 }
        let server = try await broadcast(sound.head + both.flatMap(\.1))
        let run = try await record([
            "http://127.0.0.1:\(server.port)/live/cam.flv", "--reconnect", "off",
        ])
        #expect(run.status == 0, "\(run.errors)")
        var kept: [KnownPacket] = []
        for file in (run.result?["files"]?.array ?? []).compactMap({ $0["path"]?.string }) {
            kept += try await Packets.of(directory.file(file))
        }
        let sounds = sound.tags.filter { $0.time < 9000 }.map(\.packet.hash)
        let images = picture.tags.filter { $0.time < 6000 }.map(\.packet.hash)
        #expect(kept.filter { !$0.isVideo }.map(\.hash) == sounds)
        #expect(kept.filter(\.isVideo).map(\.hash) == images)
    }
}
