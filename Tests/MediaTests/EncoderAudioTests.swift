import Media
import Model
import Testing

@Suite struct EncoderAudioTests {
    private func tone(
        _ blocks: Int, _ format: AudioFormat = AudioFormat(sampleRate: 48_000, channels: 2, sample: .int16)
    )
        throws -> [Frame]
    {
        let tone = try Tone(format: format)
        return try (0..<blocks).map { try tone.frame(at: $0) }
    }

    private func samples(_ frames: [Frame]) throws -> [Float] {
        let resampler = try Resampler(output: Bench.stereo48)
        var all: [Float] = []
        for frame in frames { all += try resampler.floats(frame) }
        return all
    }

    @Test(arguments: [Codec.aac, .opus])
    func aToneComesBackWhole(_ codec: Codec) throws {
        let frames = try tone(94)
        let encoder = try AudioEncoder(.init(codec: codec), inputRate: 48_000, trackID: 3)
        let packets = try Bench.encode(encoder, frames)
        let size = codec == .aac ? 1024 : 960
        #expect(packets.first?.pts == .zero)
        for (index, packet) in packets.enumerated() {
            let expected = Int64(index * size) * 1_000_000_000
            let pts = try #require(packet.pts)
            // Counted, not added up: never more than half a nanosecond off.
            #expect(abs(pts.nanoseconds * 48_000 - expected) <= 24_000)
            #expect(packet.track == 3 && packet.isKeyframe && packet.dts == packet.pts)
        }
        #expect(encoder.track.codec == codec)
        #expect(encoder.track.audio?.sampleRate == 48_000)
        #expect(encoder.track.audio?.channels == 2)
        #expect(!encoder.track.configuration.isEmpty)
        let total = packets.count * size
        #expect(total >= 94 * 1024 && total < 94 * 1024 + 2 * size)
        let sound = try samples(Bench.decode(encoder.track, packets))
        let middle = Array(sound[20_000..<160_000])
        #expect(abs(Bench.frequency(middle, channels: 2, rate: 48_000) - 440) < 0.5)
        #expect(abs(Bench.peak(middle) - 0.126) < 0.02)
    }

    /// What begins at a given time is heard at that time.
    @Test(arguments: [(Codec.aac, 3.0), (.opus, 9.0)])
    func soundStaysInStep(_ codec: Codec, _ tolerance: Double) throws {
        let format = AudioFormat(sampleRate: 48_000, channels: 2, sample: .floatPlanar)
        let silence = Silence(format: format)
        let tone = try Tone(level: -6, format: format)
        let frames = try (0..<60).map { try $0 < 30 ? silence.frame(at: $0) : tone.frame(at: $0) }
        let encoder = try AudioEncoder(.init(codec: codec), inputRate: 48_000)
        let decoded = try Bench.decode(encoder.track, Bench.encode(encoder, frames))
        var onset: Double?
        for frame in decoded where onset == nil {
            let sound = try samples([frame])
            if let index = sound.firstIndex(where: { abs($0) > 0.25 }) {
                onset = (frame.pts?.seconds ?? -1) + Double(index / 2) / 48_000
            }
        }
        let expected = 30.0 * 1024 / 48_000
        #expect(abs((onset ?? 0) - expected) * 1000 < tolerance, "\(((onset ?? 0) - expected) * 1000) ms")
    }

    @Test(arguments: [(44_100, 44_100), (48_000, 48_000), (32_000, 48_000), (96_000, 48_000)])
    func rateIsKeptWhereItIsUsual(_ input: Int, _ output: Int) throws {
        let frames = try tone(60, AudioFormat(sampleRate: input, channels: 6, sample: .floatPlanar))
        let encoder = try AudioEncoder(.init(), inputRate: input)
        let packets = try Bench.encode(encoder, frames)
        #expect(encoder.track.audio?.sampleRate == output)
        #expect(encoder.track.audio?.channels == 2)
        let seconds = Double(packets.count * 1024) / Double(output)
        #expect(abs(seconds - 60 * 1024 / Double(input)) < 0.05)
    }

