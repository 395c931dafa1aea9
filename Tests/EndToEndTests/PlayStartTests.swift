// The first picture of `sluice play` is there at the first key frame, whatever else of a stream is missing, late or
// wrong; and what a server's cache sends in a burst is no delay.
import Model
import TestSupport
import Testing

/// A stream that begins in its own way.
struct StartCase: Sendable, CustomTestStringConvertible {
    var name: String
    /// What comes is heard before, or without, a picture.
    var isSoundFirst = false
    var hasPicture = true
    var plant: @Sendable (_ stream: inout PlantedStream) -> Void
    var testDescription: String { name }

    static let all: [StartCase] = [
        .init(name: "picture and sound") { _ in },
        .init(name: "picture only") { stream in
            stream.flags = 1
            stream.remove(\.isAudio)
            stream.remove { $0.kind == 18 }
        },
        .init(name: "sound only", isSoundFirst: true, hasPicture: false) { stream in
            stream.flags = 4
            stream.remove(\.isVideo)
            stream.remove { $0.kind == 18 }
        },
        .init(name: "sound long before the picture", isSoundFirst: true) { stream in
            stream.items.removeAll { $0.tag.isVideo && $0.tag.isMedia && $0.at < 2_000 }
            stream.delayHeader(9, to: 1_900)
        },
        .init(name: "picture long before the sound") { stream in
            stream.items.removeAll { $0.tag.isAudio && $0.tag.isMedia && $0.at < 2_000 }
            stream.delayHeader(8, to: 1_900)
        },
        .init(name: "no metadata") { stream in stream.remove { $0.kind == 18 } },
        .init(name: "sound is claimed and never comes") { stream in stream.remove(\.isAudio) },
        .init(name: "a picture is claimed and never comes", isSoundFirst: true, hasPicture: false) { stream in
            stream.remove(\.isVideo)
        },
        .init(name: "the header knows no sound") { stream in stream.flags = 1 },
        .init(name: "the header knows no picture") { stream in stream.flags = 4 },
        .init(name: "the header knows nothing") { stream in stream.flags = 0 },
        .init(name: "script data without end, and none that says anything") { stream in
            let empty = stream.items.first { $0.tag.kind == 18 }
            for index in 0..<40 {
                guard var item = empty else { return }
                item.tag.body = [2, 0, 10] + Array("onTextData".utf8) + [3, 0, 0, 9]
                item.tag.timestamp = index * 100
                item.at = Double(index * 100)
                stream.items.append(item)
            }
            stream.items.sort { $0.at < $1.at }
        },
        .init(name: "joined in the middle of a GOP", isSoundFirst: true) { stream in
            stream.items.removeAll { $0.tag.isMedia && $0.at < 400 }
            for index in stream.items.indices where stream.items[index].tag.isMedia {
                stream.items[index].at -= 400
            }
        },
    ]
}

extension PlantedStream {
    /// The configuration of a track comes when it is first needed.
    fileprivate mutating func delayHeader(_ kind: UInt8, to milliseconds: Double) {
        for index in items.indices where items[index].tag.kind == kind && !items[index].tag.isMedia {
            items[index].at = milliseconds
            items[index].tag.timestamp = Int(milliseconds)
        }
        items.sort { $0.at < $1.at }
    }
}

@Suite(.inCrowd) struct PlayStartTests {
    /// What a debug build on a machine that does other things as well may need beyond the bar.
    private static let allowance = Span.seconds(1.5)

