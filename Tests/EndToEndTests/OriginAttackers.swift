import Model
import TestSupport

// What attacks an origin: connections by hand, one at a time or by the thousand.
#if canImport(Glibc)
    import Glibc
#endif

/// Connections of an attacker. Used from one test at a time; they close with it.
struct Attackers: Sendable {
    let clients: [RawClient]

    /// Many at once. `port` by number of the connection.
    init(_ count: Int, port: (Int) -> Int) throws {
        clients = try (0..<count).map { try RawClient(port: port($0)) }
    }

    init(_ clients: [RawClient]) { self.clients = clients }

    /// Reads what is there and tells whether the server has hung up.
    static func isClosed(_ client: RawClient) -> Bool {
        while true {
            switch client.receive(within: .zero) {
            case .bytes: continue
            case .ended, .reset: return true
            case .nothing: return false
            }
        }
    }

    var open: Int { clients.count { !Self.isClosed($0) } }

    /// Waits until the server has hung up on all.
    func areRefused(within limit: Span) async -> Bool {
        await eventually(within: limit, every: .milliseconds(200)) { open == 0 }
    }

    /// Sends each its own bytes one at a time, for as long as the server listens to anybody.
    func dribble(_ bytes: (Int) -> [UInt8], within limit: Span) async -> Bool {
        var at = 0
        return await eventually(within: limit, every: .milliseconds(200)) {
            for (index, client) in clients.enumerated() where !Self.isClosed(client) {
                let text = bytes(index)
                if at < text.count { _ = client.send([text[at]], within: .zero) }
            }
            at += 1
            return open == 0
        }
    }

    /// Lets this process have so many connections.
    static func raiseDescriptors(to wanted: Int) throws {
        var bounds = rlimit()
        let which = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(which, &bounds) == 0 else { throw LabError("no limit") }
        guard bounds.rlim_cur < rlim_t(wanted) else { return }
        guard bounds.rlim_max >= rlim_t(wanted) else {
            throw LabError("\(wanted) descriptors are wanted, the hard limit is \(bounds.rlim_max)")
        }
        bounds.rlim_cur = rlim_t(wanted)
        guard setrlimit(which, &bounds) == 0 else { throw LabError("setrlimit: errno \(errno)") }
    }
}

/// Numbers that look random and are the same each time.
struct Noise: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
    }
}

/// Messages that no client would send. Each behind a handshake.
enum RTMPBomb: String, CaseIterable, Sendable {
    case noChunkSize, negativeChunkSize, largestChunkSize, manyUnfinished, manyChunkStreams, continuedNothing
    case deepObject, hugeArray, hugeObject, longString, longName, endlessMessage

