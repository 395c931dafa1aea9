// What an HTTP request asks for, and whether it may: names and paths are checked here and mean nothing to a file
// system. Pure.
import NIOHTTP1

/// A request that can be answered.
enum HTTPRoute: Equatable {
    /// `/live/NAME.flv`
    case flv(name: String)
    /// `/live/NAME.m3u8`
    case playlist(name: String)
    /// `/live/NAME/FILE`
    case segment(name: String, file: String)
    /// `/live/NAME.mp4`
    case feed(name: String)

    /// Of all header fields together, names and values.
    static let greatestHeader = 16 << 10
    static let methods = "GET, HEAD, OPTIONS"

    init(_ target: HTTPTarget, application: String) throws(HTTPRefusal) {
        let path = target.path
        guard path.count >= 2, path[0] == application else { throw .notFound }
        if path.count == 3 {
            guard ControlRequest.isValid(name: path[1]), !path[2].isEmpty else { throw .notFound }
            self = .segment(name: path[1], file: path[2])
            return
        }
        let file = path[1]
        guard path.count == 2, let dot = file.lastIndex(of: ".") else { throw .notFound }
        let name = String(file[..<dot])
        guard ControlRequest.isValid(name: name) else { throw .notFound }
        switch file[dot...] {
        case ".flv": self = .flv(name: name)
        case ".m3u8": self = .playlist(name: name)
        case ".mp4": self = .feed(name: name)
        default: throw .notFound
        }
    }

    /// Everything that can be said of a request without looking at streams.
    init(_ head: HTTPRequestHead, _ target: HTTPTarget, application: String) throws(HTTPRefusal) {
        let route = try HTTPRoute(target, application: application)
        guard head.method == .GET || head.method == .HEAD else {
            throw HTTPRefusal(.methodNotAllowed, "streams are only read here")
        }
        self = route
    }

    /// What no request may have, whatever it asks for.
    static func check(_ head: HTTPRequestHead) throws(HTTPRefusal) {
        guard head.version.major == 1 else { throw HTTPRefusal(.httpVersionNotSupported, "this is HTTP/1.1") }
        guard head.uri.utf8.count <= HTTPTarget.longest else {
            throw HTTPRefusal(.uriTooLong, "the address is too long")
        }
        let size = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard size <= greatestHeader else {
            throw HTTPRefusal(.requestHeaderFieldsTooLarge, "the header is too large")
        }
        if head.version.minor > 0, head.headers["host"].count != 1 {
            throw HTTPRefusal(.badRequest, "the host is missing, or told twice")
        }
        let lengths = head.headers["content-length"]
        if head.headers.contains(name: "transfer-encoding") || lengths.contains(where: { $0 != "0" }) {
            throw HTTPRefusal(.payloadTooLarge, "nothing can be sent here")
        }
    }
}

/// A request that is refused.
struct HTTPRefusal: Error, Equatable {
    var status: HTTPResponseStatus
    /// For people; says nothing that the request has said.
    var words: String

    init(_ status: HTTPResponseStatus, _ words: String) {
        self.status = status
        self.words = words
    }

    static let notFound = HTTPRefusal(.notFound, "there is nothing of this name")
    static let notLive = HTTPRefusal(.notFound, "nobody publishes this stream")
}

/// The target of a request: its path and its query.
struct HTTPTarget {
    /// Bytes of the longest one that is looked at.
    static let longest = 2048

    /// Decoded, between the slashes.
    let path: [String]
    private let query: [(key: String, value: String)]

    init(_ target: String) throws(HTTPRefusal) {
        var rest = target[...]
        // The absolute form, which a server has to understand as well (RFC 9112 3.2.2).
        if rest.hasPrefix("http://") { rest = rest.dropFirst(7).drop { $0 != "/" && $0 != "?" } }
        let mark = rest.firstIndex(of: "?")
        let path = rest[..<(mark ?? rest.endIndex)]
        guard path.hasPrefix("/") else { throw HTTPRefusal(.badRequest, "the address has no path") }
        var parts: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = Self.decoded(part) else {
                throw HTTPRefusal(.badRequest, "the address has characters that no name has")
            }
            guard decoded != "..", decoded != "." else { throw .notFound }
            parts.append(decoded)
        }
        self.path = parts
        let pairs = mark.map { rest[rest.index(after: $0)...].split(separator: "&") } ?? []
        query = pairs.compactMap { pair in
            let equals = pair.firstIndex(of: "=")
            let key = Self.decoded(pair[..<(equals ?? pair.endIndex)])
            let value = equals.map { Self.decoded(pair[pair.index(after: $0)...]) } ?? ""
            guard let key, let value else { return nil }
            return (key, value)
        }
    }

    /// The first value of that key.
    func value(of key: String) -> String? { query.first { $0.key == key }?.value }

    /// nil for what is damaged, no text, or has a slash or a control character in it.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var input = Array(text.utf8)[...]
        while let byte = input.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = input.popFirst().flatMap(hex), let low = input.popFirst().flatMap(hex) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != 0x5C }
        return isPlain ? String(validating: bytes, as: UTF8.self) : nil
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
