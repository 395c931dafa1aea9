// What playlists say about a stream, and what becomes of their dates: a live playlist, written by hand around
// segments whose times are known.
import Intake
import Model
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct HLSFactTests {
    /// Segments of one second as ffmpeg makes them, and the times of their first pictures as ffprobe sees them.
    private struct Clip {
        var segments: [String]
        var starts: [MediaTime]
        var map: String?
    }

    /// 2026-11-21T12:00:00Z.
    private static let noon = WallTime(nanoseconds: 1_795_262_400_000_000_000)

    private func clip(_ directory: String, fragmented: Bool = false, offset: Double = 100) async throws -> Clip {
        let suffix = fragmented ? "m4s" : "ts"
        let mark = "\(Int(offset))"
        let names = (0..<5).map { "\(mark)-\($0).\(suffix)" }
        let kind = fragmented ? ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "\(mark)-init.mp4"] : []
        try await Fixture.ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
                + [
                    "-t", "5", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-sc_threshold",
                    "0",
                ]
                + ["-c:a", "aac", "-output_ts_offset", "\(offset)", "-f", "hls", "-hls_time", "1"] + kind
                + ["-hls_list_size", "0", "-hls_segment_filename", "\(directory)/\(mark)-%d.\(suffix)"]
                + ["\(directory)/\(mark)-made.m3u8"])
        let lines = try await Fixture.run([
            "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of",
            "csv=p=0", "\(directory)/\(mark)-made.m3u8",
        ])
        let starts = lines.split(separator: "\n").filter { $0.contains(",K") }.compactMap { line in
            line.split(separator: ",").first.flatMap { Double($0) }.map { MediaTime(seconds: $0) }
        }
        try #require(starts.count == 5)
        return Clip(segments: names, starts: starts, map: fragmented ? "\(mark)-init.mp4" : nil)
    }

    private func playlist(_ lines: [String], map: String? = nil, first: Int = 0, ended: Bool = false) -> String {
        var head = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:1", "#EXT-X-MEDIA-SEQUENCE:\(first)"]
        if let map { head.append("#EXT-X-MAP:URI=\"\(map)\"") }
        return (head + lines + (ended ? ["#EXT-X-ENDLIST", ""] : [""])).joined(separator: "\n")
    }

    /// Dates a quarter of a second after the full one, so that nothing fits by accident.
    private func entry(_ name: String, _ second: Int?) -> [String] {
        let date = second.map { ["#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:0\($0).250Z"] } ?? []
        return date + ["#EXTINF:1.0,", name]
    }

    private func dates(_ tape: SourceTape) -> [(media: MediaTime, wall: WallTime)] {
        tape.facts.compactMap { if case .programDate(let media, let wall) = $0 { (media, wall) } else { nil } }
    }

    @Test(arguments: [false, true])
    func datesOfSegments_meetTheFirstPicture(fragmented: Bool) async throws {
        let server = try await NginxRTMP.start()
        let clip = try await clip(server.hlsDirectory, fragmented: fragmented)
        let path = server.hlsDirectory + "/cam.m3u8"
        let all = clip.segments.enumerated().map { entry($1, $0) }
        try Fixture.replace(path, playlist(Array(all[..<2].joined()), map: clip.map))
        let tape = try SourceTape(server.playlist("cam"))
        #expect(await tape.tells { if case .playlist(let list) = $0 { !list.isNew } else { false } })
        try Fixture.replace(path, playlist(Array(all[1..<4].joined()), map: clip.map, first: 1))
        #expect(
            await tape.tells {
                if case .playlist(let list) = $0 { list.segmentDurations.count == 3 } else { false }
            })
        try Fixture.replace(path, playlist(Array(all[1...].joined()), map: clip.map, first: 1, ended: true))
        #expect(await tape.ends())
        let found = dates(tape)
        #expect(found.map(\.wall) == (1...4).map { Self.noon + .seconds(Double($0) + 0.25) })
        for (date, start) in zip(found, clip.starts.dropFirst()) {
            #expect((date.media - start).magnitude < .milliseconds(1), "\(date.media.seconds) for \(start.seconds)")
        }
        // The packets that follow a date are those of its segment.
        let pictures = tape.packets.filter { $0.kind == .video }
        for date in found { #expect(pictures.contains { $0.isKeyframe && $0.pts == date.media }) }
        checkArrivals(tape)
        #expect(tape.end == .some(nil))
    }

    /// All packets of a segment arrive at one moment, which is before they are read; segments one after the other.
    private func checkArrivals(_ tape: SourceTape) {
        var arrivals: [HostTime] = []
        for entry in tape.entries {
            guard case .packet(let packet) = entry.event else { continue }
            #expect(packet.arrival <= entry.at)
            if arrivals.last != packet.arrival { arrivals.append(packet.arrival) }
        }
        #expect(arrivals.count == 4 && arrivals == arrivals.sorted(), "\(arrivals)")
        #expect(tape.facts.contains { if case .firstByte(let at) = $0 { at <= arrivals[0] } else { false } })
    }

    @Test func aCut_movesTheDatesWithThePackets() async throws {
        let server = try await NginxRTMP.start()
        let first = try await clip(server.hlsDirectory)
        let second = try await clip(server.hlsDirectory, offset: 7)
        let path = server.hlsDirectory + "/cam.m3u8"
        try Fixture.replace(path, playlist(entry(first.segments[0], 0)))
        let tape = try SourceTape(server.playlist("cam"))
        #expect(await tape.holds(packets: 10))
        let lines =
            entry(first.segments[0], 0) + ["#EXT-X-DISCONTINUITY"] + entry(second.segments[0], 3)
            + entry(second.segments[1], nil)
        try Fixture.replace(path, playlist(lines, ended: true))
        #expect(await tape.ends())
        let found = dates(tape)
        #expect(
            found.map(\.wall) == [0, 3, 4].map { Self.noon + .seconds($0 + 0.25) }, "the last one is counted on")
        try #require(found.count == 3)
        let steps = zip(found.dropFirst(), found).map { ($0.media - $1.media).seconds }
        #expect(steps.allSatisfy { $0 > 0.9 && $0 < 1.1 }, "one timeline: \(steps)")
        let cut = tape.facts.firstIndex(of: .cut)
        let dated = tape.facts.firstIndex {
            if case .programDate(_, let wall) = $0 { wall == found[1].wall } else { false }
        }
        #expect(cut != nil && (cut ?? 9999) < (dated ?? 0))
        let lists = tape.facts.compactMap { if case .playlist(let list) = $0 { list } else { nil } }
        #expect(lists.first?.discontinuities == 0 && lists.last?.discontinuities == 1)
    }

    @Test func playlists_tellTheirFigures() async throws {
        let server = try await NginxRTMP.start()
        let clip = try await clip(server.hlsDirectory)
        let now = WallTime.now()
        // A list whose last segment ended five seconds ago.
        let date = try await Fixture.run(["date", "-u", "-d", "@\(Int((now - .seconds(6)).seconds))", "+%FT%TZ"])
        let lines = ["#EXT-X-PROGRAM-DATE-TIME:\(date.prefix { $0 != "\n" })", "#EXTINF:1.0,", clip.segments[0]]
        try Fixture.replace(server.hlsDirectory + "/low.m3u8", playlist(lines))
        try Fixture.replace(
            server.hlsDirectory + "/all.m3u8",
            """
            #EXTM3U
            #EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=160x120,CODECS="avc1.64000a,mp4a.40.2"
            low.m3u8
            #EXT-X-STREAM-INF:RESOLUTION=80x60
            lower.m3u8

            """)
        let tape = try SourceTape(server.playlist("all"))
        #expect(await tape.tells { if case .programDate = $0 { true } else { false } })
        let facts = tape.facts
        guard case .reached = facts[0] else {
            Issue.record("\(facts)")
            return
        }
        #expect(
            facts[1]
                == .variants([
                    VariantFacts(bandwidth: 800_000, width: 160, height: 120, codecs: "avc1.64000a,mp4a.40.2"),
                    VariantFacts(bandwidth: nil, width: 80, height: 60, codecs: nil),
                ]))
        guard case .playlist(let list) = facts[2] else {
            Issue.record("\(facts)")
            return
        }
        #expect(list.targetDuration == .seconds(1) && list.segmentDurations == [.seconds(1)] && list.isNew)
        #expect(!list.isEnded && list.discontinuities == 0)
        let age = list.edgeAge ?? .zero
        #expect(age >= .seconds(5) && age < .seconds(8), "\(age.seconds)")
    }
}
