// A sender with stamps and a network that delays, in numbers: no socket, no clock, the same again for each seed.
import Model

/// SplitMix64: the same numbers on every machine.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One packet as it came.
struct Arrived: Sendable {
    var track: Int
    var media: MediaTime
    var isKeyframe: Bool
    /// Until the next one of the track is due.
    var length: Span
    /// When it was captured, by the receiver's clock.
    var made: HostTime
    var arrival: HostTime
}

struct SimulatedSender: Sendable {
    var framesPerSecond: Double? = 30
    var hasSound = true
    /// Sound is stamped, made and sent so much later than the picture that belongs to it.
    var soundLag = Span.zero
    var keyframeEvery = Span.seconds(1)
    var bitsPerSecond = 1_500_000.0
    /// The sender's clock is faster by so many parts per million.
    var skew = 0.0
    /// Written in batches of so long.
    var mergedWrites = Span.zero
    /// Stamps from this second on are moved by the length.
    var jump: (at: Double, by: Span)?
    /// The key frame group in the server's cache comes at once when the viewer joins.
    var cached = Span.zero

    struct Made: Sendable {
        var track: Int
        var media: MediaTime
        var isKeyframe: Bool
        var length: Span
        var made: HostTime
        var sent: HostTime
        var bits: Double
    }

    static let origin = HostTime(seconds: 1000)

    /// Everything made within `seconds` of the receiver's clock, in the order of sending.
    func make(seconds length: Double) -> [Made] {
        var made: [Made] = []
        let pace = 1 - skew / 1e6
        let seconds = length / pace
        let pictureLength = Span.seconds(1 / (framesPerSecond ?? 30))
        func add(_ track: Int, _ time: Double, key: Bool, bits: Double, lag: Span) {
            var stamp = MediaTime(milliseconds: Int64((time + 5) * 1000))
            if let jump, time >= jump.at { stamp += jump.by }
            let captured = Self.origin + .seconds(time * pace)
            var sent = captured + lag
            if mergedWrites > .zero {
                let batch = ((sent - Self.origin).seconds / mergedWrites.seconds).rounded(.up)
                sent = Self.origin + mergedWrites * batch
            }
            if time < 0 { sent = Self.origin }
            made.append(
                Made(
                    track: track, media: stamp, isKeyframe: key,
                    length: track == 0 ? pictureLength : .seconds(1024.0 / 44100), made: captured, sent: sent,
                    bits: bits))
        }
        let first = -cached.seconds
        if let framesPerSecond {
            let group = max(1, Int((keyframeEvery.seconds * framesPerSecond).rounded()))
            // A key frame is as large as eight others.
            let unit = bitsPerSecond * keyframeEvery.seconds / Double(group + 7)
            var index = 0
            while first + Double(index) / framesPerSecond < seconds {
                let key = index % group == 0
                add(0, first + Double(index) / framesPerSecond, key: key, bits: key ? unit * 8 : unit, lag: .zero)
                index += 1
            }
        }
        if hasSound {
            var index = 0
            while first + Double(index) * 1024 / 44100 < seconds {
                add(1, first + Double(index) * 1024 / 44100, key: true, bits: 3000, lag: soundLag)
                index += 1
            }
        }
        return made.enumerated().sorted { ($0.element.sent, $0.offset) < ($1.element.sent, $1.offset) }.map(
            \.element)
    }
}

struct SimulatedNetwork: Sendable {
    enum Fault: Sendable {
        /// Each read is delayed by 0 to so much, in order, between these seconds.
        case jitter(from: Double, until: Double, upTo: Span)
        /// The line stands still now and then, for 0 to so much, so often on average: lost segments, radio.
        case hiccups(every: Double, upTo: Span)
        /// Nothing passes; everything comes at once afterwards.
        case swallowed(at: Double, for: Double)
        /// The sender cannot write; afterwards it makes up for it at so many times the stream's rate.
        case blocked(at: Double, for: Double, drain: Double)
        /// So many bits a second.
        case rate(from: Double, until: Double, Double)
        /// The line is longer from here on.
        case longer(from: Double, by: Span)
    }
    var faults: [Fault] = []
    /// The machine's own unevenness.
    var noise = Span.milliseconds(2)

    func carry(_ sent: [SimulatedSender.Made], bitsPerSecond: Double, seed: UInt64) -> [Arrived] {
        var numbers = Seeded(seed)
        var last = HostTime.zero
        var lineFree = HostTime.zero
        var (pauseFrom, pauseUntil) = (HostTime.zero, HostTime.zero)
        return sent.map { packet in
            var arrival = max(packet.sent, last)
            var bits = packet.bits
            // The fault proxy reads 4 KiB at a time and draws for each.
            while bits > 0 {
                var due = packet.sent + noise * Double.random(in: 0...1, using: &numbers)
                for case .longer(let from, let by) in faults where second(packet.sent) >= from { due += by }
                for case .jitter(let from, let until, let upTo) in faults
                where second(packet.sent) >= from && second(packet.sent) < until {
                    due += upTo * Double.random(in: 0...1, using: &numbers)
                }
                arrival = max(arrival, due)
                bits -= 4096 * 8
            }
            for case .hiccups(let every, let upTo) in faults {
                while pauseUntil <= arrival {
                    pauseFrom = max(pauseUntil, SimulatedSender.origin)
                    pauseFrom += .seconds(every * Double.random(in: 0.1...1.9, using: &numbers))
                    pauseUntil = pauseFrom + upTo * Double.random(in: 0.01...1, using: &numbers)
                }
                if arrival >= pauseFrom { arrival = pauseUntil }
            }
            for case .swallowed(let at, let length) in faults
            where second(arrival) >= at && second(arrival) < at + length {
                arrival = SimulatedSender.origin + .seconds(at + length)
            }
            for case .blocked(let at, let length, let drain) in faults where second(packet.sent) >= at {
                let end = SimulatedSender.origin + .seconds(at + length)
                if packet.sent < end || lineFree > packet.sent {
                    arrival = max(arrival, max(end, lineFree) + .seconds(packet.bits / (bitsPerSecond * drain)))
                    lineFree = arrival
                }
            }
            for case .rate(let from, let until, let rate) in faults
            where second(arrival) >= from && second(arrival) < until {
                arrival = max(arrival, last + .seconds(packet.bits / rate))
            }
            last = arrival
            return Arrived(
                track: packet.track, media: packet.media, isKeyframe: packet.isKeyframe, length: packet.length,
                made: packet.made,
                arrival: arrival)
        }
    }

    private func second(_ time: HostTime) -> Double { (time - SimulatedSender.origin).seconds }
}
