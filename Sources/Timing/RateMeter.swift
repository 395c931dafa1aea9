// Windows over what passes: bits per second, pictures per second, seconds between key frames.
public import Model

/// Amount per second over the last `window`.
public struct RateMeter: Sendable {
    private var entries: [(at: HostTime, amount: Double)] = []
    private var head = 0
    private var sum = 0.0
    private let window: Span

    public init(window: Span = .seconds(1)) { self.window = window }

    public mutating func add(_ amount: Double, at now: HostTime) {
        entries.append((now, amount))
        sum += amount
        trim(now)
    }

    /// Per second; zero when nothing came within the window.
    public mutating func rate(at now: HostTime) -> Double {
        trim(now)
        return head == entries.count ? 0 : sum / window.seconds
    }

    private mutating func trim(_ now: HostTime) {
        while head < entries.count, now - entries[head].at > window {
            sum -= entries[head].amount
            head += 1
        }
        if head == entries.count { sum = 0 }
        if head > 256, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}

/// The distance between the last two key frames, by their media times.
public struct GOPMeter: Sendable {
    private var lastKeyframe: MediaTime?
    public private(set) var length: Span?
    public init() {}

    public mutating func add(keyframeAt time: MediaTime) {
        if let lastKeyframe, time > lastKeyframe { length = time - lastKeyframe }
        lastKeyframe = time
    }
}
