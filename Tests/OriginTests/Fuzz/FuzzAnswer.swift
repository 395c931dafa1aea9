// Answers as a strict client reads them. Whatever a request has said, each line of an answer is one of those that the
// origin has; anything else is a crash.
import NIOCore
import NIOHTTP1
import Wire

struct FuzzAnswer: Equatable {
    var status = 0
    /// Names in lower case; without the date.
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    /// Reads all there is. What follows an answer that ends the connection, or has no end, is a mistake.
    static func read(_ output: [UInt8], to requests: [HTTPRequestHead], session: String) -> [FuzzAnswer] {
        var rest = output[...]
        var answers: [FuzzAnswer] = []
        while !rest.isEmpty {
            precondition(answers.last?.fields["connection"] != "close", "an answer behind the last one")
            let request = answers.count < requests.count ? requests[answers.count] : nil
            var answer = FuzzAnswer(head: &rest)
            answer.readBody(&rest, isHead: request?.method == .HEAD)
            answer.check(request, session)
            answers.append(answer)
        }
        // One more than the requests: what cannot be read is answered, too.
        precondition(answers.count <= requests.count + 1, "more answers than requests")
        return answers
    }

    private init(head rest: inout ArraySlice<UInt8>) {
        let line = Self.line(&rest)
        let words = line.split(separator: " ", maxSplits: 2)
        precondition(words.count == 3 && words[0] == "HTTP/1.1" && words[1].utf8.count == 3, "status: \(line)")
        guard let status = Int(words[1]), Self.statuses.contains(status) else {
            preconditionFailure("status: \(line)")
        }
        self.status = status
        while true {
            let line = Self.line(&rest)
            if line.isEmpty { break }
            let parts = line.split(separator: ":", maxSplits: 1)
            precondition(parts.count == 2 && parts[1].first == " ", "no header field: \(line)")
            let (name, value) = (parts[0].lowercased(), String(parts[1].dropFirst()))
            precondition(Self.isOurs(name, value), "a header field that nobody makes: \(line)")
            precondition(fields.updateValue(value, forKey: name) == nil, "twice: \(line)")
        }
        precondition(fields.removeValue(forKey: "date") != nil && fields["server"] != nil, "half a head")
        precondition(fields["connection"] != nil, "half a head")
    }

    private static let statuses: Set = [200, 204, 206, 400, 404, 405, 413, 414, 416, 431, 501, 503, 505]
    private static let fixed: [String: Set<String>] = [
        "server": ["sluice"], "access-control-allow-origin": ["*"], "access-control-expose-headers": ["*"],
        "x-content-type-options": ["nosniff"], "transfer-encoding": ["chunked"], "accept-ranges": ["bytes"],
        "cache-control": ["no-cache, no-store", "no-cache", "public, max-age=3600, immutable"],
        "content-type": [
            "text/plain; charset=utf-8", "application/vnd.apple.mpegurl", "video/x-flv", "video/mp4",
            "video/mp4; codecs=\"avc1.42c00a, mp4a.40.2\"", "video/mp4; codecs=\"avc1.42c00a,mp4a.40.2\"",
        ],
        "allow": ["GET, HEAD, OPTIONS"], "access-control-allow-methods": ["GET, HEAD, OPTIONS"],
        "access-control-allow-headers": ["*"], "access-control-max-age": ["86400"], "retry-after": ["1"],
        "connection": ["close", "keep-alive"],
    ]

    private static func isOurs(_ name: String, _ value: String) -> Bool {
        if let values = fixed[name] { return values.contains(value) }
        switch name {
        case "date": return value.utf8.count == 29 && value.hasSuffix(" GMT")
        case "content-length": return !value.isEmpty && value.utf8.allSatisfy { (48...57).contains($0) }
        case "content-range":
            return value.hasPrefix("bytes ")
                && value.dropFirst(6).utf8.allSatisfy { (48...57).contains($0) || "-/*".utf8.contains($0) }
        default: return false
        }
    }

