// Which segment of a live playlist to fetch next, and when to ask for the playlist again. Pure.
import Model
import Wire

/// Follows a sliding playlist by media sequence numbers.
struct SegmentSchedule {
    enum Step: Equatable {
        case fetch(MediaPlaylist.Segment)
        /// Ask for the playlist again at this time.
        case reload(at: HostTime)
        case ended
    }

    private var next: Int?
    private var unchanged = 0
    private var lastNewest: Int?
    private(set) var missed = 0

    /// Takes note of a playlist that has just been loaded.
    mutating func loaded(_ playlist: MediaPlaylist) {
        let newest = playlist.segments.last?.sequence
        unchanged = newest == lastNewest ? unchanged + 1 : 0
        // A sequence that runs backwards is a server that started again: join it anew.
        if let newest, let last = lastNewest, newest < last { next = nil }
        lastNewest = newest
        guard let first = playlist.segments.first, let newest else { return }
        if let wanted = next {
            if wanted < first.sequence {
                missed += first.sequence - wanted
                next = first.sequence
            }
        } else {
            // The newest one: anything older only adds delay.
            next = newest
        }
    }

    /// - Parameter loadedAt: When the playlist was asked for.
    mutating func step(_ playlist: MediaPlaylist, loadedAt: HostTime) -> Step {
        if let wanted = next, let segment = playlist.segments.first(where: { $0.sequence == wanted }) {
            next = wanted + 1
            return .fetch(segment)
        }
        if playlist.isEnded { return .ended }
        // RFC 8216 §6.3.4 lets a client come back after half a target duration when nothing changed;
        // a quarter of it, at most half a second, keeps close to the edge at the cost of a small GET.
        let pause = min(.milliseconds(500), max(.milliseconds(100), playlist.targetDuration / 4))
        return .reload(at: loadedAt + pause)
    }

    /// How often the playlist has come back without anything new.
    var staleLoads: Int { unchanged }
}
