import Model
import TestSupport
import Testing

// Peers that never come to an end, or never begin: `sluice probe` ends by itself, in bounded time and memory.
#if canImport(Glibc)
    import Glibc
#endif

enum Hostile: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// A byte of FLV each tenth of a second: never silent, never a tag.
    case drip
    /// onMetaData without end, as fast as it is taken.
    case metadata
    /// One tag of sixteen megabytes after the other.
    case huge
    /// Sound and pictures as fast as they are taken.
    case flood
    /// Zeros, as fast as they are taken.
    case zeros
    /// The headers of a stream, then silence.
    case headers
    /// Sequence headers that change each time.
    case changes

    var testDescription: String { rawValue }
    private static let header: [UInt8] = [0x46, 0x4C, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]

    /// Tags at their moments, after an FLV header.
    static func live(_ item: @escaping @Sendable (Int) -> PlantedStream.Item?) -> TimedServer.Answer {
        .live { index in
            guard index > 0 else { return .init(at: .zero) { header } }
            return item(index - 1).map { item in
                .init(at: .milliseconds(item.at)) { HandmadeFLV.bytes(item.tag) }
            }
        }
    }

    func answer(_ tape: [TapeTag]) -> TimedServer.Answer {
        let heads = tape.filter { !$0.isMedia }
        let endless = ProbeTimingTests.endless(tape)
        switch self {
        case .drip:
            let bytes = HandmadeFLV.file(heads) + [UInt8](repeating: 0, count: 10_000)
            return .live { index in .init(at: .milliseconds(Double(index) * 100)) { [bytes[index % bytes.count]] } }
        case .metadata:
            return Self.live { index in heads.first.map { .init(tag: $0, at: Double(index / 200)) } }
        case .huge:
            let opening: [UInt8] = [9, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0x27, 1, 0, 0, 0]
            let block = [UInt8](repeating: 0, count: 1 << 16)
            return .live { index in
                .init(at: .zero) {
                    index == 0
                        ? Self.header
                        : (index - 1) % 256 == 0 ? opening + block.dropFirst(opening.count - 11) : block
                }
            }
        case .flood:
            return Self.live { index in
                var item = endless(index)
                item?.at = 0
                return item
            }
        case .zeros:
            return .live { index in .init(at: .zero) { [UInt8](repeating: 0, count: 1 << 16) } }
        case .headers:
            return .live(closes: false) { index in
                index == 0 ? .init(at: .zero) { HandmadeFLV.file(heads) } : nil
            }
        case .changes:
            return Self.live { index in
                guard var head = heads.first(where: \.isVideo) else { return nil }
                // The level, which changes nothing else.
                head.body[8] = UInt8(10 + index % 40)
                head.timestamp = index
                return .init(tag: head, at: Double(index / 50))
            }
        }
    }
}

@Suite(.takesTurns) struct ProbeHostileTests {
    @Test(arguments: Hostile.allCases, [[], ["-t", "2"]])
    func hostile(_ peer: Hostile, _ options: [String]) async throws {
        let tape = try await ProbeTapes.shared.tags(.plain)
        let server = try TimedServer { _, _ in peer.answer(tape) }
        let probe = try SluiceBinary.start(
            ["probe", server.url("live/cam.flv"), "--timeout", "1500ms", "--json"] + options)
        var peak = 0
        let ended = await eventually(within: .seconds(9), every: .milliseconds(20)) {
            peak = max(peak, probe.program.peakBytes ?? 0)
            return !probe.program.isRunning
        }
        let run = await probe.finish(within: .seconds(1))
        #expect(ended, "still running after nine seconds; a time-out is 1.5 s")
        #expect(run.events.last?["event"]?.string == "result", "\(run.text)")
        #expect([0, 65, 69, 74, 75].contains(run.status), "\(run.errors)")
        if run.status != 0 {
            #expect(run.errorLines.count == 1, "\(run.errors)")
            #expect(run.error?["reason"]?.string != "internal")
        }
        if peer == .flood { #expect(run.status == 0, "\(run.errors)") }
        // 60 MiB before anything has come, 93 with tags of 16 MiB: seen on Debian 12.
        #expect(peak < 150 << 20, "\(peak >> 20) MiB")
        #expect(run.errors.count < 20_000 && run.text.count < 200_000, "it does not repeat itself")
    }

    @Test func silence_overRTMP() async throws {
        for behaviour in [ScriptedServer.Behaviour.silence, .rtmpHandshake] {
            let server = try await ScriptedServer.start(behaviour)
            let run = try await SluiceBinary.run([
                "probe", "rtmp://127.0.0.1:\(server.port)/live/x", "--json", "--timeout", "1500ms",
            ])
            expectNoStream(run, 75, "timeout", within: .seconds(4))
        }
    }

    @Test(arguments: ["x.flv", "x.m3u8", "x.ts"]) func silence_overHTTP(path: String) async throws {
        let server = try await ScriptedServer.start(.silence)
        let run = try await SluiceBinary.run([
            "probe", "http://127.0.0.1:\(server.port)/\(path)", "--json", "--timeout", "1500ms",
        ])
        expectNoStream(run, 75, "timeout", within: .seconds(4))
    }

    @Test func whatIsNotThere() async throws {
        let closed = "127.0.0.1:\(try FreePort.tcp())"
        let missing = try TimedServer { _, _ in .missing }
        let cases: [(String, Int32, String)] = [
            ("rtmp://\(closed)/live/x", 69, "refused"), ("http://\(closed)/x.flv", 69, "refused"),
            (missing.url("x.flv"), 69, "not_live"), (missing.url("x.m3u8"), 69, "not_live"),
            ("/no/such/file.mp4", 66, "no_input"), ("rtmp://no-such-host.invalid/live/x", 68, "unknown_host"),
        ]
        for (url, status, reason) in cases {
            let run = try await SluiceBinary.run(["probe", url, "--json", "--timeout", "4"])
            expectNoStream(run, status, reason, within: .seconds(8))
        }
    }
}
