// Learns from how late packets come how much delay playback needs.
public import Model

/// NetEq's method on packets over a reliable connection: the greatest relative delay of each interval goes into a
/// histogram that forgets, and a quantile of it is the target. The greatest, not the mean, because TCP turns one
/// lost segment into one late packet and a burst behind it, all of which are the same event.
public struct DelayTarget: Sendable {
    static let interval = Span.milliseconds(500)
    static let bucket = Span.milliseconds(10)
    /// Decoding and the machine's other work come on top of the network.
    static let margin = Span.milliseconds(20)
    /// Delays above this are events, whose backlog is not counted interval by interval.
    static let event = Span.seconds(1)
    static let longestEvent = Span.seconds(10)
    /// Intervals of the beginning: until then the assumption of the start weighs more than `outside`, and playback
    /// also runs dry because a track has yet to show up.
    static let opening = 7

    private let bounds: DelayBounds
    private var shares: [Double]
    private var samples = 0
    private var current: (start: HostTime, greatest: Span, last: Span)?
    /// Peak of the event under way, and since when.
    private var peak: (since: HostTime, delay: Span)?
    /// Delay of the last packet of the interval before, while an event's backlog drains.
    private var draining: Span?
    /// What the histogram said in the last seconds.
    private var recent: [(at: HostTime, wanted: Span)] = []
    /// When playback ran dry in the last half minute.
    private var dry: [HostTime] = []
    /// Events that no mode would wait for at once, and the delay that would have covered them.
    private var accidents: [(at: HostTime, needed: Span)] = []
    /// What running dry has taught, and until when it holds in full.
    private var lesson: (delay: Span, until: HostTime)?
    public private(set) var target: Span

    public init(bounds: DelayBounds) {
        self.bounds = bounds
        let count = Int((bounds.greatestWhenBad.seconds / Self.bucket.seconds).rounded(.up)) + 1
        shares = [Double](repeating: 0, count: bounds.isFixed ? 1 : min(max(count, 2), 6001))
        target = bounds.initial
        reset()
    }

    /// Tells of a packet: `relativeDelay` is what `ArrivalModel` said of it.
    public mutating func add(relativeDelay: Span, at now: HostTime) {
        guard !bounds.isFixed else { return }
        let delay = max(.zero, relativeDelay)
        guard let open = current else {
            current = (now, delay, delay)
            return
        }
        guard now - open.start >= Self.interval else {
            current = (open.start, max(open.greatest, delay), delay)
            return
        }
        close(greatest: open.greatest, last: open.last, at: now)
        current = (now, delay, delay)
        settle(at: now)
    }

    /// Playback had nothing to show for `lateBy`.
    ///
    /// A short one is answered at once with as much more delay as would have covered it (playback that waited has
    /// it already), for a while, unless the mode forgives it. In the first seconds the histogram learns fast enough.
    /// A long one is an accident of the network; two of them within a minute are its habit, and the shorter of the
    /// two is what to be ready for.
    public mutating func underrun(at now: HostTime, lateBy: Span) {
        guard !bounds.isFixed, lateBy > .zero, samples >= Self.opening else { return }
        // Playback may have been behind its target already, so what the network did says more than the gap.
        let network = max(current?.greatest ?? .zero, peak?.delay ?? .zero)
        let needed = max(target + lateBy, network + Self.margin)
        if needed <= Self.event + Self.margin {
            let forgives = bounds.memory.forgives
            let isForgiven = forgives > .zero && dry.last.map { now - $0 > forgives } ?? true
            if !isForgiven { teach(needed, until: now + .seconds(20)) }
        } else if let newest = accidents.last, now - newest.at < Self.longestEvent {
            // Still the same one: a bandwidth that has dipped starves playback again and again.
            accidents[accidents.count - 1] = (now, max(newest.needed, needed))
        } else {
            accidents.removeAll { now - $0.at > .seconds(60) }
            if let before = accidents.map(\.needed).max() {
                teach(min(before, needed), until: now + .seconds(30))
            }
            accidents.append((now, needed))
        }
        dry.removeAll { now - $0 > .seconds(30) }
        dry.append(now)
        if dry.count > 64 { dry.removeFirst() }
        settle(at: now)
    }

    /// The edge has been moved up by so much (`ArrivalModel.shifted`): what is known is late by that much less.
    public mutating func edgeRose(by rise: Span) {
        let buckets = min(shares.count, Int((rise.seconds / Self.bucket.seconds).rounded()))
        guard buckets > 0 else { return }
        let low = shares[..<min(buckets + 1, shares.count)].reduce(0, +)
        for index in shares.indices {
            shares[index] = index == 0 ? low : index + buckets < shares.count ? shares[index + buckets] : 0
        }
        recent = []
        current = nil
        peak = nil
        draining = nil
    }

    /// After a jump of the timeline or a reconnect: another sender, perhaps, and another line.
    public mutating func reset() {
        for index in shares.indices { shares[index] = 0 }
        shares[index(of: bounds.initial - Self.margin)] = 1
        samples = 0
        current = nil
        peak = nil
        draining = nil
        recent = []
        dry = []
        accidents = []
        lesson = nil
        target = bounds.initial
    }

    private mutating func close(greatest: Span, last: Span, at now: HostTime) {
        if greatest > Self.event {
            if let peak, now - peak.since < Self.longestEvent {
                self.peak = (peak.since, max(peak.delay, greatest))
            } else {
                if let peak { register(peak.delay, isEvent: true) }
                peak = (now, greatest)
            }
            draining = last
            return
        }
        if let peak {
            register(peak.delay, isEvent: true)
            self.peak = nil
        }
        // Still the same event's backlog.
        if let before = draining, greatest <= before + .milliseconds(20), greatest > target {
            draining = last
            return
        }
        draining = nil
        register(greatest)
    }

    private mutating func register(_ delay: Span, isEvent: Bool = false) {
        samples += 1
        // A stall alone changes nothing, in the first seconds either.
        let weight = isEvent ? 1 - bounds.memory.forgetting : bounds.memory.weight(ofSample: samples)
        for index in shares.indices { shares[index] *= 1 - weight }
        shares[index(of: delay)] += weight
    }

    private func index(of delay: Span) -> Int {
        min(shares.count - 1, max(0, Int(delay.seconds / Self.bucket.seconds)))
    }

    private var quantile: Span {
        var above = 0.0
        for index in shares.indices.reversed() {
            above += shares[index]
            if above > bounds.memory.outside { return Self.bucket * Double(index + 1) }
        }
        return .zero
    }

    private mutating func teach(_ delay: Span, until: HostTime) {
        let taught = lesson.map { max($0.delay, delay) } ?? delay
        lesson = (min(taught, bounds.greatestWhenBad), max(until, lesson?.until ?? until))
    }

    private mutating func settle(at now: HostTime) {
        if samples <= Self.opening { recent = [] }
        recent.append((now, quantile + Self.margin))
        recent.removeAll { now - $0.at > bounds.memory.calm }
        var wanted = recent.map(\.wanted).max() ?? .zero
        if let lesson {
            // A lesson fades by 25 ms each second, which playback makes good without anybody noticing.
            let faded = lesson.delay - max(.zero, now - lesson.until) * 0.025
            if faded > wanted { wanted = faded } else if now > lesson.until { self.lesson = nil }
        }
        let isBad = dry.filter { now - $0 < .seconds(30) }.count >= 2
        target = min(max(wanted, bounds.least), isBad ? bounds.greatestWhenBad : bounds.greatest)
    }
}
