// Brings sound to the offset of the picture in playback that never holds the picture back.
public import Model

/// What to do with the sound that is about to be queued.
public enum AudioCorrection: Sendable, Equatable {
    case none
    /// Put this much silence in front: sound is early.
    case insertSilence(Span)
    /// Throw this much away: sound is late and queued deeper than it need be.
    case discard(Span)
    /// Play at this speed, e.g. 1.02, until told otherwise.
    case rate(Double)
}

/// Closes the loop between the sound's offset (host time heard − pts) and the picture's (host time
/// shown − pts). Sound can always be made later; earlier only as far as its own arrival allows: the
/// least queue depth of the last seconds is what can be given up without an underrun.
public struct AudioSteering: Sendable {
    public struct Settings: Sendable {
        /// Depth that stays queued beyond what the jitter of the last seconds has used up.
        public var reserve = Span.milliseconds(6)
        /// How long a low depth is remembered when there are milliseconds to gain.
        public var memory = Span.seconds(4)
        /// The same when much is to gain: a device that stood still leaves a deep queue behind, and what
        /// the depth was before says nothing about it.
        public var shortMemory = Span.seconds(1)
        /// No correction inside this.
        public var deadBand = Span.milliseconds(6)
        /// Corrected at once above this, by speed below.
        public var jump = Span.milliseconds(80)
        /// Greatest change of speed; pitch moves with it, so it stays small.
        public var greatestRate = 0.02
        public init() {}
    }

    private let settings: Settings
    private var depths: [(at: HostTime, depth: Span)] = []
    private var lastJump: HostTime?
    private var rate = 1.0

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// - Parameters:
    ///   - offset: Host time at which the next sample would be heard − its pts.
    ///   - target: The picture's offset; nil while there is none.
    ///   - depth: Sound queued before this sample, device excluded.
    public mutating func correction(offset: Span, target: Span?, depth: Span, now: HostTime) -> AudioCorrection {
        depths.append((now, depth))
        depths.removeAll { now - $0.at > settings.memory }
        guard let target else { return settle(.none) }
        var error = offset - target
        // Late sound can be hurried only by what is spare.
        if error > .zero {
            let recent = spare(over: settings.shortMemory, depth, now)
            error = min(error, recent >= settings.jump ? recent : spare(over: settings.memory, depth, now))
        }
        if error.magnitude < settings.deadBand, rate == 1 { return .none }
        if error.magnitude >= settings.jump {
            guard lastJump.map({ now - $0 > .milliseconds(500) }) ?? true else { return .none }
            lastJump = now
            depths = []
            rate = 1
            return error < .zero ? .insertSilence(-error) : .discard(error)
        }
        // Hysteresis: go on until the middle of the dead band is reached.
        if error.magnitude < settings.deadBand / 3 { return settle(.rate(1)) }
        let wanted = 1 + max(-settings.greatestRate, min(settings.greatestRate, error.seconds * 0.5))
        guard (wanted - rate).magnitude > 0.002 else { return .none }
        rate = wanted
        return .rate(wanted)
    }

    private func spare(over memory: Span, _ depth: Span, _ now: HostTime) -> Span {
        let least = depths.filter { now - $0.at <= memory }.map(\.depth).min() ?? depth
        return max(.zero, least - settings.reserve)
    }

    /// After a seek, a skip or a reconnect nothing that was learnt holds.
    public mutating func reset() {
        depths = []
        lastJump = nil
        rate = 1
    }

    private mutating func settle(_ correction: AudioCorrection) -> AudioCorrection {
        guard rate != 1 else { return .none }
        rate = 1
        return .rate(1)
    }
}
