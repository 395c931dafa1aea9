// Follows the stamps of one track and names what is wrong with them. Everything else that measures in media
// time counts only its regular steps.
import Model

struct TimelineObserver: Sendable {
    /// How a packet stands to the one before it in its track.
    enum Step: Sendable, Equatable {
        case first
        case regular(Span)
        case repeated
        case rollback(Span)
        /// The stamps ran ahead of the time that passed.
        case jump(Span)
        /// Media are missing: the stamps ran ahead, and as much time passed.
        case gap(Span)
    }

    /// Occurrences of one kind: all are counted, the first few are kept.
    struct Incidents: Sendable, Equatable {
        struct Example: Sendable, Equatable {
            var at: MediaTime
            var by: Span
        }
        static let kept = 5
        private(set) var count = 0
        private(set) var examples: [Example] = []
        private(set) var worst = Span.zero

        mutating func add(at: MediaTime, by: Span) {
            count += 1
            if examples.count < Self.kept { examples.append(Example(at: at, by: by)) }
            worst = max(worst, by)
        }
    }

    private(set) var jumps = Incidents()
    private(set) var gaps = Incidents()
    private(set) var rollbacks = Incidents()
    private(set) var repeats = Incidents()
    /// DTS after PTS.
    private(set) var disorders = Incidents()
    private(set) var first: MediaTime?
    private(set) var last: MediaTime?
    /// The media time that regular steps cover.
    private(set) var covered = Span.zero
    private(set) var regularSteps = 0

    /// Steps from here on are not regular: half a second is beyond what dropped single frames explain, and more
    /// than the buffer of any low-delay player.
    static let leastJump = Span.milliseconds(500)
    /// A slide show of one picture a second has regular steps, too.
    static let jumpFactor = 4.0

    private var lastArrival: HostTime?
    private var lastIsDated = true
    private var recent: [Span] = []
    private let isLive: Bool

    init(isLive: Bool) { self.isLive = isLive }

    /// The usual distance between packets; nil until three are known.
    var typicalStep: Span? { recent.count < 3 ? nil : recent.sorted()[recent.count / 2] }

    mutating func add(_ packet: Packet) -> Step? {
        if let dts = packet.dts, let pts = packet.pts, dts > pts { disorders.add(at: pts, by: dts - pts) }
        guard let time = time(of: packet) else { return nil }
        let isDated = packet.dts != nil
        defer {
            last = time
            lastArrival = packet.arrival
            lastIsDated = isDated
        }
        guard let last, let lastArrival else {
            first = first ?? time
            return .first
        }
        // Matroska has no DTS for the first pictures of a stream with B-frames. What comes after them is told in
        // another time, which lags behind by as much as pictures are put in order.
        if isDated, !lastIsDated, time <= last, last - time < .seconds(1) { return .regular(.zero) }
        return classify(time - last, from: last, elapsed: packet.arrival - lastArrival, isDated: isDated)
    }

    /// What follows begins anew: a cut that the source has announced, a reconnect.
    mutating func restart() {
        last = nil
        lastArrival = nil
    }

    /// Pictures without DTS come in decoding order with presentation times: only their maximum moves on.
    private func time(of packet: Packet) -> MediaTime? {
        if let dts = packet.dts { return dts }
        guard let pts = packet.pts else { return nil }
        return packet.kind == .video ? max(pts, last ?? pts) : pts
    }

    private mutating func classify(_ step: Span, from last: MediaTime, elapsed: Span, isDated: Bool) -> Step {
        if step == .zero {
            // Undated pictures that are shown before their predecessor.
            guard isDated else { return .regular(.zero) }
            repeats.add(at: last, by: .zero)
            return .repeated
        }
        if step < .zero {
            rollbacks.add(at: last, by: -step)
            return .rollback(-step)
        }
        let limit = max(Self.leastJump, (typicalStep ?? .zero) * Self.jumpFactor)
        // Also what is not regular: or a slide show would never be seen to be one.
        recent.append(step)
        if recent.count > 15 { recent.removeFirst() }
        guard step <= limit else {
            if isLive, elapsed * 2 >= step {
                gaps.add(at: last, by: step)
                return .gap(step)
            }
            jumps.add(at: last, by: step)
            return .jump(step)
        }
        covered = covered + step
        regularSteps += 1
        return .regular(step)
    }
}