    @Test(arguments: StartCase.all, [["--nobuffer"], []])
    func firstPicture_isThereAtTheFirstKeyframe(_ start: StartCase, _ mode: [String]) async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        start.plant(&stream)
        let server = try stream.serve()
        let play = try SluiceBinary.start(
            ["play", server.url("live/cam.flv"), "--vo", "null", "--ao", "null", "-t", "3", "--json"] + mode)
        let run = await play.finish(within: .seconds(20))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.events.contains { $0["event"]?.string == "playback_begins" })
        let shown = run.result?["shown_frames"]?.int ?? -1
        guard start.hasPicture else { return #expect(shown == 0) }
        let key = try #require(stream.items.firstIndex { $0.tag.isMedia && $0.tag.isKeyframe })
        let sent = try #require(server.sent.first { $0.index == key + 1 }).at
        let first = play.program.startedAt + .milliseconds(run.result?["first_frame_ms"]?.number ?? 1e6)
        let bar = max(sent + .milliseconds(100), play.program.startedAt + .milliseconds(300))
        #expect(first - bar < Self.allowance, "\((first - sent).milliseconds) ms after the key frame")
        // Every picture from the key frame on, but for those of the end; nothing of an unfinished GOP.
        let expected = Int((.seconds(3) - max(.zero, first - play.program.startedAt)).seconds * 25)
        #expect(shown > (start.isSoundFirst ? 5 : expected - 40), "\(shown) pictures")
        #expect(run.result?["dropped_frames"]?.int ?? 99 < 30)
    }

    /// One key frame and then silence: whoever wants a second packet, or more to probe, shows nothing.
    @Test(arguments: [["--nobuffer"], ["--mode", "rtc"], []])
    func firstPicture_needsNothingBehindItsKeyframe(_ mode: [String]) async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        stream.items.removeAll { $0.tag.isAudio && $0.tag.isMedia && $0.at < 40 }
        let key = try #require(stream.items.firstIndex { $0.tag.isMedia })
        #expect(stream.items[key].tag.isVideo && stream.items[key].tag.isKeyframe)
        // Longer than any machine is busy.
        for index in stream.items.indices where stream.items[index].tag.isMedia && index != key {
            stream.items[index].at += 8_000
        }
        let next = try #require(stream.items.indices.first { $0 != key && stream.items[$0].tag.isMedia })
        let server = try stream.serve()
        let play = try SluiceBinary.start(
            ["play", server.url("live/cam.flv"), "--vo", "null", "--ao", "null", "--json"] + mode)
        #expect(await play.event("playback_begins", within: .seconds(20)) != nil)
        #expect(!server.sent.contains { $0.index > next }, "it waited for more")
        let run = await play.interrupt()
        #expect(run.result?["shown_frames"]?.int == 1)
    }

    /// Pictures that a server kept are decoded at once, and playback is where the stream is.
    @Test(arguments: [1_000, 3_000]) func cachedGOP_isNoDelay(cache: Int) async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(cache > 1_000 ? .overlong : .plain))
        stream.items.removeAll { $0.at > 8_800 }
        for index in stream.items.indices {
            let made = stream.items[index].at - Double(cache)
            stream.items[index].at = max(0, made)
            // When it was captured, seen from when it is sent.
            if stream.items[index].tag.isVideo, stream.items[index].tag.isMedia {
                stream.items[index].mark = .milliseconds(min(0, made))
            }
        }
        let server = try stream.serve()
        let run = try await SluiceBinary.run(
            ["play", "--nobuffer", server.url("live/cam.flv"), "--vo", "null", "--ao", "null", "-t", "4", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let delays = run.events.filter { $0["event"]?.string == "status" }.compactMap { $0["latency_ms"]?.number }
        #expect(delays.count >= 3)
        // The first line may come before that; a busy machine may spoil one.
        let late = delays.dropFirst().filter { $0 > 200 }
        #expect(late.count <= 1, "\(delays)")
        #expect(delays.last ?? 999 < 200, "\(delays)")
    }

    /// A transport stream announces its tracks in a table: one of them never comes.
    @Test func trackThatNeverDelivers_isNotWaitedFor() async throws {
        let directory = try TempDirectory("silent-track")
        try await Clips.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=6", "-f", "lavfi", "-i", "sine=duration=6", "-c:v",
            "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-streamid", "0:256", "-streamid", "1:257", directory.file("both.ts"),
        ])
        let whole = contents(ofFile: directory.file("both.ts")) ?? []
        // Packets of 188 bytes; the identifier is in 13 bits behind the first byte.
        let packets = stride(from: 0, to: whole.count - 187, by: 188).map { Array(whole[$0..<$0 + 188]) }
        let kept = packets.filter { Int($0[1] & 0x1F) << 8 | Int($0[2]) != 257 }
        #expect(kept.count < packets.count)
        let pace = 6_000 / Double(max(1, kept.count))
        let server = try TimedServer { _, _ in
            .live("video/mp2t") { index in
                kept.indices.contains(index) ? .init(at: .milliseconds(Double(index) * pace)) { kept[index] } : nil
            }
        }
        let run = try await SluiceBinary.run(
            ["play", "--nobuffer", server.url("live/cam.ts"), "--vo", "null", "--ao", "null", "-t", "3", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["first_frame_ms"]?.number ?? 1e6 < 2_500)
        #expect(run.result?["shown_frames"]?.int ?? 0 > 20)
    }
}

@Suite(.serialized, .takesTurns) struct PlayStartBarTests {
    /// The bar itself, for the start that the machine disturbed least: whatever waits idly is in each of them.
    @Test(arguments: [["--nobuffer"], ["--mode", "rtc"], []])
    func firstPicture_comesWithinTheBar(_ mode: [String]) async throws {
        let stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        let key = try #require(stream.items.firstIndex { $0.tag.isMedia && $0.tag.isKeyframe })
        var late: [Double] = []
        for _ in 1...10 {
            let server = try stream.serve()
            let play = try SluiceBinary.start(
                ["play", server.url("live/cam.flv"), "--vo", "null", "--ao", "null", "--json"] + mode)
            #expect(await play.event("playback_begins", within: .seconds(20)) != nil)
            let run = await play.interrupt()
            let sent = try #require(server.sent.first { $0.index == key + 1 }).at
            let first = play.program.startedAt + .milliseconds(run.result?["first_frame_ms"]?.number ?? 1e6)
            late.append(
                (first - max(sent + .milliseconds(100), play.program.startedAt + .milliseconds(300))).milliseconds)
            if late.last ?? 1e6 <= 0 { return }
        }
        Issue.record("ms after the bar: \(late)")
    }
}
