// Where an RTMP address leads: which part of the path is the application, which the stream name. A pure
// reading of the address; nothing is resolved here.
public import Model

/// An RTMP address as a server wants to hear it.
public struct RTMPTarget: Sendable, Equatable {
    /// May be empty when the address has no path.
    public var app: String
    /// With the address's query, where servers look for signatures. May be empty.
    public var streamName: String
    /// The address of the application. Never holds user info; names the port only when it is not the default.
    public var tcUrl: String

    /// Splits the path as other clients do: one part is the application; of two, the second is the stream;
    /// of three or more, the first two are the application.
    public init(_ address: MediaAddress) {
        let parts = Self.parts(address)
        self.init(address, parts, appParts: parts.count > 2 ? 2 : 1)
    }

    /// The other way to read three or more parts: the first alone is the application, as servers with plain
    /// application names (nginx) want it. nil when the address cannot be read in two ways.
    public static func alternative(_ address: MediaAddress) -> RTMPTarget? {
        let parts = parts(address)
        return parts.count > 2 ? RTMPTarget(address, parts, appParts: 1) : nil
    }

    private init(_ address: MediaAddress, _ parts: [Substring], appParts: Int) {
        let query = address.query.map { "?" + $0 } ?? ""
        app = parts.prefix(appParts).joined(separator: "/")
        streamName = parts.dropFirst(appParts).joined(separator: "/")
        // Without a stream name the query can only belong to the application.
        if streamName.isEmpty { app += query } else { streamName += query }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let defaultPort = address.scheme == .rtmps ? 443 : 1935
        let port = address.port.map { $0 == defaultPort ? "" : ":\($0)" } ?? ""
        tcUrl = "\(address.scheme.rawValue)://\(host)\(port)/\(app)"
    }

    /// Path parts; slashes before the first part are dropped, a last empty part stays an empty stream name.
    private static func parts(_ address: MediaAddress) -> [Substring] {
        address.path.drop { $0 == "/" }.split(separator: "/", omittingEmptySubsequences: false)
    }
}
