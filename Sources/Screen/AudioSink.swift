// What the player knows of a sound output, be it a device or a clock. Frames are counted from the first
// one written, so the writer can map them to media time; nothing here knows media time itself.
public import Model

/// Where playback stands. A consistent snapshot.
public struct AudioPosition: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        /// Nothing has been played yet, or the end of input was played out.
        case idle
        case playing
        /// Ran dry in the middle: silence until more is written.
        case starved
        case paused
        /// Waiting for the time given to `start(at:)`.
        case gated
    }
    /// Index of the next frame the output will take, counted like the frames written. Discarded and
    /// flushed frames count as taken.
    public var frames: Int64
    /// When that frame is handed to the device, or could be when it is silent; a smoothed clock that may
    /// lie some milliseconds to either side of now.
    public var at: HostTime
    /// From being handed over to being heard.
    public var latency: Span
    public var state: State

    public init(frames: Int64, at: HostTime, latency: Span, state: State) {
        self.frames = frames
        self.at = at
        self.latency = latency
        self.state = state
    }

    /// When frame `index` is heard if playback goes on undisturbed.
    public func heard(_ index: Int64, sampleRate: Int) -> HostTime {
        at + latency + Span(seconds: Double(index - frames) / Double(sampleRate))
    }

    /// The frame that is heard at `now`, fractional; it does not run past the next frame to be taken
    /// while the output is silent.
    public func frameHeard(at now: HostTime, sampleRate: Int) -> Double {
        let ahead = (now - (at + latency)).seconds * Double(sampleRate)
        return Double(frames) + (state == .playing ? ahead : min(0, ahead))
    }
}

/// Counted since the output was opened.
public struct AudioCounters: Sendable, Equatable {
    /// How often the ring ran dry during playback.
    public var underruns: Int64
    /// Frames of silence put in for that.
    public var silentFrames: Int64
}

/// A consumer of interleaved float samples that runs by itself at `sampleRate`.
///
/// `write` and `flush` belong to one thread at a time (the producer); all the rest may be called on any
/// thread. Nothing here blocks.
public protocol AudioSink: AnyObject, Sendable {
    /// Frames a second.
    var sampleRate: Int { get }
    var channels: Int { get }
    /// Frames that fit into the queue altogether.
    var capacityFrames: Int { get }
    /// Frames written and not yet taken.
    var queuedFrames: Int { get }
    /// Frames accepted since the beginning: the index of the next one written.
    var writtenFrames: Int64 { get }
    var position: AudioPosition { get }
    var counters: AudioCounters { get }

    /// Takes as many whole frames as there is room for.
    /// - Returns: the number of frames taken.
    func write(_ samples: UnsafeBufferPointer<Float>) -> Int
    /// Linear gain, 1 is unchanged; ramped over 10 ms.
    func setVolume(_ gain: Float)
    func setMuted(_ muted: Bool)
    /// Fades out and stops taking frames; resuming fades in.
    func pause(_ paused: Bool)
    /// The next queued frame is heard at this time and not before, exact to one frame; silence until
    /// then. `nil` opens the gate. A time that has passed opens it at once.
    func start(at time: HostTime?)
    /// Drops the next queued frames (at most those queued when the output gets to it).
    func discard(frames: Int)
    /// Drops everything written so far.
    func flush()
    /// Says that no more will come: running dry is then the end and not an underrun. The next write
    /// takes it back.
    func finish()
    /// Stops for good and frees the device. Nothing is played out.
    func close()
}
