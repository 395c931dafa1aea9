// Who watches by HLS. Such a viewer has no connection that lasts: there is only one who asks for the playlist again
// and again. Pure.
import Model

/// A value. Counts whoever has asked within the last few lengths of a segment.
struct PollingAudience {
    /// A player that sounds its buffer out may leave a request out.
    private static let targets = 3.0
    private static let shortestStay = Span.seconds(10)
    /// Whoever asks under many names is not remembered under all of them.
    static let most = 4096

    /// By name, until when it counts.
    private var stays: [String: HostTime] = [:]
    /// The oldest of those times: nothing has to be looked through before.
    private var nextExpiry = HostTime.zero

    /// - Parameters:
    ///   - who: What tells one viewer from another: the address and what the player calls itself. Two players of one
    ///     kind behind one address are taken for one.
    ///   - target: The playlist's target duration, in which a viewer asks at least once.
    /// - Returns: How many there are now.
    mutating func asked(_ who: String, target: Span, now: HostTime) -> Int {
        let count = count(now)
        guard stays[who] != nil || count < Self.most else { return count }
        let until = now + max(Self.shortestStay, target * Self.targets)
        nextExpiry = stays.isEmpty ? until : min(nextExpiry, until)
        stays[who] = until
        return stays.count
    }

    mutating func count(_ now: HostTime) -> Int {
        guard now >= nextExpiry else { return stays.count }
        stays = stays.filter { $0.value > now }
        nextExpiry = stays.values.min() ?? .zero
        return stays.count
    }

    mutating func clear() { stays = [:] }
}
