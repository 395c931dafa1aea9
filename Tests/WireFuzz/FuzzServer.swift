// A client's bytes into the server session, with an owner that allows everything.
import NIOCore
import Wire

enum FuzzServer {
    static let settings = RTMPServerSettings(handshakeRandom: [1, 2, 3])

    /// Behind the handshake; a copy begins each input that has none.
    private static let opened: RTMPServerSession = {
        var session = RTMPServerSession(settings)
        _ = session.receive(ByteBuffer(bytes: [3] + [UInt8](repeating: 0, count: 3072)))
        return session
    }()

    static func read(_ input: [UInt8]) {
        let hasHandshake = input.count > 3073 && input[0] == 3
        let runs = FuzzTarget.cuts(input).map { run(hasHandshake ? RTMPServerSession(settings) : opened, $0) }
        precondition(runs[0] == runs[1], "what is read depends on how the bytes were cut")
    }

    /// What happened, without what was sent: that does depend on when the owner is asked.
    private static func run(_ session: RTMPServerSession, _ pieces: [ByteBuffer]) -> [RTMPServerSession.Action] {
        var session = session
        var events: [RTMPServerSession.Action] = []
        var sent = 0
        var media = 0
        for piece in pieces {
            for action in session.receive(piece) {
                switch action {
                case .send(let bytes):
                    sent += bytes.readableBytes
                    continue
                case .publish: sent += session.acceptPublish().readableBytes
                case .play: sent += session.acceptPlay().readableBytes
                case .media(let tag):
                    media += tag.body.readableBytes
                    _ = TagFacts(tag)
                    precondition(RTMPFanoutWriter().bytes(for: tag).readableBytes > tag.body.readableBytes)
                default: break
                }
                events.append(action)
            }
        }
        let size = pieces.reduce(0) { $0 + $1.readableBytes }
        precondition(media <= size, "more media than bytes")
        precondition(sent <= 5000 + size * 64, "\(sent) bytes of answers to \(size)")
        let failures = events.filter { if case .failed = $0 { true } else { false } }
        precondition(failures.count <= 1 && (failures.isEmpty || events.last == failures[0]))
        return events
    }
}

/// A server's bytes into our client.
enum FuzzClient {
    private static func opened(_ role: RTMPRole) -> RTMPClientSession {
        let settings = RTMPClientSettings(
            role: role, app: "live", streamName: "demo", tcUrl: "rtmp://h/live", user: "u", password: "p",
            handshakeRandom: [1, 2, 3])
        var session = RTMPClientSession(settings)
        _ = session.start()
        _ = session.receive(ByteBuffer(bytes: [3] + [UInt8](repeating: 0, count: 3072)))
        return session
    }

    static let playing = opened(.play)
    static let publishing = opened(.publish)

    static func read(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let start = first & 1 == 0 ? playing : publishing
        let runs = FuzzTarget.cuts(Array(input.dropFirst())).map { run(start, $0) }
        precondition(runs[0] == runs[1], "what is read depends on how the bytes were cut")
    }

    private static func run(_ session: RTMPClientSession, _ pieces: [ByteBuffer]) -> [RTMPClientSession.Action] {
        var session = session
        var events: [RTMPClientSession.Action] = []
        for action in pieces.flatMap({ session.receive($0) }) {
            if case .send = action { continue }
            events.append(action)
        }
        return events
    }
}
