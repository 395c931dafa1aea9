// What a window tells the player: few words, already free of SDL's.

/// The keys the player answers to.
public enum Key: Sendable, Hashable, CaseIterable {
    case q, escape, f, space, l, m, digit9, digit0, s, i, h, left, right, up, down
}

public enum WindowEvent: Sendable, Hashable {
    /// The close button, or the session's end.
    case quit
    case key(Key)
    /// The drawable area has another size, in pixels. Already redrawn.
    case resized(width: Int, height: Int)
    /// Part of the window had been covered. Already redrawn.
    case exposed
    /// Somebody called `wake()`.
    case wake
}
