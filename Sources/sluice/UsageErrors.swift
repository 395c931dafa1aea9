// Makes the one-line usage errors of sluice out of what the argument parser says. The parser keeps its
// error types to itself, so its sentences (of the pinned version) are read; tests hold every form of them.
import ArgumentParser
import Model

enum UsageErrors {
    static func error(_ what: String, _ why: String, hint: String? = nil) -> SluiceError {
        SluiceError(.usage, what, why: why, hint: hint)
    }

    /// - Parameters:
    ///   - command: The subcommand's name, where one was given.
    ///   - stranger: What stands in its place and is none.
    static func from(_ error: any Error, command: String?, stranger: String? = nil) -> SluiceError {
        if let ours = error as? SluiceError { return ours }
        let message = SluiceCommand.message(for: error)
        let line = command.map { "sluice \($0)" } ?? "sluice"
        let help = "see '\(line) --help'"
        if let stranger {
            return self.error(stranger, "unknown command", hint: "the commands are \(SluiceCommand.names)")
        }
        let first = String(message.prefix { !$0.isNewline })
        if let (value, rest) = message.cut("The value '", "' is invalid for '"),
            let end = rest.firstIndex(of: "'")
        {
            let name = rest[..<end].prefix { $0 != " " }
            return self.error(
                Rewriting.spokenName(String(name)), "\"\(value)\" \(problem(rest[end...].dropFirst()))")
        }
        if let (name, rest) = first.cut("Unknown option '", "'") {
            let close = rest.cut(". Did you mean '", "'")?.inner.onlyIfLike(name)
            return self.error(name, "unknown option", hint: close.map { "did you mean \($0)?" } ?? help)
        }
        if let (name, _) = first.cut("Missing value for '", "'") {
            let option = Rewriting.spokenName(String(name.prefix { $0 != " " }))
            return self.error(option, "needs a value", hint: help)
        }
        if let (name, rest) = first.cut("The option '", "' does not take any value"), !rest.isEmpty {
            return self.error(name, "takes no value", hint: help)
        }
        if let (name, _) = first.cut("Unexpected argument '", "'") {
            return self.error(name, "one argument too many", hint: help)
        }
        if let (count, rest) = first.cut("", " unexpected arguments: '") {
            return self.error(
                String(rest.prefix { $0 != "'" }), "\(count) arguments too many", hint: help)
        }
        if let (name, _) = first.cut("Invalid option: ", "") {
            return self.error(name, "unknown option", hint: help)
        }
        return self.error("usage", first.lowercasedFirst, hint: help)
    }

    /// What follows the option's name in the parser's sentence: ours, or its list of values.
    private static func problem(_ tail: Substring) -> String {
        if tail.hasPrefix(": ") { return String(tail.dropFirst(2)) }
        if let list = tail.firstRange(of: "one of") {
            // The sentence's own full stop is none of a word's: watch.rtmp.
            let words = tail[list.upperBound...].split { "' ,:-\n".contains($0) }
                .map { $0.last == "." ? $0.dropLast() : $0 }
                .filter { !["", "the", "following", "or", "and"].contains($0) }
            return "is not one of " + words.joined(separator: ", ")
        }
        return "cannot be used"
    }
}

extension String {
    /// The parser suggests names four letters away; `--foo` is no misspelling of `--loop`.
    fileprivate func onlyIfLike(_ other: String) -> String? {
        distance(to: other) <= max(1, other.filter { $0 != "-" }.count / 3) ? self : nil
    }

    /// Levenshtein's.
    private func distance(to other: String) -> Int {
        let target = Array(other)
        var row = Array(0...target.count)
        for (i, mine) in enumerated() {
            var corner = row[0]
            row[0] = i + 1
            for (j, theirs) in target.enumerated() {
                let change = corner + (mine == theirs ? 0 : 1)
                corner = row[j + 1]
                row[j + 1] = Swift.min(change, row[j] + 1, corner + 1)
            }
        }
        return row[target.count]
    }
}

extension StringProtocol {
    /// What stands between `opening`, at the very start, and the first `closing`; and what follows it.
    fileprivate func cut(_ opening: String, _ closing: String) -> (inner: String, rest: SubSequence)? {
        guard hasPrefix(opening) else { return nil }
        let tail = dropFirst(opening.count)
        guard !closing.isEmpty else { return (String(tail), tail.suffix(0)) }
        guard let range = tail.firstRange(of: closing) else { return nil }
        return (String(tail[..<range.lowerBound]), tail[range.upperBound...])
    }
}
