// `--duration`: how far a recording goes. Pure.
import Model

/// Counts the media; for a live stream the time that passes as well, because a silent one brings no media.
struct RecordLimit {
    enum Decision { case keep, leaveOut, over }

    var isLive = false
    private let length: Span?
    private var began: HostTime?
    /// Of the epoch that runs.
    private var first: MediaTime?
    private var last: MediaTime?
    private var epoch: Int?
    /// Of the epochs before.
    private var past = Span.zero
    private var passed: Set<Int> = []
    private var seen: Set<Int> = []

    /// A live stream may begin with media that were there before.
    private static let grace = Span.seconds(1)

    init(_ length: Span?) { self.length = length }

    mutating func admit(_ packet: Packet) -> Decision {
        guard let length else { return .keep }
        began = began ?? packet.arrival
        guard let time = packet.pts ?? packet.dts else { return .keep }
        if epoch != packet.epoch {
            if let first, let last { past += last - first }
            (first, last, epoch) = (nil, nil, packet.epoch)
            passed = []
        }
        let base = first ?? time
        first = base
        seen.insert(packet.track)
        guard past + (time - base) < length else {
            passed.insert(packet.track)
            // Another track may still be on its way; it is not waited for longer than a moment.
            return passed == seen || past + (time - base) > length + .seconds(2) ? .over : .leaveOut
        }
        last = max(last ?? time, time)
        // A picture that is shown before the end may be decoded after one that is shown later.
        return .keep
    }

    func isPassed(at now: HostTime) -> Bool {
        guard isLive, let length, let began else { return false }
        return now - began >= length + Self.grace
    }
}
