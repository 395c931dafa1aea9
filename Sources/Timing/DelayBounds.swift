// What a mode allows the delay to be.
public import Model

/// The least and the greatest target of a mode; fixed when they are the same.
public struct DelayBounds: Sendable, Hashable {
    /// The target is not below it, however calm the network.
    public var least: Span
    /// The target is not above it.
    public var greatest: Span
    /// What `greatest` becomes while playback keeps running dry.
    public var greatestWhenBad: Span
    /// The target of the first seconds, before anything has been learnt.
    public var initial: Span
    /// How long what the network did counts.
    public var memory: DelayMemory

    /// Bounds that contradict each other are brought into order: `least` wins over `greatest`.
    public init(
        least: Span, greatest: Span, greatestWhenBad: Span? = nil, initial: Span? = nil,
        memory: DelayMemory = .long
    ) {
        self.least = max(.zero, least)
        self.greatest = max(self.least, greatest)
        self.greatestWhenBad = max(self.greatest, greatestWhenBad ?? greatest)
        self.initial = min(max(initial ?? self.least, self.least), self.greatest)
        self.memory = memory
    }

    /// Nothing is learnt: the target is what it is.
    public var isFixed: Bool { least == greatestWhenBad }

    /// Conversation: 60–500 ms, up to 1 s on a bad network.
    public static let rtc = DelayBounds(
        least: .milliseconds(60), greatest: .milliseconds(500), greatestWhenBad: .seconds(1),
        initial: .milliseconds(100), memory: .short)
    /// Watching live: 100 ms–5 s.
    public static let live = DelayBounds(
        least: .milliseconds(100), greatest: .seconds(5), initial: .milliseconds(300))
    /// Watching undisturbed: 5 s.
    public static let smooth = DelayBounds(least: .seconds(5), greatest: .seconds(5))
    /// One delay, whatever the network does.
    public static func fixed(_ delay: Span) -> DelayBounds { DelayBounds(least: delay, greatest: delay) }
}
