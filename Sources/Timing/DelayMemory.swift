// How long the past of the network counts for the delay that playback aims at.
import Model

/// What a mode remembers, and what it forgives.
public enum DelayMemory: Sendable, Hashable {
    /// For watching: a freeze costs more than delay.
    case long
    /// For talking: delay costs more than a rare gap. What a machine does to arrivals while it starts things, and a
    /// hiccup now and then, are forgotten within seconds.
    case short

    /// What an interval weighs a moment later. With `outside` it says how soon a calm is believed in: after
    /// log(outside) / log(forgetting) intervals, which is 26 s or 10 s.
    var forgetting: Double { self == .long ? 0.95 : 0.9 }
    /// The share of the histogram above the target. More than one interval weighs (1 − forgetting), so one stall
    /// alone changes nothing; less than two that come within 9 s (short: 7 s) of each other.
    var outside: Double { self == .long ? 0.07 : 0.12 }
    /// The target falls to the greatest value of so long. Where the line stands still now and then, a shorter time
    /// doubles the changes of the rate and the freezes; with a longer one the minute after is not calm any more.
    var calm: Span { self == .long ? .seconds(14) : .seconds(4) }
    /// A gap in playback is answered with more delay only where another one came within so long before it; zero:
    /// each one is.
    var forgives: Span { self == .long ? .zero : .seconds(10) }

    /// What the sample of this number (from 1) weighs. The first ones weigh more, so that the assumption of the start is
    /// gone within seconds: long, the newest of them most; short, all the same.
    func weight(ofSample number: Int) -> Double {
        let early = self == .long ? 2 / Double(number + 3) : 1 / Double(number + 1)
        return max(1 - forgetting, early)
    }
}
