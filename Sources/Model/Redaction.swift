// Takes secrets out of texts before anybody sees them.

extension MediaAddress {
    /// Query keys whose values are secret.
    static let secretKeys: Set<String> = [
        "txsecret", "passphrase", "token", "key", "auth_key", "secret", "password", "sign", "signature", "auth",
        "response", "access_token", "api_key", "apikey", "wssecret", "pwd", "pass", "auth_token", "sig",
    ]

    /// Replaces user info and secret query values in every URL inside `text` by "***".
    public static func redact(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let mark = rest.firstRange(of: "://") {
            out += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0.isWhitespace }) ?? rest.endIndex
            if let at = rest[..<end].lastIndex(of: "@") {
                out += "***"
                rest = rest[at...]
            }
        }
        out += rest
        return redactQueries(out)
    }

    private static func redactQueries(_ text: String) -> String {
        guard text.contains("=") else { return text }
        var out = ""
        var word = ""
        var rest = text[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            out.append(character)
            if character == "=", secretKeys.contains(word.lowercased()) {
                let end = rest.firstIndex(where: { "&#\"',;) \t\n".contains($0) }) ?? rest.endIndex
                if end > rest.startIndex { out += "***" }
                rest = rest[end...]
                word = ""
            } else if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                word = ""
            }
        }
        return out
    }
}
