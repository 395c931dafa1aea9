// Durations as people write them: 500ms, 2s, 90m, 1h30m, 12.5, 00:01:30.
import Model

enum DurationArgument {
    private static let problem = ArgumentProblem("is not a duration (such as 500ms, 2s, 1h30m)")
    private static let units: [(name: String, seconds: Double)] = [
        ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001),
    ]

    /// Zero or more.
    static func parse(_ text: String) throws(ArgumentProblem) -> Span {
        let seconds = text.contains(":") ? try clock(text) : try units(text)
        // Ten years: more is a slip of the finger.
        guard seconds <= 315_360_000 else { throw ArgumentProblem("is too long") }
        return Span(seconds: seconds)
    }

    /// More than zero.
    static func parsePositive(_ text: String) throws(ArgumentProblem) -> Span {
        let span = try parse(text)
        guard span > .zero else { throw ArgumentProblem("must be more than zero") }
        return span
    }

    /// nil: "off".
    /// - Parameter least: In words, and as a length.
    static func parseUnlessOff(_ text: String, least: (name: String, length: Span)) throws(ArgumentProblem) -> Span?
    {
        if text == "off" { return nil }
        let length: Span
        do throws(ArgumentProblem) {
            length = try parse(text)
        } catch {
            throw ArgumentProblem("is not off or a duration (such as 500ms, 2s, 1h30m)")
        }
        guard length >= least.length else { throw ArgumentProblem("is too short: the least is \(least.name)") }
        return length
    }

    /// Numbers with units, from the largest unit to the smallest, each at most once; or a bare number.
    private static func units(_ text: String) throws(ArgumentProblem) -> Double {
        if let value = decimal(text[...]) { return value }
        var rest = text[...]
        var total = 0.0
        var nextUnit = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = decimal(digits) else { throw problem }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isLetter }
            guard let index = units.firstIndex(where: { $0.name == name }), index >= nextUnit else {
                throw problem
            }
            total += value * units[index].seconds
            nextUnit = index + 1
            rest = rest[name.endIndex...]
        }
        guard nextUnit > 0 else { throw problem }
        return total
    }

    /// [HH:]MM:SS[.fraction]
    private static func clock(_ text: String) throws(ArgumentProblem) -> Double {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { throw problem }
        var total = 0.0
        for (index, part) in parts.enumerated() {
            guard let value = decimal(part) else { throw problem }
            guard index == parts.count - 1 || !part.contains(".") else { throw problem }
            guard index == 0 || value < 60 else { throw problem }
            total = total * 60 + value
        }
        return total
    }

    /// Digits with at most one point between or before them; no sign, no exponent.
    static func decimal(_ text: Substring) -> Double? {
        guard text.last?.isNumber == true, text.count <= 20 else { return nil }
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
        return Double(text)
    }
}
