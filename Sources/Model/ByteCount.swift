// Amounts of bytes as people write and read them.

public enum ByteCount {
    private static let units: [(name: String, bytes: Double)] = [
        ("", 1), ("B", 1), ("K", 1e3), ("KB", 1e3), ("M", 1e6), ("MB", 1e6), ("G", 1e9), ("GB", 1e9), ("T", 1e12),
        ("TB", 1e12), ("KIB", 1024), ("MIB", 1_048_576), ("GIB", 1_073_741_824), ("TIB", 1_099_511_627_776),
    ]

    /// `10G` and `10GB` are ten thousand million, `10GiB` is 10 x 2^30, `500M`, `1.5TB`; a bare number is bytes.
    /// Nil for anything else and for more than 2^62.
    public static func parse(_ text: some StringProtocol) -> Int64? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard digits.first?.isNumber == true, digits.last?.isNumber == true, digits.count <= 20,
            let value = Double(String(digits))
        else { return nil }
        let name = text[digits.endIndex...].uppercased()
        guard let unit = units.first(where: { $0.name == name }) else { return nil }
        let bytes = (value * unit.bytes).rounded()
        return bytes <= 4_611_686_018_427_387_904 ? Int64(bytes) : nil
    }

    /// Three figures and a decimal unit: "1.23 GB", "980 kB", "12 bytes".
    public static func text(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        var value = Double(bytes)
        for (index, unit) in ["kB", "MB", "GB", "TB", "PB", "EB"].enumerated() {
            value /= 1000
            guard value < 999.5 || index == 5 else { continue }
            // 9.996 is 10.0, not 10.00.
            let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
            return fixed(value, decimals) + " " + unit
        }
        return "\(bytes) bytes"
    }

    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1
        let whole = Int((value * Double(scale)).rounded())
        guard decimals > 0 else { return String(whole) }
        let rest = String(whole % scale)
        return "\(whole / scale)." + String(repeating: "0", count: decimals - rest.count) + rest
    }
}
