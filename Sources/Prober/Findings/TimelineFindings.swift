// Stamps that break: jumps, gaps, rollbacks, repeats, DTS behind PTS.
import Model

enum TimelineFindings {
    /// A jump this long outlasts the buffers of most players.
    static let longJump = Span.seconds(3)

    /// Once or twice a stamp may repeat: FLV counts milliseconds, and loops have seams.
    static let fewRepeats = 2

    static func of(_ observation: StreamObservation) -> [Finding] {
        observation.tracks.flatMap { of($0.timeline, $0.track.kind) }
    }

    static func of(_ line: TimelineObserver, _ kind: TrackKind) -> [Finding] {
        var found: [Finding] = []
        if line.jumps.count > 0 {
            found.append(
                Finding(
                    line.jumps.worst >= longJump ? .fail : .warn, "timestamp_jump",
                    "\(kind.rawValue) stamps jump forward \(Words.times(line.jumps.count)), by up to "
                        + Words.length(line.jumps.worst),
                    line.jumps.evidence(kind, "jump")))
        }
        if line.gaps.count > 0 {
            found.append(
                Finding(
                    .warn, "timestamp_gap",
                    "\(kind.rawValue) is missing \(Words.times(line.gaps.count)), for up to "
                        + Words.length(line.gaps.worst),
                    line.gaps.evidence(kind, "gap")))
        }
        if line.rollbacks.count > 0 {
            found.append(
                Finding(
                    .fail, "timestamp_rollback",
                    "\(kind.rawValue) stamps go back \(Words.times(line.rollbacks.count)), by up to "
                        + Words.length(line.rollbacks.worst),
                    line.rollbacks.evidence(kind, "rollback")))
        }
        if line.repeats.count > 0 {
            found.append(
                Finding(
                    line.repeats.count > fewRepeats ? .warn : .info, "timestamp_repeat",
                    "\(kind.rawValue) stamps repeat \(Words.times(line.repeats.count))",
                    line.repeats.evidence(kind, "repeat")))
        }
        if line.disorders.count > 0 {
            found.append(
                Finding(
                    .fail, "dts_after_pts",
                    "\(kind.rawValue) is to be decoded after it is to be shown, \(Words.times(line.disorders.count))"
                        + ", by up to \(Words.length(line.disorders.worst))",
                    line.disorders.evidence(kind, "excess")))
        }
        return found
    }
}