    @Test func jitterIsIgnoredAndGapsAreFilled() throws {
        let frames = try tone(100)
        let moved = try frames.enumerated().map { index, frame in
            // 30 ms of jitter everywhere, and half a second missing from block 50 on.
            let jitter = Span.milliseconds(index % 2 == 0 ? 30 : 0)
            let gap = index >= 50 ? Span.milliseconds(500) : .zero
            return try frame.retimed(pts: frame.pts.map { $0 + jitter + gap }, duration: nil)
        }
        let encoder = try AudioEncoder(.init(), inputRate: 48_000)
        let packets = try Bench.encode(encoder, moved)
        #expect(encoder.corrections == 1)
        let steps = Set(zip(packets, packets.dropFirst()).map { ($1.pts ?? .zero) - ($0.pts ?? .zero) })
        #expect(steps.allSatisfy { ($0 - Span(nanoseconds: 21_333_333)).magnitude <= Span(nanoseconds: 1) })
        let seconds = Double(packets.count * 1024) / 48_000
        #expect(abs(seconds - (100 * 1024 / 48_000.0 + 0.5)) < 0.06, "\(seconds)")
    }

    @Test func overlapsAreCut() throws {
        let frames = try tone(100)
        let moved = try frames.enumerated().map { index, frame in
            try frame.retimed(
                pts: frame.pts.map { index >= 50 ? $0 - .milliseconds(300) : $0 }, duration: nil)
        }
        let encoder = try AudioEncoder(.init(), inputRate: 48_000)
        let packets = try Bench.encode(encoder, moved)
        #expect(encoder.corrections == 1)
        let seconds = Double(packets.count * 1024) / 48_000
        #expect(abs(seconds - (100 * 1024 / 48_000.0 - 0.3)) < 0.05, "\(seconds)")
    }

    @Test func aFarJumpStartsTheCountAnew() throws {
        let start = MediaTime(milliseconds: 5000)
        let moved = try tone(60).enumerated().map { index, frame in
            try frame.retimed(
                pts: frame.pts.map { start + ($0 - .zero) + (index >= 30 ? .seconds(3600) : .zero) }, duration: nil)
        }
        let encoder = try AudioEncoder(.init(), inputRate: 48_000)
        let packets = try Bench.encode(encoder, moved)
        #expect(packets.first?.pts == start)
        let jump = try #require(packets.first { ($0.pts ?? .zero) > MediaTime(milliseconds: 100_000) }?.pts)
        #expect(jump == moved[30].pts)
    }

    /// A decoder's infinities must not end a broadcast.
    @Test func damagedSoundIsSurvived() throws {
        let encoder = try AudioEncoder(.init(), inputRate: 48_000)
        let good = try tone(20, AudioFormat(sampleRate: 48_000, channels: 2, sample: .floatPlanar))
        for value in ["0/0", "1/0", "-1/0", "1e30"] {
            let graph = try FilterGraph(.audio, "aeval='if(eq(n,500),\(value),val(0))|val(1)'")
            try graph.push(good[0])
            let bad = try #require(try graph.pull())
            try encoder.send(bad.retimed(pts: nil, duration: nil))
        }
        let packets = try Bench.encode(encoder, good.map { try $0.retimed(pts: nil, duration: nil) })
        let decoded = try Bench.decode(encoder.track, packets)
        let sound = try samples(Array(decoded.suffix(10)))
        #expect(abs(Bench.frequency(sound, channels: 2, rate: 48_000) - 440) < 2)
    }

    @Test func theLastFrameIsPaddedNotLost() throws {
        let encoder = try AudioEncoder(.init(), inputRate: 48_000)
        let frames = try tone(1, AudioFormat(sampleRate: 44_100, channels: 1, sample: .float))
        #expect(try Bench.encode(encoder, frames).count >= 2)
        let nothing = try AudioEncoder(.init(), inputRate: 48_000)
        #expect(try Bench.encode(nothing, []).isEmpty)
    }

    @Test func whatCannotBeIsTold() {
        #expect(
            #expect(throws: SluiceError.self) { try AudioEncoder(.init(codec: .mp3), inputRate: 48_000) }?.reason
                == .usage)
        var odd = AudioEncoder.Settings()
        odd.sampleRate = 12_345
        #expect(#expect(throws: SluiceError.self) { try AudioEncoder(odd, inputRate: 48_000) }?.reason == .usage)
    }

    @Test func twoHundredEncodersLeaveNothing() throws {
        let frames = try tone(4)
        let isFlat = try Bench.isFlat {
            let encoder = try AudioEncoder(.init(), inputRate: 48_000)
            for frame in frames { try encoder.send(frame) }
        }
        #expect(isFlat)
    }
}
