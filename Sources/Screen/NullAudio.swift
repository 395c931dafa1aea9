// Sound for nobody: takes frames at the speed of the host clock, so that files play at real speed
// without a device. Has no thread; every question first brings the clock up to date.
public import Model
internal import Synchronization

/// An `AudioSink` without a device. Its latency is zero.
public final class NullAudio: AudioSink {
    private let ring: AudioRing
    private let opened: HostTime
    private let clock: @Sendable () -> HostTime
    /// Frames consumed so far; the lock makes whoever asks the consumer.
    private let consumed: Mutex<(frames: Int64, isClosed: Bool)>
    private static let chunk: Int64 = 256

    public convenience init(sampleRate: Int = 48000, channels: Int = 2, capacityFrames: Int = 65536)
        throws(SluiceError)
    {
        try self.init(sampleRate: sampleRate, channels: channels, capacityFrames: capacityFrames, clock: { .now() })
    }

    init(
        sampleRate: Int, channels: Int, capacityFrames: Int, clock: @escaping @Sendable () -> HostTime
    ) throws(SluiceError) {
        guard let ring = AudioRing(sampleRate: sampleRate, channels: channels, leastFrames: capacityFrames) else {
            throw AudioOutput.badFormat(sampleRate: sampleRate, channels: channels)
        }
        self.ring = ring
        self.clock = clock
        opened = clock()
        consumed = Mutex((0, false))
    }

    public var sampleRate: Int { ring.sampleRate }
    public var channels: Int { ring.channels }
    public var capacityFrames: Int { ring.capacityFrames }
    public var queuedFrames: Int { upToDate { ring.queuedFrames } }
    public var writtenFrames: Int64 { ring.writtenFrames }
    public var position: AudioPosition { upToDate { ring.position(latency: .zero) } }
    public var counters: AudioCounters { upToDate { ring.counters } }
    public func write(_ samples: UnsafeBufferPointer<Float>) -> Int { upToDate { ring.write(samples) } }
    public func setVolume(_ gain: Float) { ring.setVolume(gain) }
    public func setMuted(_ muted: Bool) { ring.setMuted(muted) }
    public func pause(_ paused: Bool) { upToDate { ring.pause(paused) } }
    public func start(at time: HostTime?) { upToDate { ring.start(handedOverAt: time) } }
    public func discard(frames: Int) { upToDate { ring.discard(frames: frames) } }
    public func flush() { upToDate { ring.flush() } }
    public func finish() { upToDate { ring.finish() } }
    public func close() { consumed.withLock { $0.isClosed = true } }

    /// Consumes what was due by now, then asks. Whole chunks only, each at its own time, so the result
    /// does not depend on how often somebody asks.
    private func upToDate<R>(_ body: () -> R) -> R {
        consumed.withLock { state in
            let rate = Int64(sampleRate)
            let elapsed = clock() - opened
            // Split, because nanoseconds times the rate overflow after two days.
            let seconds = elapsed.nanoseconds / 1_000_000_000
            let due = seconds * rate + (elapsed.nanoseconds % 1_000_000_000) * rate / 1_000_000_000
            while !state.isClosed, due - state.frames >= Self.chunk {
                let at =
                    opened
                    + Span(
                        nanoseconds: state.frames / rate * 1_000_000_000 + state.frames % rate * 1_000_000_000
                            / rate)
                ring.render(nil, frames: Int(Self.chunk), now: at)
                state.frames += Self.chunk
            }
            return body()
        }
    }
}
