// Reads `--expect 'video=h264,fps>=25,gop<=2s,latency<=3s'`.
public import Model

public enum ExpectationList {
    /// Conditions, separated by commas.
    /// - Throws: `usage` for an unknown field, a bad value, or a comparison that the field does not know.
    public static func parse(_ text: String) throws(SluiceError) -> [Expectation] {
        var list: [Expectation] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            list.append(try condition(trimmed(part)))
        }
        return list
    }

    /// The names of all fields, for help texts.
    public static var fields: [String] { ExpectationField.allCases.map(\.rawValue) }

    // Two signs before one: ">=" is not ">".
    private static let relations: [Expectation.Relation] = [.atLeast, .atMost, .notEqual, .equal, .above, .below]

    private static func condition(_ text: Substring) throws(SluiceError) -> Expectation {
        guard !text.isEmpty else { throw refusal(text, "the condition is empty") }
        let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = trimmed(text[name.endIndex...])
        guard let field = ExpectationField(rawValue: String(name)) else {
            throw refusal(text, "there is no field \"\(name)\"")
        }
        guard let relation = relations.first(where: { rest.hasPrefix($0.rawValue) }) else {
            throw refusal(text, "no comparison follows the field", hint: "=, !=, >=, <=, > or <, as in fps>=25")
        }
        let value = trimmed(rest.dropFirst(relation.rawValue.count))
        let isOrder = relation != .equal && relation != .notEqual
        if isOrder, [.word, .truth, .size].contains(field.form) {
            throw refusal(text, "\(name) is compared by = and != only")
        }
        let choices = value.split(separator: "|", omittingEmptySubsequences: false)
        guard choices.count == 1 || field.form == .word, choices.allSatisfy({ field.expected($0) != nil }) else {
            throw refusal(text, "\"\(value)\" is not \(field.form.name)")
        }
        if field == .verdict, !choices.allSatisfy({ ["pass", "warn", "fail"].contains($0.lowercased()) }) {
            throw refusal(text, "\"\(value)\" is not a verdict (pass, warn, fail)")
        }
        return Expectation(field: String(name), relation: relation, value: String(value))
    }

    private static func refusal(_ text: Substring, _ why: String, hint: String? = nil) -> SluiceError {
        SluiceError(
            .usage, "cannot use --expect \"\(text)\"", why: why,
            hint: hint ?? "the fields are \(fields.joined(separator: ", "))")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text = text.dropLast() }
        return text
    }
}

extension ExpectationField.Form {
    fileprivate var name: String {
        switch self {
        case .word: "a word"
        case .size: "a size (such as 1280x720)"
        case .count: "a whole number"
        case .frameRate: "a frame rate (such as 25, 29.97, 30000/1001)"
        case .duration: "a duration (such as 500ms, 2s)"
        case .rate: "a rate (such as 800k, 2.5M, 48000)"
        case .truth: "yes or no"
        }
    }
}
