// The judges of recordings, held to recordings whose faults are known.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct RecordLabTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("judge") }

    @Test func tape_isServedUnchangedAndCounted() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        #expect(tape.tags.filter(\.packet.isVideo).count == 1500)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        try await Clips.ffmpeg(["-i", server.url("cam"), "-c", "copy", directory.file("cam.mp4")])
        #expect(server.taken("cam") == [0..<tape.tags.count])
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: server.taken("cam")) == [])
    }

    @Test func taken_isWhatTheProgramHasRead() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let client = try RawClient(port: server.port)
        _ = client.send(Array("GET /live/cam.flv HTTP/1.1\r\n\r\n".utf8))
        #expect(client.receive(exactly: 100_000, within: .seconds(5)).count == 100_000)
        // The kernel has more by now; the program has this much.
        await watch(for: .milliseconds(300))
        let taken = try #require(server.taken("cam").last)
        let bytes = tape.head.count + tape.tags[taken].reduce(0) { $0 + $1.bytes.count }
        #expect(bytes < 100_000 && bytes > 90_000, "\(bytes) in \(taken.count) packets")
        server.cut("cam")
        #expect(await eventually(within: .seconds(5)) { client.receive(within: .milliseconds(50)) == .reset })
        #expect(server.taken("cam").last == taken)
    }

    @Test func faults_areFound() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let all = 0..<tape.tags.count
        let half = ["-c", "copy", "-ss", "30"]
        try await Clips.ffmpeg(["-i", tape.path] + half + [directory.file("late.mp4")])
        let late = try await RecordShelf(directory.path, tape)
        #expect(late.faults(required: [all]).contains { $0.contains("are lost") })
        try await Clips.ffmpeg(["-i", tape.path, "-c", "copy", directory.file("all.mp4")])
        let both = try await RecordShelf(directory.path, tape)
        #expect(
            both.faults(required: [all]).contains {
                $0.contains("late.mp4 and all.mp4") || $0.contains("all.mp4 and late.mp4")
            })
        try await Clips.ffmpeg(["-i", SluiceBinary.clip("bbb-360p.mp4"), "-c", "copy", directory.file("alien.mp4")])
        let alien = try await RecordShelf(directory.path, tape)
        #expect(alien.faults(required: []).contains { $0.contains("never sent") })
    }

    @Test func boxes_tellOrdinaryFilesFromOthers() async throws {
        let tape = try await RecordTapes.shared.tape(.reordered)
        let make = { (name: String, options: [String]) in
            try await Clips.ffmpeg(["-i", tape.path, "-c", "copy"] + options + [directory.file(name)])
            return try #require(MP4Boxes(path: directory.file(name)))
        }
        let front = try await make("front.mp4", ["-movflags", "+faststart"])
        #expect(front.isOrdinary)
        let video = try #require(front.tracks.first { $0.handler == "vide" })
        let audio = try #require(front.tracks.first { $0.handler == "soun" })
        #expect(video.codec == "avc1" && video.samples == 500 && video.keyframes == 20)
        #expect(audio.codec == "mp4a" && abs(audio.length - 20) < 0.1 && abs(video.length - 20) < 0.1)
        let streams = try await Clips.streams(directory.file("front.mp4"))
        let starts = streams.compactMap { $0["start_time"].flatMap { Double($0) } }
        #expect(abs(video.start - starts[0]) < 0.03 && abs(audio.start - starts[1]) < 0.03)
        #expect(try await !make("behind.mp4", []).isOrdinary)
        #expect(try await !make("parts.mp4", ["-movflags", "frag_keyframe+empty_moov"]).isOrdinary)
    }
}