    var bytes: [UInt8] {
        let name = RTMPLink.text("connect") + RTMPLink.number(1)
        switch self {
        case .noChunkSize: return message(2, 1, RTMPLink.four(0))
        case .negativeChunkSize: return message(2, 1, RTMPLink.four(0x8000_0000))
        case .largestChunkSize:
            return message(2, 1, RTMPLink.four(0x7FFF_FFFF)) + RTMPLink.head(3, 20, 0, 0, 0xFF_FFFF)
                + [UInt8](repeating: 2, count: 20 << 20)
        case .manyUnfinished:
            return message(2, 1, RTMPLink.four(60_000))
                + (3..<63).flatMap { RTMPLink.head($0, 9, 1, 0, 60_001) + [UInt8](repeating: 1, count: 60_000) }
        case .manyChunkStreams:
            return (0..<60_000).flatMap { number -> [UInt8] in
                let head = RTMPLink.head(1, 9, 1, 0, 200)
                return [1, UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
                    + head.dropFirst()
                    + [UInt8](repeating: 0, count: 128)
            }
        case .continuedNothing: return [0xC5] + [UInt8](repeating: 0xC5, count: 4096)
        case .deepObject:
            return inChunks(name + (0..<16_000).flatMap { _ in [3, 0, 1, 97] })
        case .hugeArray: return inChunks(name + [10, 0xFF, 0xFF, 0xFF, 0xFF, 5, 5, 5])
        case .hugeObject: return inChunks(name + [8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 97, 5])
        case .longString: return inChunks(name + [12, 0xFF, 0xFF, 0xFF, 0xFF, 97])
        case .longName:
            let long = String(repeating: "a", count: 60_000)
            return inChunks(name + [3] + RTMPLink.field("app", RTMPLink.text(long)) + [0, 0, 9])
        case .endlessMessage:
            return RTMPLink.head(3, 20, 0, 0, 0xFF_FFFF) + [UInt8](repeating: 0xC3, count: 4 << 20)
        }
    }

    private func message(_ chunkStream: UInt8, _ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
        RTMPLink.head(chunkStream, kind, 0, 0, body.count) + body
    }

    /// A command in chunks of 128 bytes.
    private func inChunks(_ body: [UInt8]) -> [UInt8] {
        var bytes = RTMPLink.head(3, 20, 0, 0, body.count)
        for at in stride(from: 0, to: body.count, by: 128) {
            if at > 0 { bytes.append(0xC3) }
            bytes += body[at..<min(at + 128, body.count)]
        }
        return bytes
    }
}

/// Requests that no browser would send. `STREAM` stands for the name of one that exists.
enum HTTPAttack {
    static let requests: [String] =
        paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" }
        + headers.map { "GET /live/STREAM.m3u8x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\($0)\r\n\r\n" }
        + wholes

    private static let paths = [
        "/live/../../../../etc/passwd", "/live/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/live/..%2f..%2f..%2fetc%2fpasswd",
        "/live/STREAM/../../../../../etc/passwd", "/live/STREAM/..%2f..%2f..%2f..%2fetc/passwd",
        "/live/STREAM/....//....//....//etc/passwd", "/live/STREAM/%00",
        "/live/STREAM/%252e%252e%252fetc%252fpasswd",
        "/live/STREAM\\..\\..\\..\\etc\\passwd", "//etc/passwd", "/etc/passwd", "file:///etc/passwd",
        "/live/STREAM/",
        "/live//etc/passwd", "/live/STREAM//etc/passwd", "/live/STREAM/0.m4s%00.ts", "/live/", "/", "*",
        "/live/STREAM/-1.m4s", "/live/STREAM/99999999999999999999999999.m4s", "/live/STREAM/init.mp4/../../x",
        "/live/x%0d%0aX-Injected:%20yes", "/live/x%0d%0aX-Injected:%20yes.m3u8", "/live/x%0aX-Injected:%20yes.flv",
        "/live/STREAM/x%0d%0aX-Injected:%20yes.ts", "/live/%ff%fe%fd", "/live/%", "/live/%zz.flv",
        "/live/" + String(repeating: "a", count: 100_000) + ".flv",
    ]
    private static let headers = [
        "Origin: http://a%0d%0aX-Injected: yes", "Origin: http://a\rX-Injected: yes",
        "Origin: http://a\nX-Injected: yes",
        "Origin: a\r\n X-Injected: yes", "X-Long: " + String(repeating: "a", count: 1 << 20),
        String(repeating: "X-Many: a\r\n", count: 20_000) + "X-Last: a", "Range: bytes=0-999999999999999999999999",
        "Range: bytes=999999999999-", "Content-Length: -1", "Content-Length: 99999999999999999999",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
    ]
    private static let wholes = [
        "FROB /live/STREAM.flv HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /live/STREAM.flv HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        "DELETE /live/STREAM.m3u8 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /live/STREAM.flv HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n", "GET\r\n\r\n",
        "GET /live/STREAMx HTTP/1.1\r\nHost : a\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}", "\u{0}\u{0}\u{0}\u{0}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        String(repeating: "\r\n", count: 50_000),
    ]
}
