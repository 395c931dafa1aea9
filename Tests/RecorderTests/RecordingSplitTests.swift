// Every packet in exactly one file, in order, with sound and picture beginning together, however short the files.
import Glibc
import Media
import Model
import Recorder
import TestSupport
import Testing

@Suite struct RecordingSplitTests {
    private func expectWhole(_ source: Tape, _ files: [Tape]) {
        for kind in [TrackKind.video, .audio] {
            let all = files.flatMap { $0.hashes(kind) }
            let wanted = source.hashes(kind)
            #expect(all.count == wanted.count, "\(kind)")
            #expect(all == wanted, "\(kind): another order or other bytes")
        }
    }

    /// First times shown, in seconds; nil where a file lacks the kind.
    private func offset(_ file: Tape) -> Span? {
        let first = { (kind: TrackKind) in file.packets.filter { $0.kind == kind }.compactMap(\.pts).min() }
        guard let picture = first(.video), let sound = first(.audio) else { return nil }
        return sound - picture
    }

    @Test(arguments: [(RecordFormat.mp4, false), (.mp4, true), (.mkv, false), (.flv, false)])
    func aHundredSplits(_ format: RecordFormat, isLive: Bool) async throws {
        let isLong = getenv("SLUICE_LONG") != nil
        // A cut every 0.2 s.
        let seconds = isLong ? 220 : 24
        let source = try await Tape.both(seconds: seconds)
        let tape = isLive ? source.live() : source
        let lab = try RecordingLab(
            segment: .milliseconds(150), isLive: isLive, format: format,
            wall: isLive ? RecordingLab.simulated : nil)
        try lab.feed(tape)
        try lab.recording.finish()
        let files = try lab.files()
        #expect(files.count >= seconds * 5 - 2)
        expectWhole(source, files)
        for (index, file) in files.enumerated() {
            #expect(file.packets.first { $0.kind == .video }?.isKeyframe == true, "file \(index)")
            // A frame of picture is 40 ms, one of sound 21.
            let apart = try #require(offset(file))
            #expect(apart.magnitude <= .milliseconds(40), "file \(index): \(apart.milliseconds) ms")
            let first = try #require(file.packets.compactMap(\.pts).min())
            #expect(first.seconds.magnitude < 0.1, "file \(index) begins at \(first.seconds)")
        }
        #expect(
            !RecordingLab.names(in: lab.directory.path).contains { $0.contains(".part") || $0.contains("closing") })
        #expect(lab.recording.undecodablePackets == 0)
        #expect(lab.recording.refusedPackets == 0)
        #expect(try await complaints(lab.recording.files[3].path) == "")
    }

    @Test(arguments: [Span.milliseconds(-300), .milliseconds(-60), .milliseconds(300)])
    func soundThatArrivesEarlierOrLater(lead: Span) async throws {
        let source = try await Tape.both(seconds: 20, gop: 25)
        let lab = try RecordingLab(segment: .seconds(2), isLive: true, wall: RecordingLab.simulated)
        try lab.feed(source.live(lead: lead))
        try lab.recording.finish()
        let files = try lab.files()
        #expect(files.count == 10)
        expectWhole(source, files)
        for file in files { #expect((offset(file) ?? .seconds(9)).magnitude <= .milliseconds(40)) }
    }

    @Test func filesKeepTheDistanceOfSoundAndPicture() async throws {
        let source = try await Tape.both(seconds: 8, gop: 25)
        let lab = try RecordingLab(segment: .seconds(2))
        try lab.feed(source)
        try lab.recording.finish()
        var pictures = 0
        var sounds = 0
        for file in try lab.files() {
            let mine = { (kind: TrackKind) in file.packets.filter { $0.kind == kind }.compactMap(\.pts) }
            let theirs = { (kind: TrackKind, from: Int) in
                source.packets.filter { $0.kind == kind }.dropFirst(from).compactMap(\.pts)
            }
            let (v, a) = (mine(.video), mine(.audio))
            let shift = theirs(.video, pictures)[0] - v[0]
            for (here, there) in zip(v, theirs(.video, pictures)) {
                #expect((there - here - shift).magnitude <= .milliseconds(1))
            }
            for (here, there) in zip(a, theirs(.audio, sounds)) {
                #expect((there - here - shift).magnitude <= .milliseconds(1))
            }
            pictures += v.count
            sounds += a.count
            for kind in [TrackKind.video, .audio] {
                let times = file.packets.filter { $0.kind == kind }.compactMap(\.dts)
                #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
            }
        }
    }

    @Test func closedFilesHaveTheirIndexInFront() async throws {
        let lab = try RecordingLab(segment: .seconds(2))
        try lab.feed(try await Tape.both(seconds: 6, gop: 25))
        try lab.recording.finish()
        #expect(lab.recording.files.count == 3)
        for file in lab.recording.files {
            #expect(Array(boxes(file.path).prefix(2)) == ["ftyp", "moov"])
            #expect(!boxes(file.path).contains("moof"))
            #expect(file.complete)
            #expect(abs(file.duration.seconds - 2) < 0.1)
        }
    }

    @Test(arguments: [TrackKind.audio, .video])
    func oneKindAlone(_ kind: TrackKind) async throws {
        let source = try await Tape.both(seconds: 10).only(kind)
        let lab = try RecordingLab(segment: .seconds(1), isLive: true, wall: RecordingLab.simulated)
        try lab.feed(source.live())
        try lab.recording.finish()
        let files = try lab.files()
        #expect(files.count == 10)
        #expect(files.flatMap { $0.hashes(kind) } == source.hashes(kind))
        #expect(files.allSatisfy { $0.tracks.count == 1 })
    }

    @Test func picturesBeforeTheFirstKeyFrameAreCounted() async throws {
        var source = try await Tape.both(seconds: 6, gop: 25)
        let skipped = 10
        var left = skipped
        source.packets.removeAll { packet in
            guard packet.kind == .video, packet.isKeyframe, left == skipped else { return false }
            left -= 1
            return true
        }
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(source.live())
        try lab.recording.finish()
        let file = try #require(try lab.files().first)
        #expect(lab.recording.undecodablePackets == 24)
        #expect(file.packets.first { $0.kind == .video }?.isKeyframe == true)
        #expect(file.hashes(.video) == Array(source.hashes(.video).dropFirst(24)))
        #expect(file.hashes(.audio) == source.hashes(.audio))
    }
}
