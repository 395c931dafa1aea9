// Which frame of a stretch of sound carries which media time.
import Model

/// Anchors (frame index, pts) of the blocks that follow one another.
struct AudioTimeline {
    private var anchors: [(frame: Double, pts: MediaTime)] = []
    private let sampleRate: Int
    /// Stamps that are off by less than this are rounding (FLV has whole milliseconds), not a gap.
    static let tolerance = Span.milliseconds(20)

    init(sampleRate: Int) { self.sampleRate = sampleRate }

    /// Whether a block stamped `pts` follows the ones before as frame `frame`; true where there is none before.
    func isContinued(by pts: MediaTime, at frame: Double) -> Bool {
        media(at: frame).map { ($0 - pts).magnitude <= Self.tolerance } ?? true
    }

    /// A block stamped `pts` begins at frame `frame`.
    mutating func add(_ pts: MediaTime, at frame: Double) {
        anchors.append((frame, pts))
        if anchors.count > 64 { anchors.removeFirst(32) }
    }

    /// The media time of a frame; nil before anything was added.
    func media(at frame: Double) -> MediaTime? {
        guard let anchor = anchors.last(where: { $0.frame <= frame + 0.5 }) ?? anchors.first else { return nil }
        return anchor.pts + Span(seconds: (frame - anchor.frame) / Double(sampleRate))
    }
}
