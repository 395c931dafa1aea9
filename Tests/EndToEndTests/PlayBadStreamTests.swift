// `sluice play` of streams with something wrong in them, live and as files: it goes on, in bounded time and memory.
import Model
import TestSupport
import Testing

/// The same damage in every run.
struct DamageNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

/// Something wrong with a stream, from 2.5 s on unless it is everywhere.
struct BadStream: Sendable, CustomTestStringConvertible {
    var name: String
    var tape = ProbeTapes.Kind.plain
    /// Pictures of the eight seconds that are shown at least.
    var pictures = 130
    /// The decoder notices, and it is counted.
    var isDamaged = false
    /// Played as a file it may take so much longer, or not be in order enough to be one.
    var isFile = true
    var plant: @Sendable (_ stream: inout PlantedStream, _ wide: [TapeTag]) -> Void
    var testDescription: String { name }

    static let hours = 8 * 3_600_000

    static let stamps: [BadStream] = [
        .init(name: "jump of ten seconds") { stream, _ in stream.shiftStamps(from: 2_500, by: 10_000) },
        .init(name: "jump of eight hours") { stream, _ in stream.shiftStamps(from: 2_500, by: hours) },
        .init(name: "picture alone jumps eight hours") { stream, _ in
            stream.edit(from: 2_500) { if $0.tag.isVideo { $0.tag.timestamp += hours } }
        },
        .init(name: "sound alone jumps eight hours") { stream, _ in
            stream.edit(from: 2_500) { if $0.tag.isAudio { $0.tag.timestamp += hours } }
        },
        .init(name: "rollback of two seconds") { stream, _ in stream.shiftStamps(from: 2_500, by: -2_000) },
        .init(name: "back to zero, again and again") { stream, _ in
            stream.edit { $0.tag.timestamp = Int($0.at) % 1_500 }
        },
        .init(name: "back from eight hours") { stream, _ in
            stream.shiftStamps(from: 0, by: hours)
            stream.shiftStamps(from: 2_500, by: -hours)
        },
        .init(name: "stamps repeat", pictures: 60) { stream, _ in
            stream.edit(from: 2_000) { if $0.tag.isVideo { $0.tag.timestamp = $0.tag.timestamp / 120 * 120 } }
        },
        .init(name: "one stamp for all", pictures: 100, isFile: false) { stream, _ in
            stream.edit(from: 2_000) { $0.tag.timestamp = 2_000 }
        },
        .init(name: "32 bits overflow") { stream, _ in
            stream.shiftStamps(from: 0, by: (1 << 32) - 3_000)
        },
        .init(name: "DTS above PTS") { stream, _ in
            stream.edit { if $0.tag.isVideo { $0.tag.setCompositionOffset(-80) } }
        },
        .init(name: "composition offsets of hours", pictures: 100, isFile: false) { stream, _ in
            stream.edit { if $0.tag.isVideo, Int($0.at) / 40 % 7 == 3 { $0.tag.setCompositionOffset(8_000_000) } }
        },
    ]

    static let tracks: [BadStream] = [
        .init(name: "sound falls silent") { stream, _ in
            stream.items.removeAll { $0.tag.isAudio && $0.at > 2_500 }
        },
        .init(name: "holes in the sound") { stream, _ in
            stream.items.removeAll { $0.tag.isAudio && $0.tag.isMedia && Int($0.at) / 1_000 % 2 == 1 }
        },
        .init(name: "sound begins late") { stream, _ in
            stream.items.removeAll { $0.tag.isAudio && $0.tag.isMedia && $0.at < 3_000 }
        },
        .init(name: "sound half a second behind the picture") { stream, _ in
            stream.edit { if $0.tag.isAudio { $0.tag.timestamp += 500 } }
        },
        .init(name: "sound and picture drift apart") { stream, _ in
            stream.edit { if $0.tag.isAudio { $0.tag.timestamp += $0.tag.timestamp / 20 } }
        },
        .init(name: "another size in the middle") { stream, wide in
            stream.become(wide, at: 3_000)
        },
    ]

