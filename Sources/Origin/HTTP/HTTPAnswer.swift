// Answers as bytes. Every header value is made here or is a number: nothing of a request comes back in one.
import Model
import NIOCore
import NIOHTTP1

/// An answer, or the head of one whose body goes on for as long as the stream.
struct HTTPAnswer {
    enum Body {
        case none
        case whole(ByteBuffer)
        /// Ends with the stream, in chunks where the client knows them.
        case endless
    }

    enum Caching: String {
        /// Is only now.
        case never = "no-cache, no-store"
        /// Changes.
        case revalidated = "no-cache"
        /// The name never stands for anything else.
        case constant = "public, max-age=3600, immutable"
    }

    var status: HTTPResponseStatus
    var contentType: String?
    var caching = Caching.never
    var body: Body
    /// More header fields.
    var fields: [(String, String)] = []

    init(_ status: HTTPResponseStatus, contentType: String? = nil, _ body: Body = .none) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    init(_ refusal: HTTPRefusal) {
        let words = ByteBuffer(string: refusal.words + "\n")
        self.init(refusal.status, contentType: "text/plain; charset=utf-8", .whole(words))
        if refusal.status == .methodNotAllowed { fields.append(("Allow", HTTPRoute.methods)) }
        if refusal.status == .serviceUnavailable { fields.append(("Retry-After", "1")) }
    }

    /// What a page of another origin may ask for.
    static var preflight: HTTPAnswer {
        var answer = HTTPAnswer(.noContent)
        answer.fields = [
            ("Allow", HTTPRoute.methods), ("Access-Control-Allow-Methods", HTTPRoute.methods),
            ("Access-Control-Allow-Headers", "*"), ("Access-Control-Max-Age", "86400"),
        ]
        return answer
    }

    /// Head and body.
    /// - Parameters:
    ///   - isHead: The request was HEAD: the same head, and no body.
    ///   - keepsAlive: The connection takes another request.
    ///   - isChunked: The client knows chunks (HTTP/1.1).
    func bytes(isHead: Bool, keepsAlive: Bool, isChunked: Bool, now: WallTime = .now()) -> ByteBuffer {
        var out = ByteBuffer()
        func line(_ name: String, _ value: String) { out.writeString("\(name): \(value)\r\n") }
        out.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        line("Server", "sluice")
        line("Date", HTTPDate.text(now))
        line("Access-Control-Allow-Origin", "*")
        line("Access-Control-Expose-Headers", "*")
        line("X-Content-Type-Options", "nosniff")
        line("Cache-Control", caching.rawValue)
        if let contentType { line("Content-Type", contentType) }
        for (name, value) in fields { line(name, value) }
        switch body {
        case .none: if status != .noContent { line("Content-Length", "0") }
        case .whole(let bytes): line("Content-Length", String(bytes.readableBytes))
        case .endless: if isChunked { line("Transfer-Encoding", "chunked") }
        }
        line("Connection", keepsAlive ? "keep-alive" : "close")
        out.writeString("\r\n")
        if case .whole(let bytes) = body, !isHead { out.writeImmutableBuffer(bytes) }
        return out
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ time: WallTime) -> String {
        let civil = LocalZone.utc.civil(time)
        // The first of January 1970 was a Thursday.
        let day = days[Int(max(0, time.wholeMilliseconds) / 86_400_000) % 7]
        let date = "\(two(civil.day)) \(months[(civil.month - 1) % 12]) \(civil.year)"
        return "\(day), \(date) \(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
    }

    private static func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
}

/// Chunked transfer coding (RFC 9112 7.1).
enum HTTPChunk {
    static let last = ByteBuffer(string: "0\r\n\r\n")

    static func framed(_ bytes: ByteBuffer) -> ByteBuffer {
        // An empty chunk would be the last one.
        guard bytes.readableBytes > 0 else { return bytes }
        var out = ByteBuffer()
        out.reserveCapacity(bytes.readableBytes + 16)
        out.writeString(String(bytes.readableBytes, radix: 16) + "\r\n")
        out.writeImmutableBuffer(bytes)
        out.writeString("\r\n")
        return out
    }
}

/// The part of a body that a client asks for (RFC 9110 14.2).
enum HTTPByteRange: Equatable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// Anything but one plain range of bytes counts as not asked for: that is always allowed.
    init(_ field: String?, of size: Int) {
        self = .whole
        guard let field, field.hasPrefix("bytes="), !field.contains(",") else { return }
        let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return }
        switch (Int(parts[0]), Int(parts[1])) {
        case (let first?, let last):
            if last == nil, !parts[1].isEmpty { return }
            let end = min(last ?? size - 1, size - 1)
            if let last, last < first { return }
            self = first < size ? .part(first..<end + 1) : .unsatisfiable
        case (nil, let count?) where parts[0].isEmpty:
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
        default: return
        }
    }
}
