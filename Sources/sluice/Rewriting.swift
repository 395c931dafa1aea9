// What the parser cannot say is rewritten around it: options whose value may be left out. A value is only
// ever given with "=": the word after a bare `--loop` is an operand. To the parser such an option is a flag
// and a hidden option that takes the value.
import Model

enum Rewriting {
    private static let optionsWithOptionalValue: [(name: String, value: String)] = [
        ("loop", "n"), ("wait", "duration"),
    ]

    /// The parser's name of the hidden option, without its dashes.
    static func hiddenName(_ name: String) -> String { name + "-value" }

    /// The words of the command line as the parser wants them.
    static func arguments(_ words: [String]) throws(SluiceError) -> [String] {
        let end = words.firstIndex(of: "--") ?? words.endIndex
        var result: [String] = []
        for word in words[..<end] {
            for (name, _) in optionsWithOptionalValue {
                let hidden = "--" + hiddenName(name)
                if word == hidden || word.hasPrefix(hidden + "=") {
                    throw UsageErrors.error(hidden, "unknown option", hint: "did you mean --\(name)?")
                }
            }
            var word = word
            if let (name, _) = optionsWithOptionalValue.first(where: { word.hasPrefix("--\($0.name)=") }) {
                result.append("--" + name)
                word = "--" + hiddenName(name) + word.dropFirst(name.count + 2)
            }
            // The parser would take the next word for the missing value of "--name=".
            if word.hasPrefix("--"), word.count > 3, word.firstIndex(of: "=") == word.indices.last {
                result += [String(word.dropLast()), ""]
            } else {
                result.append(word)
            }
        }
        return result + words[end...]
    }

    /// The parser's help, with those options as they are to be written. The columns stay where they are.
    static func help(_ text: String) -> String {
        optionsWithOptionalValue.reduce(text) { text, option in
            let suffix = "[=<\(option.value)>]"
            let room = String(repeating: " ", count: suffix.count)
            return text.replacing("  --\(option.name)\(room) ", with: "  --\(option.name)\(suffix) ")
        }
    }

    /// An option's name as the user knows it.
    static func spokenName(_ name: String) -> String {
        optionsWithOptionalValue.first { "--" + hiddenName($0.name) == name }.map { "--" + $0.name } ?? name
    }
}
