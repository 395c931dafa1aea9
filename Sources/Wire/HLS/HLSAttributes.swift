// An attribute list (RFC 8216 4.2): NAME=value pairs, quoted strings with commas inside.
// Lenient: a pair that cannot be read is left out, the rest stays.
import Model

struct HLSAttributes: Sendable {
    private var values: [String: String] = [:]
    /// More names than any tag has; what is beyond them is ignored.
    private static let limit = 64

    init(_ text: Substring) {
        var rest = text.utf8[...]
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")), values.count < Self.limit {
            let name = Self.text(rest[..<equals]).uppercased()
            rest = rest[rest.index(after: equals)...]
            let value: Substring.UTF8View.SubSequence
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                let end = rest.firstIndex(of: UInt8(ascii: "\"")) ?? rest.endIndex
                value = rest[..<end]
                rest = rest[end...]
                values[name] = String(Substring(value))
            } else {
                let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
                values[name] = Self.text(rest[..<end])
                rest = rest[end...]
            }
            guard let comma = rest.firstIndex(of: UInt8(ascii: ",")) else { break }
            rest = rest[rest.index(after: comma)...]
        }
    }

    private static func text(_ bytes: Substring.UTF8View.SubSequence) -> String {
        String(HLSText.trimmed(Substring(bytes)))
    }

    subscript(_ name: String) -> String? { values[name] }

    func integer(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
    func span(_ name: String) -> Span? {
        values[name].flatMap { HLSText.decimal($0[...]) }.map { Span(seconds: $0) }
    }
    func decimal(_ name: String) -> Double? { values[name].flatMap { HLSText.decimal($0[...]) } }
    func isYes(_ name: String) -> Bool { values[name] == "YES" }

    /// WIDTHxHEIGHT.
    func resolution(_ name: String) -> (width: Int, height: Int)? {
        guard let parts = values[name]?.split(whereSeparator: { $0 == "x" || $0 == "X" }), parts.count == 2,
            let width = Int(parts[0]), let height = Int(parts[1]), width > 0, height > 0
        else { return nil }
        return (width, height)
    }

    /// 0x… as bytes, at most 16, filled up on the left.
    func sixteenBytes(_ name: String) -> [UInt8]? {
        guard let text = values[name], text.hasPrefix("0x") || text.hasPrefix("0X") else { return nil }
        let digits = text.dropFirst(2).compactMap(\.hexDigitValue)
        guard digits.count == text.count - 2, (1...32).contains(digits.count) else { return nil }
        let padded = [Int](repeating: 0, count: 32 - digits.count) + digits
        return stride(from: 0, to: 32, by: 2).map { UInt8(padded[$0] << 4 | padded[$0 + 1]) }
    }
}

/// Small readings of playlist text.
enum HLSText {
    static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, isBlank(first) { text = Substring(text.utf8.dropFirst()) }
        while let last = text.utf8.last, isBlank(last) { text = Substring(text.utf8.dropLast()) }
        return text
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    /// Digits, at most one point, an optional minus: no exponents, no "inf".
    static func decimal(_ text: Substring) -> Double? {
        let text = trimmed(text)
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.count <= 40,
            digits.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else { return nil }
        return Double(text)
    }
}
