// Where an HLS segment ends, and the target duration of a playlist. Pure.
import Model

/// Cuts at key frames a second or more apart. The target duration is found from the first segments and holds for ever
/// (RFC 8216 6.2.1), so a GOP that turns out longer is cut in its middle.
struct SegmentCutPolicy: Sendable {
    static let least = Span.milliseconds(950)
    /// Of a segment while nothing is known yet: within it even a GOP of ten seconds gives a first segment before the
    /// five seconds are over that a viewer's first request may take. Three of these hold a key frame of such a GOP.
    static let greatest = Span.seconds(4)
    static let soundOnly = Span.seconds(1)
    /// A time without pictures that is longer, and far longer than the distance of pictures before, belongs to no
    /// segment.
    static let hole = Span.seconds(1)

    private(set) var target: TargetDuration
    private var lastGOP: Span?
    private var lastKey: MediaTime?
    private var lastTime: MediaTime?
    private var step: Span?

    init(target: TargetDuration = TargetDuration()) { self.target = target }

    enum Cut: Equatable { case none, here, hole }

    /// - Parameters:
    ///   - time: Of the packet that has come: pictures by their decoding time, sound where there are none.
    ///   - start: Time of the segment's first.
    mutating func cut(at time: MediaTime, isKeyframe: Bool, start: MediaTime, hasPictures: Bool) -> Cut {
        let before = lastTime
        let usual = step
        if let before, time > before { step = time - before }
        lastTime = time
        if !hasPictures { return time - start >= Self.soundOnly ? .here : .none }
        if isKeyframe {
            if let lastKey, time > lastKey { lastGOP = time - lastKey }
            lastKey = time
        } else if let lastKey, time - lastKey > lastGOP ?? .zero {
            // The GOP at hand is as long already.
            lastGOP = time - lastKey
        }
        let elapsed = time - start
        if let before, time - before > Self.hole, time - before > (usual ?? .zero) * 4 { return .hole }
        if isKeyframe, elapsed >= Self.least { return .here }
        let longest = target.longest ?? Self.greatest
        // A key frame that is a little late is waited for, where one can be expected.
        let isExpected = lastGOP.map { $0 <= longest } ?? true
        let limit = isExpected ? longest : target.whole ?? Self.greatest
        // A short GOP ends the segment too when the next one would make it too long.
        if isKeyframe, elapsed > .zero, let lastGOP, elapsed + lastGOP > limit { return .here }
        let ahead = min(step ?? .zero, .milliseconds(500))
        return elapsed + ahead > limit ? .here : .none
    }

    mutating func ended(_ duration: Span, hasPictures: Bool) { target.add(duration, hasPictures: hasPictures) }

    /// Another epoch: its times are compared with nothing before.
    mutating func begin() { (lastKey, lastTime, step) = (nil, nil, nil) }
}

/// EXT-X-TARGETDURATION, found from the first segment or two, then constant.
struct TargetDuration: Sendable, Equatable {
    /// Whole seconds; nil while unknown: the playlist is not shown yet.
    private(set) var seconds: Int?
    private var first: Span?

    init() {}

    var whole: Span? { seconds.map { .seconds(Double($0)) } }

    /// A segment may be as long: its duration, rounded, must not be above the target.
    var longest: Span? { seconds.map { .seconds(Double($0) + 0.4) } }

    /// A first GOP of a second may be a scene's cut; two are a habit, which gives viewers half the delay.
    mutating func add(_ duration: Span, hasPictures: Bool) {
        guard seconds == nil else { return }
        let habit = Span.milliseconds(1100)
        if duration <= habit, hasPictures, first == nil {
            first = duration
            return
        }
        let longest = max(duration, first ?? .zero)
        seconds = longest <= habit ? 1 : max(2, Int((longest.seconds - 0.05).rounded(.up)))
    }
}
