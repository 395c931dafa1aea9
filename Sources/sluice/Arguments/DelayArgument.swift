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
        if text == "off" { return .off }
        let length: Span
        do throws(ArgumentProblem) {
            length = try DurationArgument.parse(text)
        } catch {
            throw ArgumentProblem("is not off or a duration (such as 500ms, 2s, 1h30m)")
        }
        guard length >= .milliseconds(100) else { throw ArgumentProblem("is too short: the least is 100ms") }
        return .above(length)
    }
}
