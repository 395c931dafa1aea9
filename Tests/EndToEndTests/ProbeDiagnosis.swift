// What `sluice probe --json` said, taken apart.
import Model
import TestSupport
import Testing

struct Diagnosis: Sendable {
    /// What was said to programs and to people.
    typealias Pair = (json: SluiceRun, text: SluiceRun)

    struct Finding: Sendable, CustomStringConvertible {
        var severity: String
        var code: String
        var message: String
        var evidence: JSONReader.Value
        /// Something that a reader can check: a number, a word, a list that is not empty.
        var hasEvidence: Bool {
            switch evidence {
            case .null: false
            case .bool, .number: true
            case .string(let text): !text.isEmpty
            case .array(let values): !values.isEmpty
            case .object(let fields): !fields.isEmpty
            }
        }
        var description: String { "\(severity) \(code): \(message) \(evidence.compact)" }
    }

    let result: JSONReader.Value
    let findings: [Finding]
    let verdict: String

    init(_ run: SluiceRun) throws {
        guard let result = run.result, let list = result["findings"]?.array else {
            throw LabError("no report (\(run.exit.map { "\($0)" } ?? "killed")): \(run.errors) \(run.text)")
        }
        self.result = result
        verdict = result["verdict"]?.string ?? "none"
        findings = try list.map { entry in
            guard let severity = entry["severity"]?.string, let code = entry["code"]?.string,
                let message = entry["message"]?.string, let evidence = entry["evidence"]
            else { throw LabError("a finding without its fields: \(entry)") }
            return Finding(severity: severity, code: code, message: message, evidence: evidence)
        }
    }

    /// Above `info`.
    var serious: [Finding] { findings.filter { $0.severity != "info" } }
    var summary: String { verdict + findings.map { "\n  \($0)" }.joined() }

    func track(_ type: String) -> JSONReader.Value? {
        result["tracks"]?.array?.first { $0["type"]?.string == type }
    }

    /// `probe --check` of one address, for programs and for people, at the same time.
    static func both(
        _ url: String, _ seconds: Int, _ options: [String] = []
    ) async throws -> Pair {
        let words = ["probe", url, "-t", "\(seconds)", "--check"] + options
        let limit = Span.seconds(Double(seconds) + 20)
        async let json = SluiceBinary.run(words + ["--json"], within: limit)
        async let text = SluiceBinary.run(words, within: limit)
        return (try await json, try await text)
    }

    /// `probe --check --json` alone.
    static func of(_ url: String, _ seconds: Int, _ options: [String] = []) async throws -> Diagnosis {
        try Diagnosis(
            await SluiceBinary.run(
                ["probe", url, "-t", "\(seconds)", "--check", "--json"] + options,
                within: .seconds(Double(seconds) + 20)))
    }
}

extension JSONReader.Value {
    /// For the messages of failed tests.
    var compact: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text): "\"\(text)\""
        case .array(let values): "[" + values.map(\.compact).joined(separator: ", ") + "]"
        case .object(let fields):
            "{" + fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.compact)" }.joined(separator: ", ")
                + "}"
        }
    }
}

/// A probe that found no stream: status, reason, one error line, and an empty result as the last line all the same.
func expectNoStream(
    _ run: SluiceRun, _ status: Int32, _ reason: String, within limit: Span,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let context: Comment =
        "exit \(run.exit as Any) after \(run.took.seconds) s\n\(run.errors)\(run.text.prefix(2000))"
    #expect(run.status == status, context, sourceLocation: sourceLocation)
    #expect(run.error?["reason"]?.string == reason, context, sourceLocation: sourceLocation)
    #expect(run.error?["exit"]?.int == Int(status), context, sourceLocation: sourceLocation)
    // "sluice: cannot probe ADDRESS: why", and "cannot open" where it is FFmpeg that does.
    let words = (run.errorLines.last ?? "").split(separator: " ")
    let isSaid =
        words.starts(with: ["sluice:", "cannot", "probe"]) || words.starts(with: ["sluice:", "cannot", "open"])
    #expect(isSaid && words.count > 4, context, sourceLocation: sourceLocation)
    let spoken = words.count > 4 ? words[3].dropLast() : ""
    // What it was about is known, though nothing came of it.
    #expect(run.result?["url"]?.string == String(spoken), context, sourceLocation: sourceLocation)
    #expect(run.events.last?["event"]?.string == "result", context, sourceLocation: sourceLocation)
    #expect(run.result?["verdict"] == .null, context, sourceLocation: sourceLocation)
    #expect(run.took < limit, context, sourceLocation: sourceLocation)
}