    static let contents: [BadStream] = [
        .init(name: "no frame rate") { stream, _ in stream.claim("framerate", 0) },
        .init(name: "an absurd frame rate") { stream, _ in stream.claim("framerate", 1e12) },
        .init(name: "a frame rate that is no number") { stream, _ in stream.claim("framerate", .nan) },
        .init(name: "an absurd size") { stream, _ in
            stream.claim("width", 1e9)
            stream.claim("height", -4)
        },
        .init(name: "a sample rate of zero") { stream, _ in stream.setSoundConfiguration([0x17, 0x80, 0, 0, 8]) },
        .init(name: "a sample rate of sixteen million") { stream, _ in
            stream.setSoundConfiguration([0x17, 0xFF, 0xFF, 0xFF, 0x88])
        },
        .init(name: "damaged pictures", pictures: 60, isDamaged: true) { stream, _ in
            var numbers = DamageNumbers(state: 3)
            stream.edit {
                guard $0.tag.isVideo, !$0.tag.isKeyframe, Int($0.at) / 40 % 25 == 12 else { return }
                for index in 9..<$0.tag.body.count where index % 3 == 0 {
                    $0.tag.body[index] = .random(in: 0...255, using: &numbers)
                }
            }
        },
        .init(name: "damaged lengths", pictures: 60) { stream, _ in
            stream.edit {
                if $0.tag.isVideo, Int($0.at) % 1_000 / 40 == 12 {
                    $0.tag.body.replaceSubrange(5..<9, with: [0x7F, 0xFF, 0xFF, 0xFF])
                }
            }
        },
        .init(name: "damaged sound") { stream, _ in
            var numbers = DamageNumbers(state: 4)
            stream.edit(from: 1_000) {
                guard $0.tag.isAudio, Int($0.at) / 23 % 3 == 0 else { return }
                for index in 2..<$0.tag.body.count { $0.tag.body[index] = .random(in: 0...255, using: &numbers) }
            }
        },
        .init(name: "empty tags") { stream, _ in
            stream.edit { if Int($0.at) / 40 % 10 == 3 { $0.tag.body = [] } }
        },
    ]

    static let all = stamps + tracks + contents
}

extension PlantedStream {
    /// Of AAC.
    fileprivate mutating func setSoundConfiguration(_ bytes: [UInt8]) {
        for index in items.indices where items[index].tag.isAudio && !items[index].tag.isMedia {
            items[index].tag.body.replaceSubrange(2..., with: bytes)
        }
    }
}

@Suite(.inCrowd) struct PlayBadStreamTests {
    private func stream(_ fault: BadStream) async throws -> PlantedStream {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(fault.tape))
        stream.items.removeAll { $0.at > 8_000 }
        fault.plant(&stream, try await ProbeTapes.shared.tags(.wide))
        return stream
    }

    @Test(arguments: BadStream.all, [["--nobuffer"], []])
    func live_goesOn(_ fault: BadStream, _ mode: [String]) async throws {
        let server = try await stream(fault).serve()
        let play = try SluiceBinary.start(
            ["play", server.url("live/cam.flv"), "--vo", "null", "--ao", "null", "-t", "7500ms", "--json"] + mode)
        var peak = 0
        _ = await eventually(within: .seconds(25), every: .milliseconds(250)) {
            peak = max(peak, play.program.peakBytes ?? 0)
            return !play.program.isRunning
        }
        let run = await play.finish(within: .seconds(1))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.took < .seconds(15), "\(run.took.seconds) s")
        #expect(run.result?["shown_frames"]?.int ?? 0 >= fault.pictures, "\(run.text.suffix(1_500))")
        #expect(!fault.isDamaged || run.result?["damaged_frames"]?.int ?? 0 >= 5, "\(run.text.suffix(400))")
        #expect(peak < 400 << 20, "\(peak >> 20) MiB")
        // At the end it is where the stream is.
        let status = run.events.filter { $0["event"]?.string == "status" }
        let rates = status.suffix(3).compactMap { $0["fps"]?.number }
        #expect(rates.max() ?? 0 > (fault.pictures < 130 ? 8 : 18), "\(rates)")
    }

    @Test(arguments: BadStream.all.filter(\.isFile)) func file_goesOn(_ fault: BadStream) async throws {
        let directory = try TempDirectory("bad-file")
        let stream = try await stream(fault)
        try directory.write(HandmadeFLV.file(stream.items.map(\.tag)), to: "bad.flv")
        let run = try await SluiceBinary.run(
            ["play", "bad.flv", "--vo", "null", "--ao", "null", "--json"], directory: directory,
            within: .seconds(40))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.took < .seconds(30), "\(run.took.seconds) s")
        #expect(run.result?["shown_frames"]?.int ?? 0 >= fault.pictures, "\(run.text.suffix(1_000))")
    }
}
