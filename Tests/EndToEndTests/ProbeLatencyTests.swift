import Model
import Synchronization
import TestSupport
import Testing

// `sluice probe --latency` against what is known otherwise: pictures decoded beside it, and delays made by hand.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct ProbeLatencyTests {
    /// Raw pictures that carry the time, pushed by sluice; what a decoder beside the probe sees is the truth.
    @Test func marks_tellWhatADecoderSees() async throws {
        let server = try await NginxRTMP.start()
        let push = try SluiceBinary.start(
            [
                "push", "-", "tone", server.url("truth"), "--input-format", "rawvideo", "--input-pix-fmt",
                "yuv420p",
                "--input-size", "640x360", "--input-fps", "30", "--preset", "ultrafast",
            ], input: .pipe)
        let camera = StampedSource(to: try #require(push.program.inputDescriptor))
        push.program.closeInput()
        #expect(await server.waitForPublisher("truth"))
        let floor = try DecodedFloor(server.url("truth"))
        #expect(await eventually(within: .seconds(15)) { floor.delays.count > 5 })
        let before = floor.delays.count
        let report = try await Diagnosis.of(server.url("truth"), 5, ["--latency"])
        let truth = Array(floor.delays.dropFirst(before))
        await floor.stop()
        camera.stop()
        let latency = try #require(report.result["latency_ms"])
        #expect(latency["method"]?.string == "sei", "\(latency)")
        #expect(truth.count > 60)
        let middle = try #require(latency["p50"]?.number)
        // The decoder and the pipe behind it take a few milliseconds of their own.
        #expect(abs(truth.median - middle) < 25, "decoded \(truth.median), told \(middle)")
        #expect((latency["error_ms"]?.number ?? -1) >= 0)
        #expect(!report.findings.contains { $0.code == "foreign_clock" }, "\(report.summary)")
    }

    private func latency(of stream: PlantedStream, _ seconds: Int) async throws -> Diagnosis {
        try await Metronome.undisturbed {
            let server = try stream.serve()
            return try await Diagnosis.of(server.url("live/cam.flv"), seconds, ["--latency"])
        }
    }

    /// Marks of a known age.
    @Test(arguments: [120.0, 1_500]) func marks_ofAKnownAge(_ age: Double) async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        stream.edit { if $0.tag.isVideo { $0.mark = .milliseconds(-age) } }
        let report = try await latency(of: stream, 4)
        let latency = try #require(report.result["latency_ms"])
        #expect(latency["method"]?.string == "sei")
        #expect(abs((latency["p50"]?.number ?? 0) - age) < 25, "\(latency)")
        #expect(report.verdict == "PASS", "\(report.summary)")
    }

    /// A server sends two and a half seconds that it has kept, at once: they are late by nobody's fault.
    @Test func cachedGOP_isLeftOut() async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        let kept = 2_500.0
        stream.resend { max(0, $0.at - kept) }
        stream.edit {
            guard $0.tag.isVideo else { return }
            $0.mark = .milliseconds(-50 - max(0, kept - Double($0.tag.timestamp)))
        }
        let report = try await latency(of: stream, 5)
        let latency = try #require(report.result["latency_ms"])
        let jitter = try #require(report.result["jitter_ms"])
        // A picture or two of the backlog may pass for live ones.
        #expect(abs((latency["p50"]?.number ?? 0) - 50) < 25 && (latency["p95"]?.number ?? 999) < 150, "\(latency)")
        #expect((jitter["p95"]?.number ?? 999) < 100, "\(jitter)")
        #expect(report.verdict == "PASS" && report.result["stalls"]?.int == 0, "\(report.summary)")
    }

    /// OBS Studio marks its key frames.
    @Test func marks_ofOBS() async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        stream.edit {
            guard $0.tag.isKeyframe else { return }
            ($0.mark, $0.isMarkedByOBS) = (.milliseconds(-700), true)
        }
        let report = try await latency(of: stream, 4)
        let latency = try #require(report.result["latency_ms"])
        #expect(latency["method"]?.string == "sei", "\(latency)")
        #expect(abs((latency["p50"]?.number ?? 0) - 700) < 25, "\(latency)")
    }

    /// Without any stamp: over the best seen. All but the first second comes 400 ms late.
    @Test func excess_isWhatThereIsWithoutMarks() async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        stream.resend { $0.at < 1_000 ? $0.at : $0.at + 400 }
        let report = try await latency(of: stream, 6)
        let latency = try #require(report.result["latency_ms"])
        #expect(latency["method"]?.string == "excess", "\(latency)")
        #expect(abs((latency["p50"]?.number ?? 0) - 400) < 60, "\(latency)")
        #expect(latency["error_ms"] != nil)
    }

    @Test func loopback_pushesAndReadsBack() async throws {
        let server = try await NginxRTMP.start()
        let url = server.url("loop")
        let run = try await SluiceBinary.run(["probe", url, "--loopback", url, "--json"], within: .seconds(25))
        let report = try Diagnosis(run)
        #expect(run.status == 0, "\(run.errors)")
        let latency = try #require(report.result["latency_ms"])
        #expect(latency["method"]?.string == "loopback", "\(latency)")
        let middle = try #require(latency["p50"]?.number)
        #expect(middle > 0 && middle < 500, "\(latency)")
        #expect(server.log.contains("publish: name='loop'"))
        // What it published it has taken away again.
        #expect(await eventually(within: .seconds(5)) { server.log.contains("deleteStream") })
    }

    @Test func expectations_decide() async throws {
        let stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        let server = try stream.serve()
        let url = server.url("live/cam.flv")
        let (good, bad) = try await Metronome.undisturbed {
            async let held = SluiceBinary.run([
                "probe", url, "-t", "4", "--json", "--expect", "video=h264,fps>=24,gop<=2s,audio=aac,width=320",
            ])
            async let broken = SluiceBinary.run([
                "probe", url, "-t", "4", "--json", "--expect", "fps>=50,video=h264",
            ])
            return (try await held, try await broken)
        }
        #expect(good.status == 0, "\(good.errors) \(good.text)")
        #expect(bad.status == 3)
        #expect(bad.error?["reason"]?.string == "verdict_fail")
        #expect(bad.errorLines.count == 1 && bad.errors.contains("fps"), "\(bad.errors)")
        let usage = try await SluiceBinary.run(["probe", url, "--expect", "nonsense>=1"])
        #expect(usage.status == 64)
    }
}

