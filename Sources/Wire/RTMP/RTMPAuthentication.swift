// Adobe's and Limelight's log-in: the server turns the connection down with a challenge in its text, and the
// client comes back with the answer in the query of application and address. Pure functions of that text.

/// What a server's refusal asks of a client that may log in.
public enum RTMPAuthentication: Sendable, Equatable {
    /// The refusal is not about log-in.
    case notAsked
    /// Connect again with this query (no leading "?").
    case answer(query: String)
    /// Log-in was tried or cannot be; the text says why.
    case impossible(String)

    private enum Method: String { case adobe, limelight = "llnw" }

    /// - Parameters:
    ///   - description: The server's text, e.g. "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ".
    ///   - app: The application without any log-in query.
    ///   - nonce: The client's random part; 8 hexadecimal digits by custom.
    ///   - wasAnswered: A challenge has been answered already; asking again means that it was wrong.
    public static func read(
        description: String, app: String, user: String?, password: String?, nonce: String, wasAnswered: Bool
    ) -> RTMPAuthentication {
        guard let mark = description.firstRange(of: "authmod=") else { return .notAsked }
        let name = description[mark.upperBound...].prefix { $0.isLetter || $0.isNumber }
        guard let method = Method(rawValue: String(name)) else {
            return .impossible("the server wants log-in of an unknown kind \"\(name)\"")
        }
        if description.contains("reason=authfailed") { return .impossible("wrong user name or password") }
        if description.contains("reason=nosuchuser") { return .impossible("no such user") }
        guard let user, let password else { return .impossible("the server wants a user name and a password") }
        if wasAnswered { return .impossible("the server does not accept the log-in") }
        if description.contains("code=403 need auth") {
            return .answer(query: "authmod=\(method.rawValue)&user=\(user)")
        }
        guard let start = description.firstRange(of: "?reason=needauth") else {
            return .impossible("the server's log-in challenge cannot be read")
        }
        let challenge = parameters(description[start.upperBound...])
        switch method {
        case .adobe: return .answer(query: adobe(challenge, user, password, nonce))
        case .limelight: return .answer(query: limelight(challenge, app, user, password, nonce))
        }
    }

    private static func adobe(_ challenge: [String: String], _ user: String, _ password: String, _ nonce: String)
        -> String
    {
        let salted = Base64.encode(MD5.digest((user + (challenge["salt"] ?? "") + password).utf8))
        let opaque = challenge["opaque"]
        let question = opaque ?? challenge["challenge"] ?? ""
        let response = Base64.encode(MD5.digest((salted + question + nonce).utf8))
        let query = "authmod=adobe&user=\(user)&challenge=\(nonce)&response=\(response)"
        return opaque.map { query + "&opaque=" + $0 } ?? query
    }

    /// HTTP digest (RFC 2617, qop=auth) with fixed realm and method.
    private static func limelight(
        _ challenge: [String: String], _ app: String, _ user: String, _ password: String, _ nonce: String
    ) -> String {
        let path = app.prefix { $0 != "?" }
        let resource = "/" + path + (path.contains("/") ? "" : "/_definst_")
        let serverNonce = challenge["nonce"] ?? ""
        let count = "00000001"
        let secret = MD5.hex("\(user):live:\(password)")
        let response = MD5.hex("\(secret):\(serverNonce):\(count):\(nonce):auth:\(MD5.hex("publish:\(resource)"))")
        return "authmod=llnw&user=\(user)&nonce=\(serverNonce)&cnonce=\(nonce)&nc=\(count)&response=\(response)"
    }

    /// "&salt=…&challenge=…": values may hold "=" (padding), so only the first one splits.
    private static func parameters(_ text: Substring) -> [String: String] {
        var found: [String: String] = [:]
        for part in text.prefix(while: { !$0.isWhitespace && $0 != "]" }).split(separator: "&") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            found[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        return found
    }
}
