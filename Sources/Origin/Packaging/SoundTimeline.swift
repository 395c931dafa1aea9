// Times of sound, counted in samples: FLV's are whole milliseconds, and a frame of AAC is 21.33 of them, so that taken
// as they are every second one would leave a hole that a player hears. Pure.
import Model
import Wire

/// One track of sound.
struct SoundTimeline: Sendable {
    /// How far the count may be from what the stream says. Beyond that the stream is right: sound was lost, or its
    /// clock runs differently. Half of what an ear notices between lips and voice.
    static let tolerance = Span.milliseconds(40)

    /// Samples and rate of one packet; nil where packets differ in length and only the stream's times tell it.
    private let frame: (samples: Int64, rate: Int64)?
    private var anchor: MediaTime?
    private var counted: Int64 = 0

    init(_ track: Track) {
        switch track.codec {
        case .aac:
            let configuration = try? AudioSpecificConfig(parsing: track.configuration)
            frame = configuration.flatMap {
                $0.sampleRate > 0 ? (Int64($0.frameLength), Int64($0.sampleRate)) : nil
            }
        case .mp3:
            let rate = track.audio?.sampleRate ?? 0
            frame = rate > 0 ? (rate >= 32000 ? 1152 : 576, Int64(rate)) : nil
        default: frame = nil
        }
    }

    /// How long one packet sounds; nil where that differs.
    var frameLength: Span? {
        frame.map { Span(nanoseconds: $0.samples * 1_000_000_000 / $0.rate) }
    }

    /// The packet at its counted time.
    mutating func place(_ packet: Packet) -> Packet {
        guard let frame, let told = packet.pts else { return packet }
        var time = told
        if let anchor {
            let expected = anchor + Span(nanoseconds: counted * 1_000_000_000 / frame.rate)
            if (told - expected).magnitude <= Self.tolerance { time = expected } else { self.anchor = nil }
        }
        if anchor == nil { (anchor, counted) = (told, 0) }
        counted += frame.samples
        // A stream of months must not overflow what is multiplied above.
        if counted > 1 << 32 { (anchor, counted) = (time, frame.samples) }
        var placed = packet
        (placed.pts, placed.dts, placed.duration) = (time, time, frameLength)
        return placed
    }
}
