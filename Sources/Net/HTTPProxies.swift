// http_proxy, https_proxy and no_proxy, read as curl reads them. They never apply to RTMP.
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Which proxy stands between us and a server.
public struct HTTPProxies: Sendable, Hashable {
    /// URL or host:port for http addresses.
    public var http: String?
    /// For https addresses.
    public var https: String?
    /// Hosts, domains (with or without a leading dot) and addresses that are reached directly; "*" for all.
    public var exceptions: [String]

    public init(http: String? = nil, https: String? = nil, exceptions: [String] = []) {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    /// From the environment. HTTP_PROXY in capitals is not read: a CGI request could set it.
    public static func fromEnvironment() -> HTTPProxies {
        func variable(_ names: String...) -> String? {
            for name in names {
                if let value = getenv(name), value.pointee != 0 { return String(cString: value) }
            }
            return nil
        }
        let all = variable("all_proxy", "ALL_PROXY")
        let exceptions = variable("no_proxy", "NO_PROXY") ?? ""
        return HTTPProxies(
            http: variable("http_proxy") ?? all, https: variable("https_proxy", "HTTPS_PROXY") ?? all,
            exceptions: exceptions.split(whereSeparator: { $0 == "," || $0 == " " }).map { String($0).lowercased() }
        )
    }

    /// nil: connect directly.
    func proxy(for endpoint: Endpoint) -> HTTPLocation? {
        guard let text = endpoint.isTLS ? https : http, !text.isEmpty, !isException(endpoint) else { return nil }
        guard let address = try? MediaAddress(text.contains("://") ? text : "http://" + text),
            var location = HTTPLocation(address)
        else { return nil }
        // A proxy without a port listens on 1080 in curl's world.
        if address.port == nil, !location.endpoint.isTLS { location.endpoint.port = 1080 }
        return location
    }

    private func isException(_ endpoint: Endpoint) -> Bool {
        let host = endpoint.host.lowercased()
        return exceptions.contains { entry in
            if entry == "*" { return true }
            var name = entry[...]
            if name.hasPrefix("["), let end = name.firstIndex(of: "]") { name = name[..<end].dropFirst() }
            if let colon = name.lastIndex(of: ":"), name.firstIndex(of: ":") == colon {
                guard Int(name[name.index(after: colon)...]) == endpoint.port else { return false }
                name = name[..<colon]
            }
            if name.hasPrefix(".") { name = name.dropFirst() }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }
}
