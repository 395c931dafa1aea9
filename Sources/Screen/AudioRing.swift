// The C ring in Swift's hands: lifetime, units, muting. Both outputs are built on it.
internal import CRealtime
internal import Model
internal import Synchronization

/// Owns one `cr_player`.
/// Safe because the C object is made for this: its indices are atomics, `write` and `flush` are left to
/// one producer by the protocol, and the memory lives until `deinit`.
final class AudioRing: @unchecked Sendable {
    let sampleRate: Int
    let channels: Int
    let player: OpaquePointer
    private let loudness = Mutex((gain: Float(1), muted: false))

    init?(sampleRate: Int, channels: Int, leastFrames: Int) {
        guard
            let player = cr_player_create(
                Int32(clamping: channels), Int32(clamping: sampleRate), UInt32(clamping: leastFrames))
        else { return nil }
        self.player = player
        self.sampleRate = sampleRate
        self.channels = channels
    }

    deinit { cr_player_destroy(player) }

    var capacityFrames: Int { Int(cr_player_capacity(player)) }
    var queuedFrames: Int { Int(cr_player_queued(player)) }
    var writtenFrames: Int64 { cr_player_written(player) }

    func write(_ samples: UnsafeBufferPointer<Float>) -> Int {
        guard let base = samples.baseAddress else { return 0 }
        return Int(cr_player_write(player, base, UInt32(clamping: samples.count / channels)))
    }

    func position(latency: Span) -> AudioPosition {
        let raw = cr_player_position(player)
        let state: AudioPosition.State =
            switch raw.state {
            case CR_PLAYING: .playing
            case CR_STARVED: .starved
            case CR_PAUSED: .paused
            case CR_GATED: .gated
            default: .idle
            }
        return AudioPosition(
            frames: raw.frames, at: HostTime(nanoseconds: raw.host_ns), latency: latency, state: state)
    }

    var counters: AudioCounters {
        let raw = cr_player_position(player)
        return AudioCounters(underruns: raw.underruns, silentFrames: raw.starved_frames)
    }

    /// Frames of any kind the device has taken.
    var deviceFrames: Int64 { cr_player_position(player).device_frames }

    func setVolume(_ gain: Float) {
        loudness.withLock {
            $0.gain = gain
            cr_player_set_gain(player, $0.muted ? 0 : gain)
        }
    }

    func setMuted(_ muted: Bool) {
        loudness.withLock {
            $0.muted = muted
            cr_player_set_gain(player, muted ? 0 : $0.gain)
        }
    }

    func pause(_ paused: Bool) { cr_player_set_paused(player, paused) }
    func start(handedOverAt time: HostTime?) { cr_player_set_start(player, time?.nanoseconds ?? .min) }
    func discard(frames: Int) { cr_player_discard(player, UInt32(clamping: frames)) }
    func flush() { cr_player_flush(player) }
    func finish() { cr_player_set_draining(player, true) }

    /// The consumer's turn. `out` nil only counts.
    func render(_ out: UnsafeMutablePointer<Float>?, frames: Int, now: HostTime) {
        cr_player_render(player, out, UInt32(clamping: frames), now.nanoseconds)
    }
}
