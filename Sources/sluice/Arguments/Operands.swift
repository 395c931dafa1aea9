// The words of a command line that are no options.
import Model

/// The one input of a command that reads one.
enum Operands {
    static func input(of command: String, option: String?, _ operands: [String]) throws(SluiceError) -> String {
        let names = (option.map { [$0] } ?? []) + operands
        guard let name = names.first, !name.isEmpty else {
            throw UsageErrors.error(command, "<url> is missing", hint: "see 'sluice \(command) --help'")
        }
        guard names.count == 1 else {
            throw UsageErrors.error(names[1], "one argument too many", hint: "\(command) takes one input")
        }
        return name
    }
}
