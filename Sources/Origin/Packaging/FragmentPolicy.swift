// When a fragment of the live feed may end. Pure.
import Model

/// Pictures leave one by one, unless they come out of order: then a fragment ends where the pictures so far fill the
/// time up to the latest of them. Cut elsewhere it would have a hole, and Firefox shows half of the pictures.
struct FragmentPolicy: Sendable {
    /// Sound does not wait longer for a picture.
    static let soundWait = Span.milliseconds(40)
    /// Nor longer for pictures that are still out of order.
    static let longestSoundWait = Span.milliseconds(250)

    private var isReordered: Bool
    /// Of the group that has not left yet.
    private var count = 0
    private var latest: MediaTime?
    /// End of what has left.
    private var filled: MediaTime?
    private var step: Span?
    private var lastDTS: MediaTime?

    /// - Parameter reorderDepth: As the parameter sets say; nil: unknown, then the first picture out of order tells.
    init(reorderDepth: Int?) { isReordered = (reorderDepth ?? 0) > 0 }

    /// The latest picture was out of order so far, so a fragment without it cannot end here.
    var isOpen: Bool { count > 0 }

    /// Whether the fragment may end in front of `packet`: everything shown before it has come.
    mutating func endsBefore(_ packet: Packet) -> Bool {
        guard count > 0, let pts = packet.pts, let latest else { return false }
        if pts < latest { isReordered = true }
        return packet.isKeyframe || pts > latest
    }

    /// Takes one picture. Returns whether the fragment ends behind it.
    mutating func endsAfter(_ packet: Packet) -> Bool {
        guard let pts = packet.pts, let dts = packet.dts else { return true }
        if let lastDTS, dts > lastDTS { step = min(dts - lastDTS, .seconds(1)) }
        lastDTS = dts
        if let latest, pts < latest { isReordered = true }
        count += 1
        latest = max(latest ?? pts, pts)
        guard isReordered, let filled, let latest, let step else {
            end()
            return true
        }
        // FLV's times are whole milliseconds: half a picture is more than they are off.
        guard latest - filled <= step * (Double(count) + 0.5) else { return false }
        end()
        return true
    }

    /// The fragment has ended, for whatever reason.
    mutating func end() {
        if let latest { filled = latest }
        count = 0
    }
}
