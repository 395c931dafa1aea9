// Writes numbers bit by bit, high bits first.

struct BitWriter {
    /// Whole bytes; the last one is filled up with zeros.
    private(set) var bytes: [UInt8] = []
    private var used = 0

    /// Writes the low `count` bits of `value`.
    mutating func write(_ value: Int, _ count: Int) {
        for shift in stride(from: count - 1, through: 0, by: -1) {
            if used & 7 == 0 { bytes.append(0) }
            if value >> shift & 1 != 0 { bytes[bytes.count - 1] |= 0x80 >> UInt8(used & 7) }
            used += 1
        }
    }
}
