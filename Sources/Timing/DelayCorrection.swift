// Brings playback back to its target delay: by its rate where that is enough, by a skip where it is not.
public import Model

/// Why playback runs at the rate it does. The words are those of the overlay and of JSON.
public enum DelayReason: String, Sendable, Hashable, CaseIterable {
    case steady
    /// Behind its target: faster.
    case catchingUp = "catching_up"
    /// Nearer to the live edge than the network allows: slower.
    case slowingDown = "slowing_down"
    /// Behind its target, with no media there to hurry through.
    case starved
    /// So far behind that media are left out.
    case skip
}

/// What to do now.
public struct DelayDecision: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        /// Play at this rate from now on, e.g. 1.05.
        case rate(Double)
        /// Go on from the newest key frame, up to the target.
        case skip
    }
    public var action: Action
    public var reason: DelayReason

    public init(action: Action, reason: DelayReason) {
        self.action = action
        self.reason = reason
    }
}

/// Decides the rate from the distance to the target. To be asked each 100 ms or so.
///
/// Corrections begin outside a dead band and end at its middle. In between the rate is what can still be braked
/// from without passing the target, in steps of 0.025 that are half a second apart: time-stretchers dislike
/// changes, and listeners notice those that are faster than 0.05 a second.
public struct DelayCorrection: Sendable {
    public struct Settings: Sendable {
        /// Greatest rate, 1 or more.
        public var maxRate = 1.1
        /// Least rate, 1 or less.
        public var leastRate = 0.95
        /// Excess over the target above which playback skips; nil: never.
        public var skipAbove: Span?
        /// No correction inside this.
        public var deadBand = Span.milliseconds(30)
        /// A distance that does not last is no reason to change the rate.
        public var patience = Span.milliseconds(300)
        /// Media that stay untouched while hurrying.
        public var reserve = Span.milliseconds(20)
        public init() {}
        public init(maxRate: Double, skipAbove: Span?) {
            self.maxRate = max(1, maxRate)
            self.skipAbove = skipAbove
        }
    }

    static let step = 0.025
    static let stepTime = Span.milliseconds(500)
    /// Greatest change of the rate in a second.
    static let slope = step / stepTime.seconds
    /// Excesses below the first are made good at 1.05, which hardly anybody notices; above the second everything
    /// that is allowed is used.
    static let gentle = (rate: 0.05, until: 0.15, fullAt: 0.35)
    /// How long the media buffered have to be there before they can be counted on.
    static let bufferMemory = Span.milliseconds(500)
    /// A burst that comes in is let in before it is skipped over, for a quarter of the limit, within these: a
    /// skip in its middle would leave the rest to be played.
    static let skipPatience = (least: Span.milliseconds(150), greatest: Span.seconds(1))
    /// Between two skips; what was decoded unseen needs a moment to be on screen.
    static let skipPause = Span.seconds(1)

    private let settings: Settings
    private var direction = 0
    private var outsideSince: HostTime?
    private var lastChange: HostTime?
    private var lastSkip: HostTime?
    private var tooFarSince: HostTime?
    private var levels: [(at: HostTime, buffered: Span)] = []
    /// The rate decided last.
    public private(set) var rate = 1.0
    /// Why.
    public private(set) var reason = DelayReason.steady
    /// Changes of the rate so far.
    public private(set) var changes = 0
    /// Skips so far, as `skipped(at:)` told.
    public private(set) var skips = 0

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// - Parameters:
    ///   - delay: Of what is presented now, behind the live edge.
    ///   - target: What it should be.
    ///   - buffered: Media that are there to be played, in media time, of the track that has least.
    public mutating func decide(delay: Span, target: Span, buffered: Span, now: HostTime) -> DelayDecision {
        let before = levels.last
        levels.append((now, buffered))
        levels.removeAll { now - $0.at > Self.bufferMemory }
        let error = delay - target
        if isSkipDue(error: error, buffered: buffered, before: before, now: now) {
            lastSkip = now
            tooFarSince = nil
            return DelayDecision(action: .skip, reason: .skip)
        }
        let least = levels.map(\.buffered).min() ?? buffered
        // What is not there cannot be hurried through: after a stall the delay is known before the media come.
        let excess = error > .zero ? min(error, max(.zero, least - settings.reserve)) : error
        turn(excess, now: now)
        reason =
            direction > 0
            ? .catchingUp
            : direction < 0
                ? .slowingDown : error - excess > .zero && error > settings.deadBand ? .starved : .steady
        step(to: wanted(excess), eager: wanted(excess * 0.8), now: now)
        return DelayDecision(action: .rate(rate), reason: reason)
    }

