// The times of an audio encoder: anchored once, then counted in samples, so that they never drift or jitter.
// Pure.
import Model

struct SampleTimeline {
    /// What is to be done with sound of a given time.
    enum Placement: Equatable {
        /// Goes on where the last sound ended (or near enough).
        case append
        /// So many samples of silence come first.
        case fill(Int)
        /// The time jumped: a new anchor.
        case restart
    }

    private(set) var corrections = 0
    private let sampleRate: Int64
    /// Samples since the encoder was opened: stored, and taken out for encoding.
    private var storedSamples: Int64 = 0
    private var takenSamples: Int64 = 0
    /// Where counts became times: oldest first; the encoder lags by a few frames, so a few are kept.
    private var anchors: [(sample: Int64, time: MediaTime)] = []
    private var toCut = 0
    private static let tolerance = Span.milliseconds(100)
    private static let longest = Span.seconds(10)

    init(sampleRate: Int) { self.sampleRate = Int64(sampleRate) }

    mutating func place(_ time: MediaTime?) -> Placement {
        guard let anchor = anchors.last else { return .restart }
        guard let time else { return .append }
        // What is still to be cut lies before the end of what is stored.
        let expected = anchor.time + span(storedSamples - anchor.sample) - span(Int64(toCut))
        let gap = time - expected
        guard gap.magnitude > Self.tolerance else { return .append }
        corrections += 1
        toCut = 0
        if gap.magnitude > Self.longest { return .restart }
        if gap > .zero { return .fill(count(gap)) }
        toCut = count(-gap)
        return .append
    }

    /// How many of the next `available` samples are to be left out.
    mutating func cut(_ available: Int) -> Int {
        let now = min(toCut, available)
        toCut -= now
        return now
    }

    mutating func restart(at time: MediaTime) {
        toCut = 0
        anchors.append((storedSamples, time))
        if anchors.count > 8 { anchors.removeFirst() }
    }

    mutating func stored(_ samples: Int) { storedSamples += Int64(samples) }

    /// The encoder's clock: the number of the first sample of a block of `samples`.
    mutating func take(_ samples: Int) -> Int64 {
        defer { takenSamples += Int64(samples) }
        return takenSamples
    }

    /// The time of a packet whose sound begins at sample `ticks`; nil for the run-up.
    func time(ofPacket ticks: Int64, _ codec: Codec, _ padding: Int32) -> MediaTime? {
        let sample = codec == .opus ? ticks + Int64(padding) : ticks
        guard sample >= 0, let anchor = anchors.last(where: { $0.sample <= sample }) else { return nil }
        return anchor.time + span(sample - anchor.sample)
    }

    private func span(_ samples: Int64) -> Span {
        // Whole seconds apart, so that the product stays within 64 bits for centuries.
        let (seconds, rest) = samples.quotientAndRemainder(dividingBy: sampleRate)
        return Span(nanoseconds: seconds * 1_000_000_000 + (rest * 1_000_000_000 + sampleRate / 2) / sampleRate)
    }

    private func count(_ span: Span) -> Int { Int(span.nanoseconds / 1000 * sampleRate / 1_000_000) }
}
