// Key frames, frame rate and B-frames.
import Intake
import Model

enum PictureFindings {
    /// Viewers wait a GOP for their first picture, HLS cannot cut within one: 2 s is usual, 4 s what the large
    /// services accept.
    static let longGOP = Span.seconds(4.5)
    /// Beyond the default of x264 (250 pictures at 25 a second).
    static let overlongGOP = Span.seconds(10.5)
    /// Without a key frame for so long nobody can begin to watch.
    static let keyframePatience = Span.seconds(9.5)
    /// Share by which a frame rate may miss what is declared.
    static let rateTolerance = 0.1
    /// B-frames that cost more than this delay anybody's picture visibly.
    static let longReorder = Span.milliseconds(500)

    static func of(_ observation: StreamObservation, _ measured: Measurements) -> [Finding] {
        guard let video = observation.video, video.packets > 0 else { return [] }
        return keyframes(video) + regularity(video.gop) + frameRate(observation, video, measured)
            + reorder(video, measured)
    }

    private static func keyframes(_ video: TrackObserver) -> [Finding] {
        guard video.gop.keyframes == 0, let first = video.timeline.first, let last = video.timeline.last else {
            return length(video.gop)
        }
        let span = video.timeline.covered
        return [
            Finding(
                span >= keyframePatience ? .fail : .warn, "no_keyframe",
                "no key frame in \(Words.length(span)) of video",
                [
                    .init("from_s", .number(first.seconds)), .init("to_s", .number(last.seconds)),
                    .init("pictures", .int(video.packets)),
                ])
        ]
    }

    private static func length(_ gop: GOPObserver) -> [Finding] {
        let closed = gop.lengths?.most ?? .zero
        let isOpen = (gop.open ?? .zero) > closed
        let longest = max(closed, gop.open ?? .zero)
        guard longest > longGOP else { return [] }
        let start = isOpen ? gop.openSince : gop.longestAt
        return [
            Finding(
                longest > overlongGOP ? .warn : .info, "gop_long",
                "key frames are \(isOpen ? "at least " : "up to ")\(Words.length(longest)) apart",
                [.init("gop_s", .number(longest.seconds)), .init("at_s", Words.seconds(start))])
        ]
    }

    private static func regularity(_ gop: GOPObserver) -> [Finding] {
        guard let lengths = gop.lengths, lengths.count >= 3,
            lengths.most - lengths.least > .milliseconds(250), lengths.most > lengths.least * 1.5
        else { return [] }
        // Scene cuts make short GOPs between the regular ones: normal for files, and harmless while all are short.
        return [
            Finding(
                lengths.most > longGOP ? .warn : .info, "gop_irregular",
                "key frames come irregularly: \(Words.length(lengths.least)) to \(Words.length(lengths.most)) apart",
                [
                    .init("min_s", .number(lengths.least.seconds)),
                    .init("median_s", .number(lengths.median.seconds)),
                    .init("max_s", .number(lengths.most.seconds)), .init("gops", .int(lengths.count)),
                    .init("shortest_at_s", Words.seconds(gop.shortestAt)),
                    .init("longest_at_s", Words.seconds(gop.longestAt)),
                ])
        ]
    }

    private static func frameRate(
        _ observation: StreamObservation, _ video: TrackObserver, _ measured: Measurements
    ) -> [Finding] {
        guard let values = measured.tracks.first(where: { $0.kind == .video && $0.packets > 0 }),
            let real = values.measuredFrameRate, let declared = values.declaredFrameRate,
            video.timeline.covered >= .seconds(1.5),
            (real - declared).magnitude > max(declared * rateTolerance, 0.5)
        else { return [] }
        // Sequence parameter sets count fields, and some encoders count them wrongly.
        let isFieldCount =
            observation.facts.claims?.frameRate == nil && (real * 2 - declared).magnitude < declared * 0.02
        return [
            Finding(
                isFieldCount ? .info : .warn, "frame_rate",
                "\(Words.decimal(real, 2)) pictures a second, declared are \(Words.decimal(declared, 2))",
                [
                    .init("measured_fps", .number(real)), .init("declared_fps", .number(declared)),
                    .init("from_s", Words.seconds(video.timeline.first)),
                    .init("to_s", Words.seconds(video.timeline.last)),
                ])
        ]
    }

    private static func reorder(_ video: TrackObserver, _ measured: Measurements) -> [Finding] {
        // Segments of seconds leave nothing for B-frames to spoil.
        guard measured.isLive, !measured.isSegmented, video.reorder.reordered > 0 else { return [] }
        let delay = video.reorder.delay
        return [
            Finding(
                delay > longReorder ? .warn : .info, "b_frames",
                "B-frames put a live picture off by \(Words.length(delay))",
                [
                    .init("reorder_ms", .number(delay.milliseconds)),
                    .init("reordered_pictures", .int(video.reorder.reordered)),
                    .init("pictures", .int(video.packets)),
                ])
        ]
    }
}
