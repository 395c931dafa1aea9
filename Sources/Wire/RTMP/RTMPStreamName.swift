// Under which name a client publishes or plays: read out of application, address and stream name, between which
// every client divides the parts of a path and its query in its own way. Pure.

/// The name of a stream on a server, and what the client wrote behind question marks.
public struct RTMPStreamName: Sendable, Equatable {
    /// One part of a query, as it was written (nothing is percent-decoded).
    public struct Parameter: Sendable, Equatable {
        public var key: String
        /// Empty where there is no "=".
        public var value: String
        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The first part of the path, e.g. "live". May be empty.
    public var app: String
    /// The rest of it, e.g. "demo". May be empty.
    public var name: String
    /// Of the stream name, then of the application, then of the address. May hold secrets.
    public var query: [Parameter]

    public init(app: String, name: String, query: [Parameter] = []) {
        self.app = app
        self.name = name
        self.query = query
    }

    /// - Parameters:
    ///   - app: As `connect` has it, e.g. "live/_definst_?k=v".
    ///   - tcUrl: As `connect` has it; only its query counts.
    ///   - playpath: The argument of `publish` or `play`, e.g. "mp4:demo.mp4?k=v".
    public init(app: String, tcUrl: String = "", playpath: String = "") {
        let (path, appQuery) = Self.split(app)
        let (file, nameQuery) = Self.split(playpath)
        var parts = Self.parts(path)
        // A prefix of the stream name stands in front of what may have moved into the application.
        parts += Self.parts(Self.plain(file))
        self.app = parts.first.map { String($0) } ?? ""
        name = parts.dropFirst().joined(separator: "/")
        query = nameQuery + appQuery
        for parameter in Self.split(tcUrl).query where !query.contains(parameter) { query.append(parameter) }
    }

    /// The value of the first parameter of that name; nil where there is none.
    public func value(of key: String) -> String? { query.first { $0.key == key }?.value }

    /// Instances ("_definst_" is the one that everybody has) and empty parts say nothing.
    private static func parts(_ path: Substring) -> [Substring] {
        path.split(separator: "/").filter { $0 != "_definst_" }
    }

    /// Flash's kinds of file: "mp4:name.mp4" and "name.flv" are "name".
    private static func plain(_ file: Substring) -> Substring {
        for (prefix, suffixes) in [
            ("mp4:", [".mp4", ".f4v"]), ("f4v:", [".f4v"]), ("mp3:", [".mp3"]), ("flv:", [".flv"]), ("", [".flv"]),
        ] where file.hasPrefix(prefix) {
            let rest = file.dropFirst(prefix.count)
            let suffix = suffixes.first { rest.count > $0.count && rest.hasSuffix($0) }
            return rest.dropLast(suffix?.count ?? 0)
        }
        return file
    }

    /// At the first question mark; some clients write a second one instead of "&".
    private static func split(_ text: String) -> (path: Substring, query: [Parameter]) {
        guard let mark = text.firstIndex(of: "?") else { return (text[...], []) }
        let parts = text[text.index(after: mark)...].split { $0 == "&" || $0 == "?" }
        let query = parts.prefix(parameterLimit).map { part in
            guard let equals = part.firstIndex(of: "=") else { return Parameter(String(part), "") }
            return Parameter(String(part[..<equals]), String(part[part.index(after: equals)...]))
        }
        return (text[..<mark], query)
    }

    private static let parameterLimit = 64
}