    /// Playback has skipped, for whatever reason: what was measured before does not hold any more.
    public mutating func skipped(at now: HostTime) {
        skips += 1
        restart()
        lastSkip = now
    }

    /// After a reconnect, a pause, a jump of the timeline: playback begins anew, at rate 1.
    public mutating func reset() {
        restart()
        lastSkip = nil
    }

    private mutating func restart() {
        direction = 0
        outsideSince = nil
        lastChange = nil
        tooFarSince = nil
        levels = []
        if rate != 1 { changes += 1 }
        rate = 1
        reason = .steady
    }

    private mutating func isSkipDue(
        error: Span, buffered: Span, before: (at: HostTime, buffered: Span)?, now: HostTime
    ) -> Bool {
        guard let limit = settings.skipAbove, error > limit, buffered >= limit / 2,
            lastSkip.map({ now - $0 >= Self.skipPause }) ?? true
        else {
            tooFarSince = nil
            return false
        }
        let since = tooFarSince ?? now
        tooFarSince = since
        guard let before else { return false }
        let isGrowing = buffered - before.buffered > (now - before.at) * 0.5
        let patience = min(max(limit / 4, Self.skipPatience.least), Self.skipPatience.greatest)
        return !isGrowing || now - since >= patience
    }

    /// Whether to hurry, to slow down or to leave it.
    private mutating func turn(_ excess: Span, now: HostTime) {
        switch direction {
        case 1 where excess <= .milliseconds(2): direction = 0
        case -1 where excess >= .milliseconds(-2): direction = 0
        default: break
        }
        guard direction == 0, excess.magnitude > settings.deadBand else {
            outsideSince = nil
            return
        }
        let since = outsideSince ?? now
        outsideSince = since
        if now - since >= settings.patience {
            direction = excess > .zero ? 1 : -1
            outsideSince = nil
        }
    }

    /// The rate for this excess, in whole steps.
    private func wanted(_ excess: Span) -> Double {
        guard direction != 0 else { return 1 }
        let distance = max(0, excess.seconds * Double(direction))
        // What can be braked from within the distance.
        let braked = (2 * Self.slope * distance).squareRoot()
        let reach = direction > 0 ? settings.maxRate - 1 : 1 - settings.leastRate
        let share = (distance - Self.gentle.until) / (Self.gentle.fullAt - Self.gentle.until)
        let allowed = Self.gentle.rate + (reach - Self.gentle.rate) * min(1, max(0, share))
        let amount = min(braked, allowed)
        let stepped = max(1, (amount / Self.step + 1e-6).rounded(.down)) * Self.step
        return 1 + Double(direction) * min(stepped, reach)
    }

    /// - Parameter eager: What the rate must want to be before it leaves 1 further, so that noise on the border
    ///   of two steps does not change it to and fro.
    private mutating func step(to wanted: Double, eager: Double, now: HostTime) {
        let isReturning = (wanted - 1).magnitude < (rate - 1).magnitude || (wanted - 1) * (rate - 1) < 0
        let goal = isReturning ? wanted : eager
        guard (goal - rate).magnitude > 0.001, isReturning || (goal - 1).magnitude > (rate - 1).magnitude,
            lastChange.map({ now - $0 >= Self.stepTime }) ?? true
        else { return }
        let next = rate + max(-Self.step, min(Self.step, goal - rate))
        rate = (next * 1000).rounded() / 1000
        lastChange = now
        changes += 1
    }
}
