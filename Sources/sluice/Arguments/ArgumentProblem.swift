// Why the value of an option cannot be used; `UsageErrors` puts the option's name and the value in front.

struct ArgumentProblem: Error, CustomStringConvertible {
    /// Continues `"value" …`: "is not a duration".
    let description: String
    init(_ description: String) { self.description = description }
}
