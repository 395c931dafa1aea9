// The strict JSON reader: what it takes, what it refuses, and that nothing makes it crash.
import Model
import Testing

@Suite struct JSONParsingTests {
    @Test func values() {
        #expect(JSONValue.parse("null") == .null)
        #expect(JSONValue.parse(" true\n") == .bool(true))
        #expect(JSONValue.parse("-0") == .int(0))
        #expect(JSONValue.parse("9223372036854775807") == .int(.max))
        #expect(JSONValue.parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(JSONValue.parse("1.5e2") == .number(150))
        #expect(JSONValue.parse("[]") == .array([]))
        #expect(JSONValue.parse("{ }") == .object([]))
        #expect(
            JSONValue.parse(#"{"a":[1,2.5,"x"],"b":{"c":null}}"#)
                == .object([
                    .init("a", .array([.int(1), .number(2.5), .string("x")])),
                    .init("b", .object([.init("c", .null)])),
                ]))
        #expect(JSONValue.parse(#""\u00e9\ud83d\ude00\n\/\b""#) == .string("é😀\n/\u{8}"))
        #expect(JSONValue.parse(#"{"a":1,"a":2}"#)?["a"] == .int(2))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity",
        "1e999",
        "[", "]", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}",
        "\"", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "1 2", "{}{}",
        "'a'", "/**/1", "\u{FEFF}1", "--1",
    ])
    func refused(text: String) { #expect(JSONValue.parse(text) == nil) }

    @Test func badUTF8AndDepth() {
        #expect(JSONValue.parse([0x22, 0xC3, 0x22]) == nil)
        #expect(JSONValue.parse([0x22, 0xED, 0xA0, 0x80, 0x22]) == nil)
        let deep = String(repeating: "[", count: 100_000)
        #expect(JSONValue.parse(deep + String(repeating: "]", count: 100_000)) == nil)
        let allowed = JSONValue.depthLimit - 1
        #expect(
            JSONValue.parse(String(repeating: "[", count: allowed) + String(repeating: "]", count: allowed)) != nil)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var generator = SplitMix(state: 0x5EED)
        for _ in 0..<2000 {
            let value = Self.random(&generator, depth: 0)
            #expect(JSONValue.parse(value.text) == value, "\(value.text)")
        }
    }

    /// Every damage gives a value or nothing; a cut object or list never gives a value.
    @Test func damage() {
        var generator = SplitMix(state: 7)
        for _ in 0..<300 {
            let whole = Array(JSONValue.object([.init("v", Self.random(&generator, depth: 0))]).text.utf8)
            for length in 0..<whole.count { #expect(JSONValue.parse(whole.prefix(length)) == nil) }
            for _ in 0..<40 {
                var broken = whole
                for _ in 0...generator.next() % 3 {
                    broken[Int(generator.next() % UInt64(broken.count))] = UInt8(
                        truncatingIfNeeded: generator.next())
                }
                if let value = JSONValue.parse(broken) { #expect(JSONValue.parse(value.text) != nil) }
            }
        }
    }

    private static func random(_ generator: inout SplitMix, depth: Int) -> JSONValue {
        switch generator.next() % (depth > 3 ? 5 : 7) {
        case 0: return .null
        case 1: return .bool(generator.next() % 2 == 0)
        case 2: return .int(Int(truncatingIfNeeded: generator.next()))
        case 3: return .number(Double(Int(generator.next() % 2_000_000)) + 0.125)
        case 4:
            let scalars = (0..<generator.next() % 9).compactMap { _ in
                Unicode.Scalar(UInt32(truncatingIfNeeded: generator.next()) % 0x2_0000)
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 5: return .array((0..<generator.next() % 4).map { _ in random(&generator, depth: depth + 1) })
        default:
            return .object(
                (0..<generator.next() % 4).map { .init("f\($0)\"\\", random(&generator, depth: depth + 1)) })
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
