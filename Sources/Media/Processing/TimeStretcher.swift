// Sound at another speed with its pitch kept, and an account of which input each output sample is.
//
// The library is Sonic (Debian's libsonic 0.2): whole periods of the pitch are left out or repeated. Measured beside
// FFmpeg's atempo (5.1) on 20 s of noise, tones of 100 Hz to 3 kHz and a chord of four, at 0.95 to 1.15:
//
//                                   sonic                          atempo
//     place against the account     3 ms mean, 15 ms at most       14 ms mean, 20 ms at most
//     what it holds back            31 ms at most, nothing at 1    windows of 43 ms, also at 1
//     back to speed 1               exact, no seam                 half a window is lost
//     a tone against the rest       51–91 dB                       27 dB (100 Hz) to 73 dB
//     a chord against the rest      4 dB                           11–12 dB
//     CPU, 48 kHz stereo            0.2 %                          0.1 %
//
// Lip sync and a clean way back to speed 1 count for more here than how four tones at once sound while catching up.
import CSonic
public import Model

/// Speeds sound up or slows it down. One thread at a time.
public final class TimeStretcher {
    /// Samples with the place in the input that they were made of.
    public struct Block: Sendable {
        /// Interleaved.
        public var samples: [Float]
        /// Frames of input before the first sample, since the start or the last `reset`.
        public var start: Double
        /// Frames of input to a frame of output.
        public var speed: Double
    }

    public let sampleRate: Int
    public let channels: Int
    /// What the library may hold back: two periods of its lowest pitch, 65 Hz.
    private let mostHeld: Double
    private var stream: OpaquePointer?
    /// Frames given in, since the start.
    private var taken: Int64 = 0
    /// Place in the input of the next sample that comes out.
    private var position = 0.0
    /// Whether sound goes through the library, and so comes later than it is given.
    public private(set) var isActive = false

    /// - Throws: `usage` for a format that is not possible.
    public init(sampleRate: Int, channels: Int) throws(SluiceError) {
        guard (1000...768_000).contains(sampleRate), (1...64).contains(channels) else {
            throw SluiceError(
                .usage, "cannot stretch sound", why: "\(channels) channels at \(sampleRate) Hz are not possible")
        }
        self.sampleRate = sampleRate
        self.channels = channels
        mostHeld = 2 * Double(sampleRate) / 65
    }

    deinit { if let stream { sonicDestroyStream(stream) } }

    /// Frames of input that are inside.
    public var held: Double { max(0, Double(taken) - position) }

    /// Takes interleaved samples and gives what is ready.
    /// - Parameter speed: From here on, 0.5 to 2; at 1 nothing is held back, and what was comes out first.
    public func process(_ samples: [Float], speed: Double) throws(SluiceError) -> Block? {
        let speed = max(0.5, min(2, speed.isFinite ? speed : 1))
        let count = samples.count / channels
        let start = position
        if speed == 1, !isActive {
            taken += Int64(count)
            position = Double(taken)
            return count > 0 ? Block(samples: samples, start: start, speed: 1) : nil
        }
        let stream = try opened()
        sonicSetSpeed(stream, Float(speed))
        var given = samples
        let written = given.withUnsafeMutableBufferPointer {
            sonicWriteFloatToStream(stream, $0.baseAddress, Int32(count))
        }
        guard written == 1 else { throw SluiceError(.internal, "cannot stretch sound", why: "out of memory") }
        isActive = true
        taken += Int64(count)
        let made = read(stream)
        let frames = made.count / channels
        if speed == 1 {
            // All of it has come out: where the account had drifted it is exact again.
            position = Double(taken)
            isActive = false
        } else {
            position = min(max(position + Double(frames) * speed, Double(taken) - mostHeld), Double(taken))
        }
        guard frames > 0 else { return nil }
        return Block(samples: made, start: start, speed: max(0.01, (position - start) / Double(frames)))
    }

    /// Throws away what is inside; the count begins anew.
    public func reset() {
        if let stream { sonicDestroyStream(stream) }
        stream = nil
        (taken, position, isActive) = (0, 0, false)
    }

    private func opened() throws(SluiceError) -> OpaquePointer {
        if let stream { return stream }
        guard let made = sonicCreateStream(Int32(sampleRate), Int32(channels)) else {
            throw SluiceError(.internal, "cannot stretch sound", why: "out of memory")
        }
        stream = made
        return made
    }

    private func read(_ stream: OpaquePointer) -> [Float] {
        let available = Int(max(0, sonicSamplesAvailable(stream)))
        guard available > 0 else { return [] }
        return [Float](unsafeUninitializedCapacity: available * channels) { buffer, count in
            count = channels * Int(max(0, sonicReadFloatFromStream(stream, buffer.baseAddress, Int32(available))))
        }
    }
}
