import Media
import Model
import Testing

@Suite struct ResamplerTests {
    private func tone(_ rate: Int, _ channels: Int, _ sample: SampleKind, blocks: Int) throws -> [Frame] {
        let tone = try Tone(format: AudioFormat(sampleRate: rate, channels: channels, sample: sample))
        return try (0..<blocks).map { try tone.frame(at: $0) }
    }

    @Test(arguments: [(44_100, SampleKind.int16), (48_000, .floatPlanar), (32_000, .int16Planar), (96_000, .float)])
    func everyInputBecomesTheSameTone(_ rate: Int, _ sample: SampleKind) throws {
        let resampler = try Resampler(output: Bench.stereo48)
        var samples: [Float] = []
        let blocks = rate / 1024
        for frame in try tone(rate, 2, sample, blocks: blocks) { samples += try resampler.floats(frame) }
        samples += try resampler.flushFloats()
        let expected = blocks * 1024 * 48_000 / rate
        #expect(abs(samples.count / 2 - expected) <= 40)
        #expect(abs(Bench.frequency(samples, channels: 2, rate: 48_000) - 440) < 0.5)
        #expect(abs(Bench.peak(samples) - 0.1259) < 0.004)
    }

    /// All six channels at one level come out at that level: the mix is scaled, so it cannot clip.
    @Test func sixChannelsAreMixedWithoutClipping() throws {
        let loud = try Tone(level: 0, format: AudioFormat(sampleRate: 48_000, channels: 6, sample: .floatPlanar))
        let resampler = try Resampler(output: Bench.stereo48)
        var samples: [Float] = []
        for index in 0..<20 { samples += try resampler.floats(loud.frame(at: index)) }
        let peak = Bench.peak(samples)
        #expect(peak > 0.98 && peak < 1.001, "peak \(peak)")
    }

    @Test func integersComeOutToo() throws {
        let resampler = try Resampler(output: AudioFormat(sampleRate: 48_000, channels: 1, sample: .int16))
        var samples: [Int16] = []
        for frame in try tone(48_000, 2, .floatPlanar, blocks: 10) { samples += try resampler.int16s(frame) }
        #expect(samples.count == 10_240)
        #expect(abs(Int(samples.max() ?? 0) - 4125) < 30)
        let frame = try #require(try tone(48_000, 2, .float, blocks: 1).first)
        #expect(throws: SluiceError.self) { try resampler.floats(frame) }
    }

    @Test func formatMayChangeInMidStream() throws {
        let resampler = try Resampler(output: Bench.stereo48)
        var samples: [Float] = []
        for frame in try tone(44_100, 2, .int16, blocks: 43) { samples += try resampler.floats(frame) }
        for frame in try tone(48_000, 1, .float, blocks: 47) { samples += try resampler.floats(frame) }
        for frame in try tone(22_050, 6, .floatPlanar, blocks: 21) { samples += try resampler.floats(frame) }
        samples += try resampler.flushFloats()
        let expected = 43 * 1024 * 48_000 / 44_100 + 47 * 1024 + 21 * 1024 * 48_000 / 22_050
        #expect(abs(samples.count / 2 - expected) <= 120)
    }

    @Test func framesTellTheTimeOfTheirFirstSample() throws {
        let resampler = try Resampler(output: AudioFormat(sampleRate: 48_000, channels: 2, sample: .floatPlanar))
        var expected: MediaTime?
        for frame in try tone(44_100, 2, .int16, blocks: 40) {
            guard let out = try resampler.convert(frame) else { continue }
            let pts = try #require(out.pts)
            if let expected { #expect((pts - expected).magnitude < .microseconds(30)) }
            expected = pts + Span(seconds: Double(out.sampleCount) / 48_000)
        }
        #expect(try resampler.flush() != nil)
        #expect(resampler.delay == .zero)
    }

    @Test(arguments: [480, -480])
    func compensationChangesTheCountAsAsked(_ delta: Int) throws {
        let resampler = try Resampler(output: Bench.stereo48)
        var count = 0
        let frames = try tone(48_000, 2, .float, blocks: 94)
        for (index, frame) in frames.enumerated() {
            if index == 1 { try resampler.compensate(samples: delta, over: 48_000) }
            count += try resampler.floats(frame).count / 2
        }
        count += try resampler.flushFloats().count / 2
        #expect(abs(count - 94 * 1024 - delta) <= 40, "\(count - 94 * 1024)")
    }

    @Test(arguments: [0.002, -0.004])
    func rateCorrectionGoesOnUntilItIsEnded(_ correction: Double) throws {
        let resampler = try Resampler(output: Bench.stereo48)
        var samples: [Float] = []
        let frames = try tone(48_000, 2, .float, blocks: 300)
        resampler.rateCorrection = correction
        for frame in frames { samples += try resampler.floats(frame) }
        let steered = samples.count / 2 - 300 * 1024
        #expect(abs(Double(steered) - correction * 300 * 1024) <= 20, "\(steered)")
        #expect(abs(Bench.frequency(samples, channels: 2, rate: 48_000) - 440 / (1 + correction)) < 0.3)
        resampler.rateCorrection = 0
        var after = 0
        for frame in frames { after += try resampler.floats(frame).count / 2 }
        #expect(abs(after - 300 * 1024) <= 2, "\(after - 300 * 1024)")
    }

    @Test func impossibleFormatsAreRefused() {
        #expect(throws: SluiceError.self) {
            try Resampler(output: AudioFormat(sampleRate: 0, channels: 2, sample: .float))
        }
        #expect(throws: SluiceError.self) {
            try Resampler(output: AudioFormat(sampleRate: 48_000, channels: 0, sample: .float))
        }
    }

    @Test func twoHundredResamplersLeaveNothing() throws {
        let frames = try tone(44_100, 6, .floatPlanar, blocks: 4)
        let isFlat = try Bench.isFlat {
            let resampler = try Resampler(output: Bench.stereo48)
            for frame in frames { _ = try resampler.floats(frame) }
        }
        #expect(isFlat)
    }
}
