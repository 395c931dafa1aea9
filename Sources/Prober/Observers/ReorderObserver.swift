// Whether pictures are coded in another order than they are shown: B-frames. Read off the stamps, because a
// sequence parameter set says only what may happen.
import Model

struct ReorderObserver: Sendable {
    private(set) var reordered = 0
    private(set) var pictures = 0
    /// The largest PTS − DTS: what the order costs in delay.
    private(set) var delay = Span.zero
    private var highest: MediaTime?

    mutating func add(_ packet: Packet) {
        guard let pts = packet.pts else { return }
        pictures += 1
        if let dts = packet.dts { delay = max(delay, pts - dts) }
        if let highest, pts < highest, !packet.isKeyframe { reordered += 1 }
        highest = max(highest ?? pts, pts)
    }

    mutating func restart() { highest = nil }

    /// - Parameter declared: Reorder depth of the sequence parameter set.
    /// - Returns: nil when too little was seen to say.
    func hasBFrames(declared: Int?) -> Bool? {
        if reordered > 0 { return true }
        if declared == 0 { return false }
        // x264 puts at most 16 in a row; nobody uses more than a handful.
        if pictures >= 20 { return false }
        return (declared ?? 0) > 0 && delay > .zero ? true : nil
    }
}
