// Made sound: a sine and silence, in blocks of 1024 samples.
import CFFmpeg
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A sine without a seam between its blocks. A value: any thread.
public struct Tone: Sendable {
    /// Samples of each channel in one block.
    public static let blockSize = 1024
    /// Hz.
    public let frequency: Double
    /// Rate, channels and storage.
    public let format: AudioFormat
    private let amplitude: Double

    /// - Parameters:
    ///   - level: Peak in dBFS.
    /// - Throws: `usage` for a frequency or a format that is not possible.
    public init(
        frequency: Double = 440, level: Double = -18,
        format: AudioFormat = AudioFormat(sampleRate: 48_000, channels: 2, sample: .floatPlanar)
    ) throws(SluiceError) {
        guard frequency >= 0, frequency * 2 <= Double(format.sampleRate), level <= 0 else {
            throw SluiceError(.usage, "cannot make a tone", why: "\(frequency) Hz at \(level) dBFS is not possible")
        }
        self.frequency = frequency
        self.format = format
        amplitude = pow(10, level / 20)
    }

    /// The block number `index`; its time is `index` × 1024 / rate.
    public func frame(at index: Int) throws(SluiceError) -> Frame {
        let block = try SoundBlock.make(index, format)
        let first = index * Self.blockSize
        var values = [Double](repeating: 0, count: Self.blockSize)
        for offset in 0..<Self.blockSize {
            // Whole turns are taken off before the sine, so that the millionth block is as clean as the first.
            let turns = (Double(first + offset) * frequency / Double(format.sampleRate))
                .truncatingRemainder(dividingBy: 1)
            values[offset] = amplitude * sin(2 * .pi * turns)
        }
        SoundBlock.fill(block, format, values)
        return block
    }
}

/// Blocks of digital silence. A value: any thread.
public struct Silence: Sendable {
    /// Rate, channels and storage.
    public let format: AudioFormat

    /// Silence of a format.
    public init(format: AudioFormat = AudioFormat(sampleRate: 48_000, channels: 2, sample: .floatPlanar)) {
        self.format = format
    }

    /// The block number `index`; its time is `index` × 1024 / rate.
    public func frame(at index: Int) throws(SluiceError) -> Frame {
        let block = try SoundBlock.make(index, format)
        av_samples_set_silence(
            block.raw.pointee.extended_data, 0, block.raw.pointee.nb_samples, Int32(format.channels),
            format.sample.native)
        return block
    }
}

private enum SoundBlock {
    static func make(_ index: Int, _ format: AudioFormat) throws(SluiceError) -> Frame {
        let rate = Rational(max(1, format.sampleRate), Tone.blockSize)
        let pts = TestPattern.time(of: index, rate)
        return try Frame.audio(
            samples: Tone.blockSize, sampleRate: format.sampleRate, channels: format.channels,
            format: format.sample.native, pts: pts, duration: TestPattern.time(of: index + 1, rate) - pts)
    }

    static func fill(_ block: Frame, _ format: AudioFormat, _ values: [Double]) {
        let planes = format.sample.isPlanar ? format.channels : 1
        let step = format.sample.isPlanar ? 1 : format.channels
        for plane in 0..<planes {
            guard let bytes = block.raw.pointee.extended_data[plane] else { continue }
            let memory = UnsafeMutableRawPointer(bytes)
            for (index, value) in values.enumerated() {
                for channel in 0..<step {
                    let position = index * step + channel
                    if format.sample.byteCount == 4 {
                        memory.storeBytes(of: Float(value), toByteOffset: position * 4, as: Float.self)
                    } else {
                        let level = Int16((value * 32767).rounded())
                        memory.storeBytes(of: level, toByteOffset: position * 2, as: Int16.self)
                    }
                }
            }
        }
    }
}