/// Pictures decoded as they arrive, each with the time since its making.
private final class DecodedFloor: Sendable {
    private let program: Program
    private let found = Mutex<[Double]>([])

    init(_ url: String, width: Int = 640, height: Int = 360) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw LabError("no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(writing) }
        // One thread at the output: ffmpeg codes raw video in frame threads, which hold a picture or two back.
        program = try Program(
            [
                "ffmpeg", "-nostdin", "-v", "error", "-flags", "low_delay", "-analyzeduration", "2000000", "-i",
                url,
                "-map", "0:v", "-fps_mode", "passthrough", "-threads", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p",
                "-",
            ], output: .descriptor(writing))
        let size = width * height * 3 / 2
        _ = NamedThread("test-floor") { [weak self] in
            var picture = [UInt8](repeating: 0, count: size)
            while true {
                var got = 0
                while got < size {
                    let count = picture.withUnsafeMutableBytes {
                        read(reading, $0.baseAddress.map { $0 + got }, size - got)
                    }
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return _ = close(reading) }
                    got += count
                }
                let now = WallTime.now()
                guard let stamp = Barcode.read(picture[...], width: width, stride: width) else { continue }
                let delay = now - WallTime(milliseconds: Int64(stamp))
                self?.found.withLock { $0.append(delay.milliseconds) }
            }
        }
    }

    /// Milliseconds, oldest first.
    var delays: [Double] { found.withLock { $0 } }
    func stop() async { await program.stop(grace: .milliseconds(200)) }
}
