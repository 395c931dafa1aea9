// A connection that is gone and is being made anew: what the initial thread needs to know of it, and its words.
import Model

struct Interruption: Sendable {
    /// Of the first failure; what follows it only says that it is not over yet.
    let cause: SluiceError
    /// Counted from the last media.
    var attempt: Int
    /// Packets come again, but nothing that can be shown yet.
    var hasReturned = false

    /// The other side has said that the stream is over.
    var isEndOfStream: Bool { cause.isMidStream && cause.reason == .notLive }

    /// For the window. ASCII: its letters know no other.
    var line: String {
        if hasReturned { return "connected again, waiting for a picture..." }
        if isEndOfStream { return "the stream has ended, waiting for it to come back..." }
        return "connection lost, trying again (\(attempt))..."
    }
}
