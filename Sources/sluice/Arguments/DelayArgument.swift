// Values of the options about delay.
import Model
import Player

enum DelayArgument {
    /// A speed, such as 1.1.
    static func parseRate(_ text: String) throws(ArgumentProblem) -> Double {
        guard let value = DurationArgument.decimal(text[...]), (1...2).contains(value) else {
            throw ArgumentProblem("is not a speed from 1 to 2 (such as 1.1)")
        }
        return value
    }

    /// "off" or a length.
    static func parseSkip(_ text: String) throws(ArgumentProblem) -> DelaySettings.SkipLimit {
        let length = try DurationArgument.parseUnlessOff(text, least: ("100ms", .milliseconds(100)))
        guard let length else { return .off }
        return .above(length)
    }
}
