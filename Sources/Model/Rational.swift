// A fraction as FFmpeg and the containers use it: frame rates, aspect ratios, time bases.

/// `numerator / denominator`; a denominator of 0 means unknown and never divides.
public struct Rational: Hashable, Sendable {
    public var numerator: Int
    public var denominator: Int
    public init(_ numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The value, or `nil` where it is unknown, zero or negative.
    public var positiveValue: Double? {
        guard denominator != 0 else { return nil }
        let value = Double(numerator) / Double(denominator)
        return value > 0 ? value : nil
    }
}
