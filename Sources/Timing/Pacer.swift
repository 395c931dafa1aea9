// Decides when a packet of a file may leave, so that the file is sent at the speed it plays.
public import Model

/// Paces by order time (dts) against a monotonic clock. The anchor is set once, so nothing drifts over
/// hours; after a pause the backlog leaves at no more than `catchUpRate`.
public struct Pacer: Sendable {
    /// Greatest speed while making up for a pause.
    public static let catchUpRate = 1.25

    /// Sound may leave this much early, together with what leaves just now: nobody hears it, and a sender that
    /// wakes up less often costs less. Pictures may not: their marks would come from the future.
    public static let soundLead = Span.milliseconds(10)

    /// A thread that sleeps until a packet is due wakes up a little later, on a busy machine some milliseconds. Counted
    /// from there, each packet of a backlog would give away more than the 3 ms that it is to gain, and the sender
    /// would never catch up. What is late by more than this was held up by something else.
    static let wakeUp = Span.milliseconds(50)

    private var anchorHost: HostTime?
    private var anchorMedia = MediaTime.zero
    private var lastRelease: HostTime?
    private var lastMedia = MediaTime.zero
    /// The packet that was asked about last, and when it is due.
    private var asked: (time: MediaTime, due: HostTime)?
    /// Largest pts − dts met so far; keeps marks out of the future.
    private var greatestReorder = Span.zero

    public init() {}

    /// Tells of a packet that will be paced later, so that the first marks already know how far pictures are
    /// moved: otherwise they would step back as the reordering shows itself.
    public mutating func foresee(pts: MediaTime, dts: MediaTime) {
        greatestReorder = max(greatestReorder, pts - dts)
    }

    /// When the packet may leave: when it is due, or now for sound that is all but due.
    public mutating func departure(_ time: MediaTime, isSound: Bool, now: HostTime) -> HostTime {
        let due = due(time, now: now)
        return isSound && due - now <= Pacer.soundLead ? min(due, now) : due
    }

    /// When the packet is due. The first one is due at once.
    public mutating func due(_ time: MediaTime, now: HostTime) -> HostTime {
        guard let anchorHost else {
            anchorHost = now
            anchorMedia = time
            lastRelease = now
            lastMedia = time
            return now
        }
        var due = anchorHost + (time - anchorMedia)
        if let lastRelease, time > lastMedia {
            due = max(due, lastRelease + (time - lastMedia) / Pacer.catchUpRate)
        }
        asked = (time, due)
        return due
    }

    /// Notes that the packet has left.
    public mutating func released(_ time: MediaTime, now: HostTime) {
        if let last = lastRelease, time < lastMedia {
            lastRelease = max(last, now)
        } else {
            let due = asked.flatMap { $0.time == time ? $0.due : nil } ?? now
            // Sound that left before it was due has gained nothing for what follows.
            lastRelease = now - due <= Pacer.wakeUp ? due : now
            lastMedia = time
        }
    }

    /// How far the sender is behind its schedule; zero when it is on time.
    public func lag(_ time: MediaTime, now: HostTime) -> Span {
        guard let anchorHost else { return .zero }
        return max(.zero, now - (anchorHost + (time - anchorMedia)))
    }

    /// The host time at which the packet's picture would have been captured had this been a camera:
    /// anchor + pts − the largest pts − dts, which is never later than the packet's own due time.
    public mutating func captureTime(pts: MediaTime, dts: MediaTime) -> HostTime? {
        guard let anchorHost else { return nil }
        greatestReorder = max(greatestReorder, pts - dts)
        return anchorHost + (pts - anchorMedia) - greatestReorder
    }
}
