// What a fragmented file must keep wherever its fragments end: each packet, at its own time.
import Model
import Recorder
import TestSupport
import Testing

@Suite struct FragmentTests {
    /// As RTMP brings them: a packet does not tell how long it lasts, and times are whole milliseconds.
    private func withoutLengths(_ tape: Tape) -> Tape {
        var copy = tape
        for index in copy.packets.indices {
            copy.packets[index].duration = nil
            copy.packets[index].pts = copy.packets[index].pts.map {
                MediaTime(seconds: ($0.seconds * 1000).rounded() / 1000)
            }
            copy.packets[index].dts = copy.packets[index].dts.map {
                MediaTime(seconds: ($0.seconds * 1000).rounded() / 1000)
            }
        }
        return copy
    }

    /// The sender, or the process, rests after each of these packets, long enough to end the fragment.
    private func resting(_ tape: Tape, after indices: Set<Int>) -> Tape {
        var copy = tape
        var rests = Span.zero
        for index in copy.packets.indices {
            copy.packets[index].arrival += rests
            if indices.contains(index) { rests += .milliseconds(500) }
        }
        return copy
    }

    private func expectKept(_ tape: Tape, _ file: Tape, _ note: String) {
        for kind in [TrackKind.video, .audio] {
            #expect(file.hashes(kind) == tape.hashes(kind), "\(kind), \(note)")
            let times = { (tape: Tape) in tape.packets.filter { $0.kind == kind }.compactMap(\.pts) }
            let (mine, theirs) = (times(file), times(tape))
            guard mine.count == theirs.count, let a = mine.first, let b = theirs.first else { continue }
            let worst = zip(mine, theirs).map { (($0 - a) - ($1 - b)).magnitude }.max() ?? .zero
            #expect(worst <= .milliseconds(2), "\(kind), \(note): a packet is \(worst.milliseconds) ms off")
        }
    }

    @Test(arguments: [RecordFormat.mp4, .mkv]) func aFragmentOfOnePacket(format: RecordFormat) async throws {
        let source = withoutLengths(try await Tape.both(seconds: 3, gop: 25, isLive: true, suffix: "flv")).live()
        for rest in 1...6 {
            let tape = resting(source, after: Set(0...rest))
            let lab = try RecordingLab(
                segment: nil, isLive: true, format: format, wall: RecordingLab.simulated)
            try lab.feed(tape)
            try lab.recording.finish()
            expectKept(tape, try #require(try lab.files().first), "\(rest) rests")
        }
    }

    @Test func fragmentsThatEndAnywhere() async throws {
        let source = withoutLengths(try await Tape.both(seconds: 6, gop: 25, isLive: true, suffix: "flv")).live()
        for seed in 1...12 as ClosedRange<UInt64> {
            var dice = Dice(seed &* 7919)
            let rests = Set((0..<40).map { _ in Int.random(in: 0..<source.packets.count, using: &dice) })
            let tape = resting(source, after: rests)
            let lab = try RecordingLab(
                segment: seed % 2 == 0 ? .seconds(1) : nil, isLive: true, wall: RecordingLab.simulated)
            try lab.feed(tape)
            try lab.recording.finish()
            let files = try lab.files()
            for kind in [TrackKind.video, .audio] {
                #expect(files.flatMap { $0.hashes(kind) } == tape.hashes(kind), "\(kind), seed \(seed)")
            }
            if files.count == 1, let file = files.first { expectKept(tape, file, "seed \(seed)") }
        }
    }
}
