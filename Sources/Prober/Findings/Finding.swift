// What a probe has to say about a stream: one finding each, and the verdict that they make together.
public import Model

public enum Severity: String, Sendable, Comparable {
    /// Worth knowing; nothing is wrong.
    case info
    /// Some viewers will notice.
    case warn
    /// The stream breaks for viewers, or breaks an expectation.
    case fail

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    private var rank: Int { self == .info ? 0 : self == .warn ? 1 : 2 }
}

public enum Verdict: String, Sendable {
    case pass = "PASS", warn = "WARN", fail = "FAIL"

    public init(_ findings: [Finding]) {
        switch findings.map(\.severity).max() {
        case .fail: self = .fail
        case .warn: self = .warn
        default: self = .pass
        }
    }
}

/// One thing that was noticed.
public struct Finding: Sendable, Equatable {
    public var severity: Severity
    /// A stable word for scripts; never changes its meaning.
    public var code: String
    /// For people: lower case, without a full stop.
    public var message: String
    /// Numbers that show it; times are media times in seconds (`at_s`).
    public var evidence: [JSONValue.Field]

    public init(_ severity: Severity, _ code: String, _ message: String, _ evidence: [JSONValue.Field] = []) {
        self.severity = severity
        self.code = code
        self.message = message
        self.evidence = evidence
    }

    var json: JSONValue {
        .object([
            .init("severity", .string(severity.rawValue)), .init("code", .string(code)),
            .init("message", .string(message)), .init("evidence", .object(evidence)),
        ])
    }
}
