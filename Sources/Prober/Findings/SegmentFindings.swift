// What an HLS playlist promises and keeps (RFC 8216).
import Intake
import Model

enum SegmentFindings {
    /// Target durations without anything new after which every player has run dry.
    static let dry = 4.0
    /// A live edge older than this has stopped, whatever the list says.
    static let staleEdge = 5.0

    static func of(_ observation: StreamObservation, now: HostTime) -> [Finding] {
        let facts = observation.facts
        guard let list = facts.playlist else { return [] }
        var found = lengths(list)
        let target = list.latest.targetDuration
        if !list.latest.isEnded, target > .zero {
            let wait = max(list.longestWait, (observation.finishedAt ?? now) - list.lastNew)
            if list.stalls > 0 || list.isStalled(at: observation.finishedAt ?? now) {
                found.append(
                    Finding(
                        wait > target * dry ? .fail : .warn, "playlist_stall",
                        "the playlist has nothing new for \(Words.length(wait))",
                        [
                            .init("wait_s", .number(wait.seconds)),
                            .init("target_duration_s", .number(target.seconds)),
                            .init("at_s", Words.seconds(observation.video?.timeline.last)),
                        ]))
            }
            if let age = list.edgeAges.min(), age > target * staleEdge {
                found.append(
                    Finding(
                        .warn, "stale_edge", "the newest segment is \(Words.length(age)) old when it is listed",
                        [
                            .init("edge_age_ms", .number(age.milliseconds)),
                            .init("target_duration_s", .number(target.seconds)),
                        ]))
            }
        }
        let breaks = max(facts.cuts, list.latest.discontinuities)
        if breaks > 0 {
            found.append(
                Finding(
                    .info, "discontinuity", "the playlist has cuts (EXT-X-DISCONTINUITY): \(breaks)",
                    [.init("count", .int(breaks))]))
        }
        return found
    }

    private static func lengths(_ list: ObservedFacts.Playlist) -> [Finding] {
        let target = list.latest.targetDuration
        // Lengths are compared rounded to whole seconds (§4.3.3.1).
        guard let longest = list.segmentDurations.max(), target > .zero,
            longest.seconds.rounded() > target.seconds.rounded()
        else { return [] }
        return [
            Finding(
                .warn, "segment_too_long",
                "a segment of \(Words.length(longest)) is longer than the target duration, \(Words.length(target))",
                [.init("segment_s", .number(longest.seconds)), .init("target_duration_s", .number(target.seconds))])
        ]
    }
}
