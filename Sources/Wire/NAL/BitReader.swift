// Reads bits and exp-Golomb numbers from untrusted bytes. Every read is bounded and says when data ends.

struct BitReader {
    private let bytes: [UInt8]
    /// In bits.
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var bitsLeft: Int { bytes.count * 8 - position }

    mutating func bit() throws(WireError) -> Bool {
        guard bitsLeft > 0 else { throw WireError("data ends too early") }
        defer { position += 1 }
        return bytes[position >> 3] >> (7 - UInt8(position & 7)) & 1 != 0
    }

    /// An unsigned number of 0…32 bits.
    mutating func bits(_ count: Int) throws(WireError) -> Int {
        guard (0...32).contains(count), bitsLeft >= count else { throw WireError("data ends too early") }
        var value = 0
        var left = count
        while left > 0 {
            let available = 8 - position & 7
            let take = min(left, available)
            let chunk = Int(bytes[position >> 3]) >> (available - take) & (1 << take - 1)
            value = value << take | chunk
            position += take
            left -= take
        }
        return value
    }

    mutating func skip(_ count: Int) throws(WireError) {
        guard count >= 0, bitsLeft >= count else { throw WireError("data ends too early") }
        position += count
    }

    /// ue(v), at most 2^32 − 2.
    mutating func unsignedGolomb() throws(WireError) -> Int {
        var zeros = 0
        while try !bit() {
            zeros += 1
            guard zeros < 32 else { throw WireError("number out of range") }
        }
        return try (1 << zeros) - 1 + bits(zeros)
    }

    /// ue(v) that may not exceed `limit`.
    mutating func unsignedGolomb(atMost limit: Int, _ name: StaticString) throws(WireError) -> Int {
        let value = try unsignedGolomb()
        guard value <= limit else { throw WireError("\(name) is \(value)") }
        return value
    }

    /// se(v).
    mutating func signedGolomb() throws(WireError) -> Int {
        let value = try unsignedGolomb()
        return value & 1 != 0 ? (value + 1) / 2 : -(value / 2)
    }
}
