// An input or output as the user wrote it: a URL, a file path or "-". Knows what must never be printed.

/// What kind of place an address names.
public enum AddressScheme: String, Sendable {
    case rtmp, rtmps, http, https, srt, rtsp, rtsps, udp, rtp, tcp, file
    /// "-": standard input or output.
    case standardStream = "-"
}

public struct MediaAddress: Sendable, Hashable, CustomStringConvertible {
    /// As given, secrets included. For connecting, never for printing.
    public let raw: String
    public let scheme: AddressScheme
    /// User info of a URL, percent-decoded.
    public let user: String?
    public let password: String?
    /// Empty for files and "-".
    public let host: String
    public let port: Int?
    /// From the first "/" after the host to the query, or the file's path.
    public let path: String
    /// Without the "?".
    public let query: String?

    /// - Throws: `usage` for a scheme that sluice does not know or a URL without a host.
    public init(_ text: String) throws(SluiceError) {
        guard text != "-" else {
            self.init(raw: text, scheme: .standardStream, path: text)
            return
        }
        guard let mark = text.firstRange(of: "://"), Self.looksLikeScheme(text[..<mark.lowerBound]) else {
            self.init(raw: text, scheme: .file, path: text)
            return
        }
        let name = text[..<mark.lowerBound].lowercased()
        if name == "file" {
            self.init(raw: text, scheme: .file, path: String(text[mark.upperBound...]))
            return
        }
        guard let scheme = AddressScheme(rawValue: name), name != "-" else {
            throw SluiceError(
                .usage, "cannot use \(Self.redact(text))", why: "unknown URL scheme \"\(name)\"",
                hint: "known: rtmp, rtmps, http, https, srt, rtsp, udp, a file path, or -")
        }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
        var authority = rest[..<end]
        var (user, password): (String?, String?) = (nil, nil)
        if let at = authority.lastIndex(of: "@") {
            let info = authority[..<at]
            let colon = info.firstIndex(of: ":")
            user = info[..<(colon ?? info.endIndex)].percentDecoded
            password = colon.map { info[info.index(after: $0)...].percentDecoded }
            authority = authority[authority.index(after: at)...]
        }
        var port: Int?
        var host = String(authority)
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            if !digits.isEmpty {
                guard let number = Int(digits), (1...65535).contains(number) else {
                    throw SluiceError(.usage, "cannot use \(Self.redact(text))", why: "bad port \"\(digits)\"")
                }
                port = number
            }
            host = String(authority[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // udp://:1234 and srt://:1234 listen on every address.
        guard !host.isEmpty || [.udp, .srt, .rtp, .tcp].contains(scheme) else {
            throw SluiceError(.usage, "cannot use \(Self.redact(text))", why: "the URL has no host")
        }
        let tail = rest[end...]
        let question = tail.firstIndex(of: "?")
        self.init(
            raw: text, scheme: scheme, user: user, password: password, host: host, port: port,
            path: String(tail[..<(question ?? tail.endIndex)]),
            query: question.map { String(tail[tail.index(after: $0)...]) })
    }

    private init(
        raw: String, scheme: AddressScheme, user: String? = nil, password: String? = nil, host: String = "",
        port: Int? = nil, path: String, query: String? = nil
    ) {
        self.raw = raw
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    public var isNetwork: Bool { scheme != .file && scheme != .standardStream }
    /// An HTTP address whose path ends like a playlist.
    public var isPlaylist: Bool {
        (scheme == .http || scheme == .https) && (path.hasSuffix(".m3u8") || path.hasSuffix(".m3u"))
    }
    /// Safe to print: no user info, no secret query values.
    public var description: String { Self.redact(raw) }

    private static func looksLikeScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isLetter, text.count <= 32 else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == "-" || $0 == ".") }
    }
}

extension StringProtocol {
    /// With each `%41` replaced by the byte it stands for; a `%` that does not begin one stays. Bytes that are no
    /// UTF-8 become U+FFFD.
    public var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(UInt8(digits[0] << 4 | digits[1]))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
