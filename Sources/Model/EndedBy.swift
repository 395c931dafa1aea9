// Why the work came to its end, in the words of the result lines.

/// The value of `ended_by`.
public enum EndedBy: String, Sendable, Hashable {
    case endOfInput = "end_of_input"
    case duration
    case signal
    /// Somebody pressed q or closed the window.
    case user
    case error
}
