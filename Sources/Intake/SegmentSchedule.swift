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

    /// Asked this often while the rhythm of the server is unknown, and once the next segment is due.
    static let searching = Span.milliseconds(250)
    static let expecting = Span.milliseconds(150)

    /// Media that are wanted behind what is fetched first.
    private let startDelay: Span
    private var next: Int?
    private var unchanged = 0
    /// When a new segment was last seen to have come.
    private var lastChange: HostTime?
    private var lastNewest: Int?
    private(set) var missed = 0

    /// - Parameter startDelay: How far behind live playback is to be; the stream is joined at the newest segment
    ///   that lies so far back.
    init(startDelay: Span = .zero) { self.startDelay = startDelay }

    /// Takes note of a playlist that was asked for at `time` and has just been loaded.
    mutating func loaded(_ playlist: MediaPlaylist, at time: HostTime) {
        let newest = playlist.segments.last?.sequence
        unchanged = newest == lastNewest ? unchanged + 1 : 0
        // The first playlist says nothing about when its last segment came.
        if unchanged == 0, lastNewest != nil { lastChange = time }
        // A sequence that runs backwards is a server that started again: join it anew.
        if let newest, let last = lastNewest, newest < last { next = nil }
        lastNewest = newest
        guard let first = playlist.segments.first else { return }
        if let wanted = next {
            if wanted < first.sequence {
                missed += first.sequence - wanted
                next = first.sequence
            }
        } else {
            next = Self.start(playlist, startDelay)
        }
    }

    /// The newest one, unless more delay is wanted than it has: anything older only adds to it.
    private static func start(_ playlist: MediaPlaylist, _ wanted: Span) -> Int? {
        var length = Span.zero
        for segment in playlist.segments.reversed() {
            length += segment.duration
            if length >= wanted { return segment.sequence }
        }
        return playlist.segments.first?.sequence
    }

    /// - Parameter loadedAt: When the playlist was asked for.
    mutating func step(_ playlist: MediaPlaylist, loadedAt: HostTime) -> Step {
        if let wanted = next, let segment = playlist.segments.first(where: { $0.sequence == wanted }) {
            next = wanted + 1
            return .fetch(segment)
        }
        if playlist.isEnded { return .ended }
        // RFC 8216 §6.3.4 lets a client come back after half a target duration when nothing changed. That is
        // up to a second of delay for nothing: asked just when the next segment is due, and then briskly, a
        // server answers two or three small requests a segment.
        guard let lastChange else { return .reload(at: loadedAt + Self.searching) }
        let length = playlist.segments.last?.duration ?? playlist.targetDuration
        let expected = lastChange + length - .milliseconds(50)
        // A server that has stopped is not asked seven times a second for ever.
        let pause = staleLoads > 20 ? min(.seconds(1), playlist.targetDuration / 2) : Self.expecting
        return .reload(at: max(expected, loadedAt + pause))
    }

    /// How often the playlist has come back without anything new.
    var staleLoads: Int { unchanged }
}
