// The escape that keeps start codes out of a NAL unit: 00 00 0x becomes 00 00 03 0x.

/// Converts between a NAL unit's bytes and its payload (RBSP).
public enum EmulationPrevention {
    /// Takes the escapes out.
    public static func removed(from unit: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(unit.count)
        var zeros = 0
        for byte in unit {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            out.append(byte)
        }
        return out
    }

    /// Puts the escapes in. A payload that ends in 00 00 (cabac_zero_words) gets a final 03; all others end
    /// in their stop bit.
    public static func added(to payload: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(payload.count + 4)
        var zeros = 0
        for byte in payload {
            if zeros >= 2, byte <= 3 {
                out.append(3)
                zeros = 0
            }
            zeros = byte == 0 ? zeros + 1 : 0
            out.append(byte)
        }
        if zeros >= 2 { out.append(3) }
        return out
    }
}
