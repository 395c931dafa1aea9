// A parsed http(s) address and the resolution of redirects and playlist entries against it (RFC 3986 §5).
public import Model

/// Everything a request line and a socket need of an address.
struct HTTPLocation: Sendable, Hashable {
    var endpoint: Endpoint
    /// Path and query as they go into the request line, percent-encoded where the user was not careful.
    var target: String
    var user: String?
    var password: String?

    init?(_ address: MediaAddress) {
        guard address.scheme == .http || address.scheme == .https else { return nil }
        let isTLS = address.scheme == .https
        endpoint = Endpoint(host: address.host, port: address.port ?? (isTLS ? 443 : 80), isTLS: isTLS)
        let path = address.path.isEmpty ? "/" : address.path
        let whole = path + (address.query.map { "?" + $0 } ?? "")
        target = Self.encoded(whole.prefix { $0 != "#" })
        user = address.user
        password = address.password
    }

    init?(_ text: String) {
        guard let address = try? MediaAddress(text) else { return nil }
        self.init(address)
    }

    /// Scheme, authority and target; the user info is left out.
    var absolute: String { "\(scheme)://\(endpoint.hostHeader)\(target)" }
    var scheme: String { endpoint.isTLS ? "https" : "http" }

    /// Where `reference` leads from here. User info goes along only to the same server.
    func resolve(_ reference: String) -> HTTPLocation? {
        let text = reference.trimmed
        if text.hasPrefix("//") { return HTTPLocation("\(scheme):\(text)")?.inheriting(self) }
        if let mark = text.firstRange(of: "://"), !text[..<mark.lowerBound].contains(where: { "/?#".contains($0) })
        {
            return HTTPLocation(String(text))?.inheriting(self)
        }
        var next = self
        let fragmentless = text.prefix { $0 != "#" }
        let base = target.prefix { $0 != "?" }
        if fragmentless.isEmpty { return next }
        if fragmentless.hasPrefix("?") {
            next.target = Self.encoded(base + fragmentless)
            return next
        }
        let query = fragmentless.firstIndex(of: "?").map { fragmentless[$0...] } ?? ""
        let path = fragmentless.prefix { $0 != "?" }
        let joined = path.hasPrefix("/") ? String(path) : Self.folder(base) + path
        next.target = Self.encoded(Self.withoutDots(joined) + query)
        return next
    }

    private func inheriting(_ old: HTTPLocation) -> HTTPLocation {
        guard user == nil, endpoint == old.endpoint else { return self }
        var copy = self
        copy.user = old.user
        copy.password = old.password
        return copy
    }

    private static func folder(_ path: Substring) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "/" }
        return String(path[...slash])
    }

    private static func withoutDots(_ path: some StringProtocol) -> String {
        var out: [Substring] = []
        let parts = Substring(path).split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            if part == "." || part == ".." {
                if part == "..", out.count > 1 { out.removeLast() }
                if isLast { out.append("") }
            } else {
                out.append(part)
            }
        }
        let text = out.joined(separator: "/")
        return text.hasPrefix("/") ? text : "/" + text
    }

    /// Encodes what a request line cannot carry and leaves everything else, "%" included, as written.
    private static func encoded(_ text: some StringProtocol) -> String {
        let isClean = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3C && $0 != 0x3E }
        if isClean { return String(text) }
        var out = ""
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7F, byte != 0x22, byte != 0x3C, byte != 0x3E {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }
}

extension MediaAddress {
    /// Where `reference` (a playlist entry, a Location header) leads from this http(s) address; nil for any
    /// other scheme on either side. User info stays with the same server.
    public func resolving(_ reference: String) -> MediaAddress? {
        guard let location = HTTPLocation(self)?.resolve(reference) else { return nil }
        return location.address
    }
}

extension HTTPLocation {
    /// Back to an address; user info is percent-encoded again.
    var address: MediaAddress? {
        var info = ""
        if let user { info = Self.userInfo(user) + (password.map { ":" + Self.userInfo($0) } ?? "") + "@" }
        return try? MediaAddress("\(scheme)://\(info)\(endpoint.hostHeader)\(target)")
    }

    private static func userInfo(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || byte == 0x2D
                    || byte == 0x2E || byte == 0x5F
            {
                out.unicodeScalars.append(scalar)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
