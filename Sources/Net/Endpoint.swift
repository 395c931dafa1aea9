// Where a socket leads: no path, no secrets.

/// A host and port, and whether TLS is spoken there.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Name or address literal, without brackets.
    var host: String
    var port: Int
    var isTLS: Bool

    /// As in a URL or a Host header; the port always written.
    var description: String { "\(bracketedHost):\(port)" }
    var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
}

extension Endpoint {
    /// The value of a Host header: the port only where it is not the scheme's own.
    var hostHeader: String { port == (isTLS ? 443 : 80) ? bracketedHost : description }
}
