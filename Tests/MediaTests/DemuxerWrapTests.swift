// Clocks of 33 bits: those that wrap, and those that are only set back.
import Media
import Model
import TestSupport
import Testing

@Suite struct DemuxerWrapTests {
    private func clip(_ offset: Int, in directory: TempDirectory) throws -> String {
        let path = directory.file("\(offset).ts")
        try Fixtures.run(
            "ffmpeg -nostdin -v error -y -i \(Fixtures.clip("bbb-360p.mp4")) -t 3 -c copy "
                + "-output_ts_offset \(offset) \(path)")
        return path
    }

    /// The times of all packets, by track.
    private func times(_ demuxer: Demuxer) throws -> [Int: [MediaTime]] {
        var all: [Int: [MediaTime]] = [:]
        for packet in try Fixtures.packets(demuxer) {
            if let time = packet.dts { all[packet.track, default: []].append(time) }
        }
        return all
    }

    /// Two recordings in one file, the second with earlier times: they stay what they are.
    @Test(arguments: [false, true]) func aStepBackIsNoWrap(isLive: Bool) throws {
        let directory = try TempDirectory("step")
        let path = directory.file("step.ts")
        try Fixtures.run("cat \(clip(200, in: directory)) \(clip(100, in: directory)) > \(path)")
        let demuxer = try Fixtures.open(path) { $0.isLive = isLive }
        let all = try times(demuxer)
        #expect(all.count == 2)
        for times in all.values {
            #expect(times.allSatisfy { $0 > .zero && $0 < MediaTime(nanoseconds: 210_000_000_000) })
            let late = times.count { $0 > MediaTime(nanoseconds: 190_000_000_000) }
            #expect(late > 20 && times.count - late > 20)
        }
        if let duration = demuxer.duration { #expect(duration < .seconds(60), "\(duration)") }
    }

    /// 2³³/90000 s are 95443.7 s: the clock wraps within the clip, and the times go on.
    @Test(arguments: [95_440, 95_300]) func aWrapGoesOn(offset: Int) throws {
        let directory = try TempDirectory("wrap")
        // From far before the wrap, so that FFmpeg's reference is not near it.
        let parts = try offset == 95_440 ? clip(offset, in: directory) : joined(in: directory)
        let demuxer = try Fixtures.open(parts)
        for times in try times(demuxer).values {
            for (before, after) in zip(times, times.dropFirst()) {
                #expect(after >= before)
                #expect(after - before < .seconds(150))
            }
        }
        #expect(demuxer.duration.map { $0 < .seconds(200) } != false)
    }

    private func joined(in directory: TempDirectory) throws -> String {
        let path = directory.file("joined.ts")
        try Fixtures.run(
            "cat \(clip(95_300, in: directory)) \(clip(95_438, in: directory)) \(clip(95_444, in: directory)) "
                + "> \(path)")
        return path
    }

    @Test func seekingAfterAStepBack() throws {
        let directory = try TempDirectory("seek")
        let path = directory.file("step.ts")
        try Fixtures.run("cat \(clip(200, in: directory)) \(clip(100, in: directory)) > \(path)")
        let demuxer = try Fixtures.open(path)
        _ = try times(demuxer)
        let start = try #require(demuxer.startTime)
        for far in [100_000.0, -100_000.0] {
            try? demuxer.seek(to: start + .seconds(far))
            #expect(
                try times(demuxer).values.allSatisfy { $0.allSatisfy { $0 > .zero && $0 < start + .seconds(9) } })
        }
        try demuxer.seek(to: start)
        let again = try times(demuxer)
        for times in again.values {
            let first = try #require(times.first)
            #expect(first >= start - .seconds(1) && first < start + .seconds(1))
            #expect(times.allSatisfy { $0 > .zero && $0 < MediaTime(nanoseconds: 210_000_000_000) })
        }
    }
}
