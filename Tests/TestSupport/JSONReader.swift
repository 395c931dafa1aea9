// Reads the lines that `--json` prints, so that tests need no library. Strict enough to notice a broken line.

public enum JSONReader {
    public indirect enum Value: Equatable, Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([Value])
        case object([String: Value])

        public subscript(_ key: String) -> Value? {
            if case .object(let fields) = self { fields[key] } else { nil }
        }
        public var string: String? { if case .string(let text) = self { text } else { nil } }
        public var number: Double? { if case .number(let value) = self { value } else { nil } }
        public var int: Int? { number.flatMap { Int(exactly: $0) } }
        public var array: [Value]? { if case .array(let values) = self { values } else { nil } }
        public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    }

    /// Every complete line that is one JSON value; lines that are not are left out.
    public static func lines(_ text: String) -> [Value] {
        text.split(separator: "\n").compactMap { parse(String($0)) }
    }

    /// One value and nothing after it, or nil.
    public static func parse(_ text: String) -> Value? {
        var parser = Parser(bytes: Array(text.utf8))
        guard let value = parser.value(depth: 0) else { return nil }
        parser.space()
        return parser.at == parser.bytes.count ? value : nil
    }

    private struct Parser {
        let bytes: [UInt8]
        var at = 0
        init(bytes: [UInt8]) { self.bytes = bytes }

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func space() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
        }

        mutating func take(_ word: String) -> Bool {
            let wanted = Array(word.utf8)
            guard bytes.count - at >= wanted.count, Array(bytes[at..<at + wanted.count]) == wanted else {
                return false
            }
            at += wanted.count
            return true
        }

        mutating func value(depth: Int) -> Value? {
            space()
            guard depth < 32, let byte = next else { return nil }
            switch byte {
            case UInt8(ascii: "{"): return object(depth)
            case UInt8(ascii: "["): return list(depth)
            case UInt8(ascii: "\""): return text().map(Value.string)
            case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
            case UInt8(ascii: "n"): return take("null") ? .null : nil
            default: return digits()
            }
        }

        mutating func digits() -> Value? {
            let start = at
            while let byte = next, "+-.eE0123456789".utf8.contains(byte) { at += 1 }
            return Double(String(decoding: bytes[start..<at], as: UTF8.self)).map(Value.number)
        }

        mutating func list(_ depth: Int) -> Value? {
            at += 1
            var values: [Value] = []
            space()
            if take("]") { return .array([]) }
            while let value = value(depth: depth + 1) {
                values.append(value)
                space()
                if take("]") { return .array(values) }
                guard take(",") else { return nil }
            }
            return nil
        }

        mutating func object(_ depth: Int) -> Value? {
            at += 1
            var fields: [String: Value] = [:]
            space()
            if take("}") { return .object([:]) }
            while true {
                space()
                guard let name = text() else { return nil }
                space()
                guard take(":"), let value = value(depth: depth + 1) else { return nil }
                fields[name] = value
                space()
                if take("}") { return .object(fields) }
                guard take(",") else { return nil }
            }
        }

        mutating func text() -> String? {
            guard take("\"") else { return nil }
            var out: [UInt8] = []
            while let byte = next {
                at += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\") else {
                    if byte < 0x20 { return nil }
                    out.append(byte)
                    continue
                }
                guard let escaped = escape() else { return nil }
                out += escaped
            }
            return nil
        }

        mutating func escape() -> [UInt8]? {
            guard let kind = next else { return nil }
            at += 1
            switch kind {
            case UInt8(ascii: "n"): return [0x0A]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "r"): return [0x0D]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0C]
            case UInt8(ascii: "u"):
                guard at + 4 <= bytes.count,
                    let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
                else { return nil }
                at += 4
                return Array(String(Unicode.Scalar(code).map(Character.init) ?? "\u{FFFD}").utf8)
            default: return [kind]
            }
        }
    }
}
