// Goes on where the stamps of a stream break off: a sender that began again at zero, a clock that was set or stands
// still, a gap of hours. What comes behind sees one timeline. Pure.
import Model

/// Belongs to the feed thread.
struct ContinuousTimeline {
    /// Stamps that step back by more, or lie ahead of the live edge by more, belong to another timeline. Ahead of the
    /// packet before is no sign: a server leaves media out after a stall.
    static let rollback = Span.seconds(1)
    static let jump = Span.seconds(3)
    /// A file may show one picture for minutes, not for longer than this.
    static let fileJump = Span.seconds(3600)
    /// A picture is not shown so much before or after its decoding time, whatever it says.
    static let widestReordering = Span.seconds(10)
    /// Live stamps that have not moved for so long do not tell the time.
    static let stillness = Span.seconds(1)

    private let isLive: Bool

    private struct Line {
        var shift = Span.zero
        /// As it was handed on.
        var last: MediaTime
        var arrival: HostTime
        var step = Span.milliseconds(20)
        /// The least arrival − time.
        var edge: Span
        /// As it came.
        var stamp: MediaTime
        /// When the stamps last moved.
        var moved: HostTime
    }
    private var lines: [Int: Line] = [:]
    /// The shift found last, for the tracks that follow.
    private var newest = Span.zero
    private var longestStep = Span.zero
    /// Breaks so far.
    private(set) var breaks = 0

    /// - Parameter isLive: Packets come when they are made; else they are read ahead, and arrival says nothing.
    init(isLive: Bool = true) { self.isLive = isLive }

    /// Without a past, for a seek or another connection.
    var fresh: ContinuousTimeline { ContinuousTimeline(isLive: isLive) }

    /// The packet with its place on the one timeline.
    mutating func place(_ packet: Packet) -> Packet {
        guard let time = packet.orderTime else { return packet }
        guard var line = lines[packet.track] else {
            lines[packet.track] = Line(
                shift: newest, last: time + newest, arrival: packet.arrival,
                edge: Self.offset(time + newest, packet.arrival), stamp: time, moved: packet.arrival)
            return moved(packet, by: newest)
        }
        if isStill(time, &line, packet.arrival) {
            line.shift = line.last + min(packet.arrival - line.arrival, .seconds(60)) - time
        } else if isBreak(time + line.shift, after: line, packet.arrival) {
            let waited = isLive ? min(packet.arrival - line.arrival, .seconds(60)) : .zero
            let expected = line.last + max(line.step, waited)
            if newest == line.shift || (time + newest - expected).magnitude > .seconds(2) {
                newest = expected - time
                breaks += 1
            }
            line.shift = newest
        } else {
            let step = time + line.shift - line.last
            if step > .zero { line.step = min(step, .milliseconds(100)) }
            longestStep = max(longestStep, min(step, .seconds(10)))
        }
        line.last = time + line.shift
        line.arrival = packet.arrival
        line.edge = min(line.edge, Self.offset(line.last, packet.arrival))
        lines[packet.track] = line
        return moved(packet, by: line.shift)
    }

    private func isStill(_ stamp: MediaTime, _ line: inout Line, _ arrival: HostTime) -> Bool {
        defer { line.stamp = stamp }
        guard isLive, stamp == line.stamp else {
            line.moved = arrival
            return false
        }
        return arrival - line.moved > Self.stillness
    }

    private func isBreak(_ time: MediaTime, after line: Line, _ arrival: HostTime) -> Bool {
        guard isLive else {
            return time - line.last < -Self.rollback || time - line.last > Self.fileJump
        }
        return time - line.last < -Self.rollback
            || Self.offset(time, arrival) < line.edge - max(Self.jump, longestStep * 4)
    }

    private static func offset(_ time: MediaTime, _ arrival: HostTime) -> Span {
        Span(nanoseconds: arrival.nanoseconds &- time.nanoseconds)
    }

    private func moved(_ packet: Packet, by shift: Span) -> Packet {
        var packet = packet
        if let pts = packet.pts, let dts = packet.dts, (pts - dts).magnitude > Self.widestReordering {
            packet.pts = dts
        }
        guard shift != .zero else { return packet }
        packet.pts = packet.pts.map { $0 + shift }
        packet.dts = packet.dts.map { $0 + shift }
        return packet
    }
}
