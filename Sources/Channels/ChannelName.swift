// What a channel may be called, and the ids that are made for it.

/// A checked name: it stands in file names, addresses and lists as it is.
public struct ChannelName: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    public var description: String { text }

    static let longest = 64

    /// - Returns: nil for what is no name: 1 to 64 ASCII letters, digits, points, dashes and underscores, the first
    ///   of them a letter or a digit.
    public init?(_ text: String) {
        guard let first = text.first, first.isASCII, first.isLetter || first.isNumber,
            text.utf8.count <= Self.longest,
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
        else { return nil }
        self.text = text
    }
}

/// The last part of a stream's addresses.
public struct StreamID: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    public var description: String { text }

    /// - Returns: nil for what cannot stand in an address as it is. No points: what follows one is the form in which
    ///   the stream is asked for (`.flv`, `.m3u8`).
    public init?(_ text: String) {
        guard (1...128).contains(text.utf8.count),
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) })
        else { return nil }
        self.text = text
    }

    /// A new one: the channel's name, so that people know it again, and 40 bits of chance.
    static func make(for name: ChannelName) -> StreamID {
        let chance = String(UInt64.random(in: 0..<(1 << 40)), radix: 16)
        let stem = name.text.map { $0 == "." ? "-" : $0 }
        let text = String(stem) + "-" + String(repeating: "0", count: 10 - chance.count) + chance
        return StreamID(unchecked: text)
    }

    private init(unchecked: String) { text = unchecked }
}

/// The number of a channel, which it keeps for ever. JSON numbers are too small for it.
public struct ChannelID: Sendable, Hashable, CustomStringConvertible {
    public let number: UInt64
    public var description: String { String(number) }

    init?(_ text: String) {
        guard let number = UInt64(text) else { return nil }
        self.number = number
    }

    static func make() -> ChannelID { ChannelID(number: .random(in: 1...UInt64.max)) }
    private init(number: UInt64) { self.number = number }
}
