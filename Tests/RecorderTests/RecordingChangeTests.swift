// Streams that do not stay what they were: other parameters, late tracks, lost connections, other clocks.
import Media
import Model
import Recorder
import TestSupport
import Testing

@Suite struct RecordingChangeTests {
    /// A stream that speaks of 25 pictures a second and has one: the last of a file is shown as long as those before.
    @Test func aSlowStream_isShownToItsEnd() async throws {
        let tape = try await Tape.made(
            "-f lavfi -i testsrc2=s=96x64:r=25:d=8 -vf select=not(mod(n\\,25)) -fps_mode vfr -c:v libx264 "
                + "-preset ultrafast -tune zerolatency -g 3", as: "flv"
        ).live()
        #expect(tape.packets.compactMap(\.duration).allSatisfy { $0 < .milliseconds(50) })
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(tape)
        try lab.recording.finish()
        let back = try Tape.read(try #require(lab.recording.files.first).path)
        #expect(back.hashes(.video) == tape.hashes(.video) && back.packets.count >= 8)
        let last = try #require(back.packets.last?.duration)
        #expect((last - .seconds(1)).magnitude < .milliseconds(2), "\(last.milliseconds) ms")
    }

    private func hashes(_ files: [Tape], _ kind: TrackKind) -> [UInt64] { files.flatMap { $0.hashes(kind) } }

    @Test func otherPictureParametersBeginAFile() async throws {
        let small = try await Tape.both(seconds: 4, gop: 25)
        let large = try await Tape.made(
            "-f lavfi -i testsrc2=s=128x96:r=25:d=4 -f lavfi -i sine=r=48000:d=4 -c:v libx264 -preset ultrafast "
                + "-g 25 -c:a aac -b:a 32k"
        )
        let lab = try RecordingLab(segment: .seconds(3600), isLive: true, wall: RecordingLab.simulated)
        let live = (small.live(), large.live().moved(by: .seconds(4)))
        try lab.feed(live.0)
        try lab.feed(live.1)
        try lab.recording.finish()
        let files = try lab.files()
        try #require(files.count == 2)
        #expect(files.map { $0.tracks.first { $0.kind == .video }?.video?.width } == [96, 128])
        #expect(hashes(files, .video) == live.0.hashes(.video) + live.1.hashes(.video))
        #expect(hashes(files, .audio) == live.0.hashes(.audio) + live.1.hashes(.audio))
        for file in lab.recording.files { #expect(try await complaints(file.path) == "") }
    }

    @Test func otherSoundParametersBeginAFileAtOnceAndPicturesFollow() async throws {
        let first = try await Tape.both(seconds: 4, gop: 25).live()
        let second = try await Tape.made(
            "-f lavfi -i sine=r=44100:d=4 -c:a aac -b:a 32k -ac 2"
        ).live().moved(by: .seconds(2.5))
        let sound = try #require(first.track(.audio))
        var tape = first
        // The sound changes in the middle of a group of pictures.
        tape.packets.removeAll { $0.kind == .audio && ($0.pts ?? .zero) >= .zero + .seconds(2.4) }
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.recording.begin(tracks: first.tracks)
        var other = try #require(second.tracks.first)
        other.id = sound
        var hasChanged = false
        let changed = second.packets.map { packet in
            var copy = packet
            copy.track = sound
            return copy
        }
        for packet in (tape.packets + changed).sorted(by: { $0.arrival < $1.arrival }) {
            if !hasChanged, packet.kind == .audio, changed[0].arrival <= packet.arrival {
                hasChanged = true
                try lab.recording.begin(tracks: first.tracks.filter { $0.kind == .video } + [other])
            }
            try lab.recording.write(packet)
        }
        try lab.recording.finish()
        let files = try lab.files()
        try #require(files.count == 2)
        #expect(files.map { $0.tracks.first { $0.kind == .audio }?.audio?.sampleRate } == [48000, 44100])
        #expect(hashes(files, .video) == first.hashes(.video))
        #expect(hashes(files, .audio) == tape.hashes(.audio) + second.hashes(.audio))
        #expect(files[1].packets.first { $0.kind == .video }?.isKeyframe == true)
        // The pictures of the second file come in later than its sound, as far as they did in the stream.
        let start = { (kind: TrackKind) in
            files[1].packets.filter { $0.kind == kind }.compactMap(\.pts).min() ?? .zero
        }
        let wanted = 3.0 + 0.0 - 2.5
        #expect(abs((start(.video) - start(.audio)).seconds - wanted) < 0.06)
    }

    @Test func aLateTrackBeginsAFile() async throws {
        let source = try await Tape.both(seconds: 8, gop: 25).live()
        let late = HostTime(seconds: 1002.5)
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.recording.begin(tracks: source.only(.video).tracks)
        var isAnnounced = false
        for packet in source.packets {
            if packet.kind == .audio, packet.arrival < late { continue }
            if packet.kind == .audio, !isAnnounced {
                isAnnounced = true
                try lab.recording.begin(tracks: source.tracks)
            }
            try lab.recording.write(packet)
        }
        try lab.recording.finish()
        let files = try lab.files()
        try #require(files.count == 2)
        #expect(files.map { $0.tracks.count } == [1, 2])
        #expect(hashes(files, .video) == source.hashes(.video))
        let heard = source.packets.filter { $0.kind == .audio && $0.arrival >= late }
        #expect(hashes(files, .audio) == heard.map { Tape.hash($0.data) })
    }

    @Test func aTrackThatIsOnlyALittleLateIsInTheFirstFile() async throws {
        let source = try await Tape.both(seconds: 4, gop: 25).live()
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.recording.begin(tracks: source.only(.video).tracks)
        for packet in source.packets where packet.kind == .video || packet.arrival > HostTime(seconds: 1000.6) {
            if packet.kind == .audio { try lab.recording.begin(tracks: source.tracks) }
            try lab.recording.write(packet)
        }
        try lab.recording.finish()
        let files = try lab.files()
        #expect(files.count == 1)
        #expect(files.first?.tracks.count == 2)
    }

    @Test func aReconnectBeginsAFileAndTheGapIsNoted() async throws {
        let source = try await Tape.both(seconds: 4, gop: 25).live()
        // The stream begins at zero again, fourteen seconds later.
        var again = source.moved(by: .zero, epoch: 1)
        for index in again.packets.indices { again.packets[index].arrival += .seconds(14) }
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(source)
        try lab.recording.interrupted(
            SluiceError(.connectionLost, "cannot play", why: "the other side closed the connection"))
        #expect(await eventually(within: .seconds(10)) { lab.recording.files.count == 1 })
        lab.recording.resumed(gap: .seconds(10))
        try lab.feed(again)
        try lab.recording.finish()
        let files = try lab.files()
        try #require(files.count == 2)
        for (file, tape) in zip(files, [source, again]) {
            #expect(file.hashes(.video) == tape.hashes(.video))
            #expect(file.hashes(.audio) == tape.hashes(.audio))
        }
        let gap = try #require(lab.recording.gaps.first)
        #expect(lab.recording.gaps.count == 1)
        #expect(gap.after == lab.recording.files[0].path)
        #expect(gap.seconds == 10)
        #expect(gap.reason == "connection_lost")
        let entries = try RecordingIndex(directory: lab.directory.path).read().entries
        #expect(entries.map(\.state) == [.complete, .complete])
        #expect(entries.first?.gaps.map(\.seconds) == [10])
        #expect(entries.map { Double($0.start.wall.nanoseconds) / 1e9 } == [1_700_000_000, 1_700_000_014])
    }

    @Test func aClockThatIsSetBackBeginsAFile() async throws {
        let source = try await Tape.both(seconds: 4, gop: 25).live()
        var again = source
        for index in again.packets.indices { again.packets[index].arrival += .seconds(4) }
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(source)
        try lab.feed(again, announce: false)
        try lab.recording.finish()
        let files = try lab.files()
        #expect(files.count == 2)
        #expect(hashes(files, .video) == source.hashes(.video) + again.hashes(.video))
        #expect(hashes(files, .audio) == source.hashes(.audio) + again.hashes(.audio))
    }

    @Test(arguments: [RecordFormat.mp4, .ts])
    func aTransportStreamTellsItsParametersInItsPackets(_ format: RecordFormat) async throws {
        let first = try await Tape.both(seconds: 4, gop: 25, isLive: true, suffix: "ts").live()
        let second = try await Tape.made(
            "-f lavfi -i testsrc2=s=128x96:r=25:d=4 -f lavfi -i sine=r=48000:d=4 -c:v libx264 -preset ultrafast "
                + "-g 25 -c:a aac -b:a 32k", as: "ts", isLive: true
        ).live().moved(by: .seconds(4))
        let lab = try RecordingLab(segment: nil, isLive: true, format: format, wall: RecordingLab.simulated)
        try lab.feed(first)
        // Nobody announces anything: it is a new SPS in the same track.
        for packet in second.packets { try lab.recording.write(packet) }
        try lab.recording.finish()
        let files = try lab.files()
        try #require(files.count == 2)
        #expect(files.map { $0.tracks.first { $0.kind == .video }?.video?.width } == [96, 128])
        #expect(files.map { $0.packets.count { $0.kind == .video } } == [100, 100])
        for file in lab.recording.files { #expect(try await complaints(file.path) == "") }
    }

    @Test func whatTheContainerCannotHoldIsLeftOutAndSaid() async throws {
        let source = try await Tape.both(seconds: 2, gop: 25)
        var tracks = source.tracks
        tracks.append(Track(id: 7, kind: .video, codec: Codec(rawValue: "vp8")))
        let lab = try RecordingLab(segment: nil, format: .flv)
        try lab.recording.begin(tracks: tracks)
        for packet in source.packets { try lab.recording.write(packet) }
        try lab.recording.finish()
        #expect(lab.report.lines.contains { $0.contains("flv has no place for vp8") })
        #expect(try lab.files().first?.hashes(.video) == source.hashes(.video))
        let none = try RecordingLab(segment: nil, format: .flv)
        let error = failure { try none.recording.begin(tracks: [tracks[tracks.count - 1]]) }
        #expect(error?.reason == .unsupportedCodec)
    }
}
