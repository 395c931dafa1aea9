// Key frames, frame rates, B-frames and bit rates.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct PictureFindingTests {
    @Test(arguments: [(12.0, Severity.fail), (5, .warn)]) func noKeyframe(_ seconds: Double, _ severity: Severity)
        throws
    {
        let stream = MadeStream(seconds: seconds) {
            var packet = $0
            if packet.kind == .video { packet.isKeyframe = false }
            return packet
        }
        let finding = try #require(try stream.findings()["no_keyframe"])
        #expect(finding.severity == severity)
        #expect(finding.number("from_s") == 0 && (finding.number("to_s") ?? 0) > seconds - 0.1)
    }

    @Test func overlongGOP() throws {
        let findings = try MadeStream(seconds: 30, gop: 300).findings()
        let finding = try #require(findings["gop_long"])
        #expect(finding.severity == .warn && finding.number("gop_s") == 12 && finding.number("at_s") == 0)
        // The default of x264 is long, and no fault.
        #expect(try MadeStream(seconds: 25, gop: 250).findings()["gop_long"]?.severity == .info)
        #expect(try MadeStream(seconds: 20, gop: 100).findings()["gop_long"] == nil)
    }

    @Test func overlongGOP_thatIsNotOver() throws {
        let finding = try #require(try MadeStream(seconds: 12, gop: 1000).findings()["gop_long"])
        #expect(finding.severity == .warn && finding.message.contains("at least"))
        #expect(((finding.number("gop_s") ?? 0) - 11.96).magnitude < 0.001)
    }

    private func stream(keyframesAt places: Set<Int>, seconds: Double) -> MadeStream {
        MadeStream(seconds: seconds, gop: 100_000) {
            var packet = $0
            if packet.kind == .video { packet.isKeyframe = places.contains(Int((packet.second * 25).rounded())) }
            return packet
        }
    }

    @Test func irregularGOP() throws {
        let short = try stream(keyframesAt: [0, 25, 35, 75, 100], seconds: 6).findings()
        let finding = try #require(short["gop_irregular"])
        #expect(finding.severity == .info)
        #expect(finding.number("min_s") == 0.4 && finding.number("max_s") == 1.6 && finding.number("gops") == 4)
        let long = try stream(keyframesAt: [0, 25, 35, 160, 185], seconds: 8).findings()
        #expect(long["gop_irregular"]?.severity == .warn)
        // A picture more or less is no irregularity; and two GOPs are no rule.
        #expect(try stream(keyframesAt: [0, 25, 51, 75, 101], seconds: 6).findings()["gop_irregular"] == nil)
        #expect(try stream(keyframesAt: [0, 25, 85], seconds: 6).findings()["gop_irregular"] == nil)
    }

    private func claims(_ rate: Double) -> SourceEvent {
        var claims = StreamClaims()
        claims.frameRate = rate
        return .fact(.claims(claims))
    }

    @Test func frameRateUnlikeTheDeclared() throws {
        var stream = MadeStream()
        stream.insert(claims(30))
        let finding = try #require(try stream.findings()["frame_rate"])
        #expect(finding.severity == .warn)
        #expect(finding.number("measured_fps") == 25 && finding.number("declared_fps") == 30)
        var near = MadeStream()
        near.insert(claims(25.2))
        #expect(try near.findings()["frame_rate"] == nil)
        // Claimed by the parameter set alone, and twice as much: it counts fields.
        var fields = MadeStream()
        var track = MadeStream.videoTrack
        track.video?.frameRate = Rational(50, 1)
        #expect(try fields.findings()["frame_rate"] == nil)
        fields.events[1] = .tracks([track, MadeStream.audioTrack])
        #expect(try fields.findings()["frame_rate"]?.severity == .info)
        var claimed = MadeStream()
        claimed.insert(claims(50))
        #expect(try claimed.findings()["frame_rate"]?.severity == .warn)
    }

    /// Puts every picture but each third off by `delay`, in the manner of I-B-P.
    private func reordered(_ delay: Span, live: SourceDescription = .init(transport: "rtmp", isLive: true))
        -> MadeStream
    {
        var stream = MadeStream(description: live) {
            var packet = $0
            guard packet.kind == .video else { return packet }
            let isB = Int((packet.second * 25).rounded()) % 3 == 2
            packet.pts = packet.dts.map { isB ? $0 : $0 + delay }
            return packet
        }
        var track = MadeStream.videoTrack
        track.video?.reorderDepth = 2
        stream.events[1] = .tracks([track, MadeStream.audioTrack])
        return stream
    }

    @Test func bFrames() throws {
        let usual = try reordered(.milliseconds(80)).report()
        #expect(usual.findings["b_frames"]?.severity == .info)
        #expect(usual.findings["b_frames"]?.number("reorder_ms") == 80)
        #expect(usual.verdict == .pass)
        #expect(try reordered(.milliseconds(600)).findings()["b_frames"]?.severity == .warn)
        let file = SourceDescription(transport: "file", isLive: false)
        let segments = SourceDescription(transport: "hls", isLive: true, isSegmented: true)
        #expect(try reordered(.milliseconds(600), live: file).findings()["b_frames"] == nil)
        #expect(try reordered(.milliseconds(600), live: segments).findings()["b_frames"] == nil)
    }

    @Test func whetherThereAreBFrames() {
        var observer = ReorderObserver()
        #expect(observer.hasBFrames(declared: nil) == nil)
        #expect(observer.hasBFrames(declared: 0) == false)
        for index in 0..<20 { observer.add(MadeStream.picture(index, isKeyframe: index == 0, bytes: 100)) }
        #expect(observer.hasBFrames(declared: nil) == false)
        #expect(observer.hasBFrames(declared: 2) == false)
        // One picture that waits for its B-frames.
        var first = ReorderObserver()
        var packet = MadeStream.picture(0, isKeyframe: true, bytes: 100)
        packet.pts = packet.pts.map { $0 + .milliseconds(80) }
        first.add(packet)
        #expect(first.hasBFrames(declared: 2) == true)
        #expect(first.hasBFrames(declared: nil) == nil)
    }

    /// Pictures of this share of their bytes from a moment on.
    private func scaled(_ factor: Double, from start: Double, to end: Double = 100, bytes: Int = 10_000)
        -> MadeStream
    {
        MadeStream(seconds: 8, bytes: bytes) {
            var packet = $0
            guard packet.kind == .video, (start..<end).contains(packet.second) else { return packet }
            let count = max(6, Int(Double(packet.data.count) * factor))
            let slice: [UInt8] = [packet.data[4]] + [UInt8](repeating: 0x88, count: count - 5)
            packet.data = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: slice.count >> $0) } + slice
            return packet
        }
    }

    @Test func bitrateCollapse() throws {
        let finding = try #require(try scaled(0.05, from: 4).findings()["bitrate_collapse"])
        #expect(finding.severity == .warn && (finding.number("at_s") ?? 0) >= 4)
        #expect((finding.number("kbps") ?? 9e9) < (finding.number("usual_kbps") ?? 0) * 0.2)
        #expect(try scaled(0.5, from: 4).findings()["bitrate_collapse"] == nil)
        // What was never steady cannot collapse.
        #expect(try MadeStream(seconds: 8) { self.uneven($0) }.findings()["bitrate_collapse"] == nil)
    }

    private func uneven(_ packet: Packet) -> Packet {
        var packet = packet
        guard packet.kind == .video, Int(packet.second) % 2 == 1 else { return packet }
        packet.data = [0, 0, 0, 2, packet.data[4], 0x88]
        return packet
    }

    @Test func bitrateBurst() throws {
        let finding = try #require(try scaled(6, from: 4, to: 5).findings()["bitrate_burst"])
        #expect(finding.severity == .warn && finding.number("at_s") == 4)
        #expect(try scaled(3, from: 4, to: 5).findings()["bitrate_burst"]?.severity == .info)
        #expect(try scaled(1.8, from: 4, to: 5).findings()["bitrate_burst"] == nil)
        // After black the picture costs what it costs.
        #expect(try scaled(6, from: 4, to: 5, bytes: 200).findings()["bitrate_burst"] == nil)
    }
}
