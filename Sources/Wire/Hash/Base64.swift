// Base64 (RFC 4648, the standard alphabet with padding), for log-in digests.

/// Bytes as text.
public enum Base64 {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var group: [UInt8] = []
        for byte in bytes {
            group.append(byte)
            if group.count == 3 { flush(&group, into: &text) }
        }
        if !group.isEmpty { flush(&group, into: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func flush(_ group: inout [UInt8], into text: inout [UInt8]) {
        let missing = 3 - group.count
        let bits = (group + repeatElement(0, count: missing)).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        for place in 0..<4 {
            let index = Int(bits >> UInt32(18 - place * 6)) & 63
            text.append(place > 3 - missing ? UInt8(ascii: "=") : alphabet[index])
        }
        group.removeAll(keepingCapacity: true)
    }
}
