// Cuts: each packet in exactly one file, in order, and each file with its tracks side by side.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordSplitTests {
    /// Holds a finished recording to the tape; many files are read as one.
    private func check(
        _ files: [String], _ tape: RecordTape, in directory: TempDirectory, frame: Double
    ) async throws {
        let packets = try await Packets.of(files, in: directory)
        for isVideo in [true, false] {
            let found = packets.filter { $0.isVideo == isVideo }.map(\.hash)
            let sent = tape.tags.map(\.packet).filter { $0.isVideo == isVideo }.map(\.hash)
            #expect(found.count == sent.count)
            let first = zip(found, sent).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(found == sent, "differs from packet \(first ?? -1) on, video: \(isVideo)")
        }
        for (index, file) in files.enumerated() {
            guard let boxes = MP4Boxes(path: file) else {
                Issue.record("\(file) is gone")
                continue
            }
            #expect(boxes.isOrdinary, "\(file): \(boxes.types)")
            let tracks = boxes.tracks
            let video = tracks.first { $0.handler == "vide" }
            let audio = tracks.first { $0.handler == "soun" }
            guard let video, let audio else {
                Issue.record("\(file) has \(tracks)")
                continue
            }
            // At the very end a track may begin late because the other has nothing more.
            guard index < files.count - 1 else { continue }
            #expect(abs(video.start - audio.start) <= frame, "\(file): \(video.start) and \(audio.start)")
            #expect(video.keyframes >= 1)
        }
    }

    @Test(.timeLimit(.minutes(30))) func aThousandCuts_loseNothing() async throws {
        let tape = try await RecordTapes.shared.tape(.long(seconds: 1002))
        let directory = try TempDirectory("splits")
        let run = try await SluiceBinary.run(
            ["record", tape.path, "--segment", "1s", "--json"], directory: directory, within: .seconds(120))
        #expect(run.status == 0, "\(run.errors)")
        let files = (run.result?["files"]?.array ?? []).compactMap { $0["path"]?.string }.map {
            $0.hasPrefix("/") ? $0 : directory.file($0)
        }
        #expect(files.count >= 1001, "\(files.count)")
        #expect(RecordShelf.names(in: directory.path).count == files.count, "nothing else lies about")
        // Ten pictures a second, and 64 ms of sound in a packet.
        try await check(files, tape, in: directory, frame: 0.1)
    }

    @Test(arguments: [RecordTapes.Kind.usual, .reordered])
    func cutsOfAFastStream_loseNothing(kind: RecordTapes.Kind) async throws {
        let tape = try await RecordTapes.shared.tape(kind)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let directory = try TempDirectory("fast")
        let run = try await SluiceBinary.run(
            ["record", server.url("cam"), "--segment", "2s", "--reconnect", "off", "--json"], directory: directory,
            within: .seconds(60))
        #expect(run.status == 0, "\(run.errors)")
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: [0..<tape.tags.count]) == [])
        #expect(shelf.unfinished() == [])
        // A key frame a second, of which every other one is due.
        let due = Int(tape.length / 2)
        #expect((due...due + 2).contains(shelf.files.count), "\(shelf.files.count) files")
        try await check(shelf.files.map { directory.file($0.name) }, tape, in: directory, frame: 0.045)
    }
}
