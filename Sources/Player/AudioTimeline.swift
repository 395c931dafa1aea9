// Which frame of a sound output carries which media time.
import Model

/// Anchors (frame index, pts) for what has been written; silence and cuts make new ones.
struct AudioTimeline {
    private var anchors: [(frame: Int64, pts: MediaTime)] = []
    private let sampleRate: Int
    /// Stamps that are off by less than this are rounding (FLV has whole milliseconds), not a gap.
    static let tolerance = Span.milliseconds(20)

    init(sampleRate: Int) { self.sampleRate = sampleRate }

    /// Sound stamped `pts` is about to be written as frame `frame`.
    mutating func wrote(pts: MediaTime, at frame: Int64) {
        if let expected = media(at: frame), (expected - pts).magnitude < Self.tolerance { return }
        anchors.append((frame, pts))
        if anchors.count > 64 { anchors.removeFirst(32) }
    }

    /// The media time of a frame; nil before anything was written.
    func media(at frame: Int64) -> MediaTime? {
        guard let anchor = anchors.last(where: { $0.frame <= frame }) ?? anchors.first else { return nil }
        return anchor.pts + Span(seconds: Double(frame - anchor.frame) / Double(sampleRate))
    }

    mutating func reset() { anchors = [] }
}
