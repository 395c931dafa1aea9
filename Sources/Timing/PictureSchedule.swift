// What to do with the oldest decoded picture, in playback that follows a clock.
public import Model

public enum PictureDecision: Sendable, Equatable {
    case show
    /// Nothing to do before this moment.
    case wait(until: HostTime)
    /// Its successor is already due: showing it would only make the successor late.
    case drop
}

public enum PictureSchedule {
    /// Showing a little early is better than a refresh late; half a tick of a 500 Hz poll.
    static let earliness = Span.milliseconds(1)

    /// - Parameters:
    ///   - due: When the clock reaches the picture; nil while the clock stands still.
    ///   - nextDue: The same of its successor, when that is decoded already.
    public static func decide(due: HostTime?, nextDue: HostTime?, now: HostTime) -> PictureDecision {
        guard let due else { return .wait(until: now + .milliseconds(100)) }
        if due - earliness > now { return .wait(until: due - earliness) }
        if let nextDue, nextDue - earliness <= now { return .drop }
        return .show
    }
}