    private mutating func readBody(_ rest: inout ArraySlice<UInt8>, isHead: Bool) {
        if status == 204 { return }
        if let length = fields["content-length"].flatMap({ Int($0) }) {
            // A refusal of what follows the request: its method is none.
            let isRefusal = status == 400 || status == 431
            if isHead, !isRefusal || rest.isEmpty { return }
            precondition(rest.count >= length, "half a body")
            body = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        } else if isHead {
            return
        } else if fields["transfer-encoding"] != nil {
            while !rest.isEmpty {
                let line = Self.line(&rest)
                guard let size = Int(line, radix: 16), rest.count >= size + 2 else {
                    preconditionFailure("no chunk: \(line)")
                }
                body += rest.prefix(size)
                rest = rest.dropFirst(size)
                precondition(Self.line(&rest).isEmpty, "a chunk without an end")
                precondition(size > 0 || rest.isEmpty, "something behind the last chunk")
            }
        } else {
            body = Array(rest)
            rest = []
        }
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> String {
        guard let end = rest.firstIndex(of: 10), end > rest.startIndex, rest[end - 1] == 13 else {
            preconditionFailure("no line: \(String(decoding: rest.prefix(80), as: UTF8.self))")
        }
        let line = rest[..<(end - 1)]
        rest = rest[(end + 1)...]
        precondition(line.allSatisfy { (0x20...0x7E).contains($0) }, "no text in a line")
        return String(decoding: line, as: UTF8.self)
    }

    // MARK: - Whether it may be

    private func check(_ request: HTTPRequestHead?, _ session: String) {
        precondition(body.count <= 64 << 10, "too much")
        switch status {
        case 200, 206:
            guard let request else { preconditionFailure("an answer to nothing") }
            precondition(request.method == .GET || request.method == .HEAD, "\(request.method) is answered")
            let path = Self.path(of: request.uri)
            precondition(Self.isServed(path, session), "\(path) is answered")
            if request.method == .GET { checkMedia(path) } else { precondition(body.isEmpty) }
        case 204: precondition(request?.method == .OPTIONS)
        default:
            // Words for people: one line of our own.
            guard !body.isEmpty else { return }
            precondition(body.count <= 100 && body.last == 10, "a refusal of many words")
            precondition(body.dropLast().allSatisfy { (0x20...0x7E).contains($0) }, "a refusal that is no text")
        }
    }

    private func checkMedia(_ path: String) {
        if path.hasSuffix(".m3u8") {
            precondition(body.starts(with: "#EXTM3U\n".utf8), "no playlist")
        } else if path.hasSuffix(".flv") {
            var reader = FLVStreamReader()
            reader.append(ByteBuffer(bytes: body))
            var tags = 0
            do { while try reader.next() != nil { tags += 1 } } catch { preconditionFailure("no FLV: \(error)") }
            precondition(tags > 1, "FLV without a tag")
        } else if status == 206 {
            precondition(!body.isEmpty && fields["content-range"] != nil)
        } else {
            precondition(body.count > 8, "\(path) is empty")
            precondition(["ftyp", "moof", "styp", "prft"].contains(String(decoding: body[4..<8], as: UTF8.self)))
        }
    }

    /// The path of a target, decoded as simply as can be.
    private static func path(of target: String) -> String {
        var bytes = Array(target.utf8)[...]
        if target.hasPrefix("http://") {
            bytes = bytes.dropFirst(7)
            bytes = bytes.drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        }
        bytes = bytes.prefix { $0 != UInt8(ascii: "?") }
        var out: [UInt8] = []
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%"),
                let code = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            {
                out.append(code)
                bytes = bytes.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isServed(_ path: String, _ session: String) -> Bool {
        for name in FuzzedOrigin.streams
        where ["flv", "m3u8", "mp4"].contains(where: { path == "/live/\(name).\($0)" }) {
            return true
        }
        // Until the session is known, the origin asks itself for nothing but playlists.
        let folder = "/live/still/\(session)-"
        guard !session.isEmpty, path.hasPrefix(folder) else { return false }
        let file = path.dropFirst(folder.count)
        return !file.contains("/") && (file.hasSuffix(".m4s") || file.hasSuffix(".mp4"))
    }
}
