// Points and lengths of time. Each clock has its own type, so that media time, host time and wall
// time cannot be mixed by accident. All are whole nanoseconds: every tick of a 90 kHz or a 1/12800 s
// time base survives the way there and back.
#if canImport(Glibc)
    import Glibc
#endif

/// Names a clock; never instantiated.
public protocol Timeline: Sendable {}
/// The stream's own timeline: pts and dts.
public enum MediaTimeline: Timeline {}
/// The machine's monotonic clock.
public enum HostTimeline: Timeline {}
/// Unix time.
public enum WallTimeline: Timeline {}

/// A length of time, in nanoseconds; may be negative.
public struct Span: Hashable, Comparable, Sendable, AdditiveArithmetic {
    public var nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Saturates instead of trapping, so that absurd values from outside stay harmless.
    public init(seconds: Double) { nanoseconds = Span.clamped(seconds * 1e9) }
    public static func seconds(_ value: Double) -> Span { Span(seconds: value) }
    public static func milliseconds(_ value: Double) -> Span { Span(nanoseconds: clamped(value * 1e6)) }
    public static func microseconds(_ value: Int64) -> Span { Span(nanoseconds: value &* 1000) }
    public static let zero = Span(nanoseconds: 0)

    public var seconds: Double { Double(nanoseconds) / 1e9 }
    public var milliseconds: Double { Double(nanoseconds) / 1e6 }

    public static func + (a: Span, b: Span) -> Span { Span(nanoseconds: a.nanoseconds &+ b.nanoseconds) }
    public static func - (a: Span, b: Span) -> Span { Span(nanoseconds: a.nanoseconds &- b.nanoseconds) }
    public static prefix func - (a: Span) -> Span { Span(nanoseconds: 0 &- a.nanoseconds) }
    public static func * (a: Span, k: Double) -> Span { Span(nanoseconds: clamped(Double(a.nanoseconds) * k)) }
    public static func / (a: Span, k: Double) -> Span { Span(nanoseconds: clamped(Double(a.nanoseconds) / k)) }
    public static func < (a: Span, b: Span) -> Bool { a.nanoseconds < b.nanoseconds }
    public var magnitude: Span { Span(nanoseconds: nanoseconds < 0 ? 0 &- nanoseconds : nanoseconds) }

    static func clamped(_ value: Double) -> Int64 {
        guard !value.isNaN else { return 0 }
        return Int64(max(-9.2e18, min(9.2e18, value.rounded())))
    }
}

/// A point on one clock, in nanoseconds since that clock's zero.
public struct Instant<Line: Timeline>: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(seconds: Double) { nanoseconds = Span.clamped(seconds * 1e9) }
    /// Milliseconds, the unit of FLV and RTMP.
    public init(milliseconds: Int64) { nanoseconds = milliseconds &* 1_000_000 }
    public static var zero: Instant { Instant(nanoseconds: 0) }

    public var seconds: Double { Double(nanoseconds) / 1e9 }
    /// Rounded down, so that equal distances stay within one millisecond of each other.
    public var wholeMilliseconds: Int64 {
        let quotient = nanoseconds / 1_000_000
        return nanoseconds % 1_000_000 < 0 ? quotient - 1 : quotient
    }

    public static func - (a: Instant, b: Instant) -> Span { Span(nanoseconds: a.nanoseconds &- b.nanoseconds) }
    public static func + (a: Instant, s: Span) -> Instant { Instant(nanoseconds: a.nanoseconds &+ s.nanoseconds) }
    public static func - (a: Instant, s: Span) -> Instant { Instant(nanoseconds: a.nanoseconds &- s.nanoseconds) }
    public static func += (a: inout Instant, s: Span) { a = a + s }
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
}

public typealias MediaTime = Instant<MediaTimeline>
public typealias HostTime = Instant<HostTimeline>
public typealias WallTime = Instant<WallTimeline>

extension Instant where Line == HostTimeline {
    /// Reads CLOCK_MONOTONIC. Never called by `Timing` or `Wire`: they take `now:`.
    public static func now() -> HostTime { HostTime(nanoseconds: readClock(CLOCK_MONOTONIC)) }
}

extension Instant where Line == WallTimeline {
    /// Reads CLOCK_REALTIME.
    public static func now() -> WallTime { WallTime(nanoseconds: readClock(CLOCK_REALTIME)) }
}

private func readClock(_ id: clockid_t) -> Int64 {
    var value = timespec()
    clock_gettime(id, &value)
    return Int64(value.tv_sec) * 1_000_000_000 + Int64(value.tv_nsec)
}
