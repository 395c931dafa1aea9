// Remembers when pictures were captured while the encoder has them.
import Model

/// Keyed by presentation time; bounded. One thread at a time.
struct MarkBook {
    private var entries: [(pts: MediaTime, wall: WallTime)] = []

    mutating func note(_ pts: MediaTime, _ wall: WallTime) {
        entries.append((pts, wall))
        if entries.count > 128 { entries.removeFirst(64) }
    }

    /// The capture time of the picture stamped `pts`: its own, or that of the nearest one moved by the
    /// difference (a change of frame rate makes pictures between those that were captured).
    func wall(for pts: MediaTime) -> WallTime? {
        var best: (distance: Span, wall: WallTime)?
        for entry in entries {
            let distance = (pts - entry.pts).magnitude
            if best.map({ distance < $0.distance }) ?? true {
                // Never later than the picture it is taken from: a mark must not lie in the future.
                best = (distance, entry.wall + min(.zero, pts - entry.pts))
            }
        }
        return best?.wall
    }

    mutating func reset() { entries = [] }
}
