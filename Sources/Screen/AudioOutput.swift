// A sound device through SDL: opens it, hands the C callback its ring, and says how far behind the
// callback the ear is. Makes no decision about time.
internal import CRealtime
internal import CSDL2
internal import Glibc
public import Model
internal import Synchronization

/// An open device. It runs from the first moment, playing silence until something is written.
public final class AudioOutput: AudioSink {
    private let ring: AudioRing
    private let device: Mutex<SDL_AudioDeviceID>
    /// SDL's name of the backend: "pulseaudio", "alsa", "dummy" …
    public let driverName: String
    /// SDL's dummy driver plays to nobody and is no clock: it rests a whole number of milliseconds for each buffer and
    /// never makes up for what that took longer, which is several percent of speed, and more on a busy machine.
    public var keepsTime: Bool { driverName != "dummy" }
    /// Frames the callback is asked for at a time.
    public let bufferFrames: Int
    /// From being taken by the callback to being heard: an estimate, see `AudioLatency`.
    public let latency: Span

    /// Opens the default device, SDL_AUDIODRIVER honoured. May take tens of milliseconds (a sound server
    /// is connected) and may be called on any thread.
    /// - Parameters:
    ///   - driver: SDL's name of a backend, `nil` for the user's.
    ///   - capacityFrames: least room of the queue.
    /// - Throws: `.unreachable` where there is no device; the caller can then use `NullAudio`.
    public init(
        driver: String? = nil, sampleRate: Int = 48000, channels: Int = 2, bufferFrames: Int = 512,
        capacityFrames: Int = 65536
    ) throws(SluiceError) {
        guard let ring = AudioRing(sampleRate: sampleRate, channels: channels, leastFrames: capacityFrames) else {
            throw Self.badFormat(sampleRate: sampleRate, channels: channels)
        }
        if let driver { setenv("SDL_AUDIODRIVER", driver, 1) }
        try SDLRuntime.startAudio()
        var wanted = SDL_AudioSpec()
        wanted.freq = Int32(clamping: sampleRate)
        wanted.format = sluice_AUDIO_F32SYS()
        wanted.channels = UInt8(clamping: channels)
        wanted.samples = UInt16(clamping: bufferFrames)
        wanted.callback = cr_player_callback
        // Safe because the ring outlives the device: `close` shuts the device before the ring is let go.
        wanted.userdata = UnsafeMutableRawPointer(ring.player)
        var got = SDL_AudioSpec()
        // No change allowed: SDL converts where the hardware differs.
        let id = SDL_OpenAudioDevice(nil, 0, &wanted, &got, 0)
        guard id != 0 else {
            let why = SDLRuntime.lastError
            SDLRuntime.stopAudio()
            throw Self.error(why: why)
        }
        self.ring = ring
        device = Mutex(id)
        self.bufferFrames = Int(got.samples)
        driverName = SDL_GetCurrentAudioDriver().map { String(cString: $0) } ?? "unknown"
        latency = AudioLatency.estimate(
            driver: driverName, bufferFrames: Int(got.samples), sampleRate: sampleRate,
            pulseMilliseconds: Display.variable(ScreenEnvironment.pulseLatency))
        SDL_PauseAudioDevice(id, 0)
    }

    deinit { close() }

    public var sampleRate: Int { ring.sampleRate }
    public var channels: Int { ring.channels }
    public var capacityFrames: Int { ring.capacityFrames }
    public var queuedFrames: Int { ring.queuedFrames }
    public var writtenFrames: Int64 { ring.writtenFrames }
    public var position: AudioPosition { ring.position(latency: latency) }
    public var counters: AudioCounters { ring.counters }
    /// Frames of any kind the device has taken since it was opened; for tests and statistics.
    public var deviceFrames: Int64 { ring.deviceFrames }
    public func write(_ samples: UnsafeBufferPointer<Float>) -> Int { ring.write(samples) }
    public func setVolume(_ gain: Float) { ring.setVolume(gain) }
    public func setMuted(_ muted: Bool) { ring.setMuted(muted) }
    public func pause(_ paused: Bool) { ring.pause(paused) }
    public func start(at time: HostTime?) { ring.start(handedOverAt: time.map { $0 - latency }) }
    public func discard(frames: Int) { ring.discard(frames: frames) }
    public func flush() { ring.flush() }
    public func finish() { ring.finish() }

    public func close() {
        device.withLock { id in
            guard id != 0 else { return }
            // Returns when the callback can no longer run.
            SDL_CloseAudioDevice(id)
            id = 0
            SDLRuntime.stopAudio()
        }
    }

    static func badFormat(sampleRate: Int, channels: Int) -> SluiceError {
        SluiceError(
            .unsupportedCodec, "cannot play the sound",
            why: "\(channels) channels at \(sampleRate) Hz are not supported")
    }

    static func error(why: String) -> SluiceError {
        SluiceError(
            .unreachable, "cannot open a sound device",
            why: why.isEmpty ? "there is none" : why.lowercasedFirst,
            hint: "check the sound server, set SDL_AUDIODRIVER, or use --ao null")
    }
}
