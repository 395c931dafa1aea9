// Holds measurements to expectations. What is not known does not meet an expectation.
import Model

enum ExpectationCheck {
    static func findings(_ expectations: [Expectation], _ measured: Measurements) -> [Finding] {
        expectations.compactMap { expectation in
            guard let field = ExpectationField(rawValue: expectation.field), field != .verdict else { return nil }
            let value = field.measured(measured, expectation.relation)
            return finding(expectation, field, value)
        }
    }

    /// Those that speak of the verdict that all other findings make.
    static func verdictFindings(_ expectations: [Expectation], _ verdict: Verdict) -> [Finding] {
        expectations.compactMap { expectation in
            guard expectation.field == ExpectationField.verdict.rawValue else { return nil }
            return finding(expectation, .verdict, .word(verdict.rawValue.lowercased()))
        }
    }

    private static func finding(_ expectation: Expectation, _ field: ExpectationField, _ value: FieldValue?)
        -> Finding?
    {
        let wish = "\(expectation.field)\(expectation.relation.rawValue)\(expectation.value)"
        guard let value else {
            return Finding(
                .fail, "expectation_failed", "expected \(wish), but \(expectation.field) is not known",
                [
                    .init("field", .string(expectation.field)), .init("expected", .string(wish)),
                    .init("value", .null),
                ])
        }
        guard !isMet(expectation, field, value) else { return nil }
        return Finding(
            .fail, "expectation_failed", "expected \(wish), but it is \(field.text(value))",
            [
                .init("field", .string(expectation.field)), .init("expected", .string(wish)),
                .init("value", value.json),
            ])
    }

    private static func isMet(_ expectation: Expectation, _ field: ExpectationField, _ value: FieldValue) -> Bool {
        let wanted = expectation.value.split(separator: "|").compactMap(field.expected)
        let slack = field.tolerance(expectation.relation)
        let isEqual = wanted.contains { equal($0, value, slack) }
        switch expectation.relation {
        case .equal: return isEqual
        case .notEqual: return !isEqual
        default: break
        }
        guard case .number(let limit)? = wanted.first, case .number(let number) = value else { return false }
        return switch expectation.relation {
        case .atLeast: number >= limit * (1 - slack)
        case .atMost: number <= limit * (1 + slack)
        case .above: number > limit
        case .below: number < limit
        case .equal, .notEqual: false
        }
    }

    private static func equal(_ wanted: FieldValue, _ value: FieldValue, _ slack: Double) -> Bool {
        guard case .number(let a) = wanted, case .number(let b) = value else { return wanted == value }
        return (a - b).magnitude <= a.magnitude * slack
    }
}

extension FieldValue {
    var json: JSONValue {
        switch self {
        case .word(let word): .string(word)
        case .size(let size): .string(size.description)
        case .number(let number): .number(number)
        case .truth(let truth): .bool(truth)
        }
    }
}
