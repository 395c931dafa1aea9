// An HTTP server that keeps a timetable: each answer is a list of pieces with their moments, and what was sent
// when is on record. Serves live FLV, playlists that grow, and peers that never come to an end.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Listens on a free port of 127.0.0.1; ends with its owner. Every connection gets one answer and a thread.
public final class TimedServer: Sendable {
    /// Bytes and their moment, counted from the request.
    public struct Piece: Sendable {
        public var at: Span
        /// Asked for when the moment has come, so that a piece may tell the time.
        public var bytes: @Sendable () -> [UInt8]
        public init(at: Span, _ bytes: @escaping @Sendable () -> [UInt8]) {
            self.at = at
            self.bytes = bytes
        }
    }

    public struct Answer: Sendable {
        public var head: String
        /// By number from 0; nil ends the answer.
        public var piece: @Sendable (Int) -> Piece?
        /// False holds the connection, in silence, until the client goes.
        public var closes = true
        public init(head: String, closes: Bool = true, piece: @escaping @Sendable (Int) -> Piece?) {
            self.head = head
            self.closes = closes
            self.piece = piece
        }

        /// A live stream: no length, ended by the close.
        public static func live(
            _ type: String = "video/x-flv", closes: Bool = true, piece: @escaping @Sendable (Int) -> Piece?
        ) -> Answer {
            Answer(
                head: "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: \(type)\r\nConnection: close\r\n\r\n",
                closes: closes, piece: piece)
        }

        /// A whole body at once.
        public static func body(_ bytes: [UInt8], type: String = "application/octet-stream") -> Answer {
            Answer(
                head:
                    "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: \(type)\r\nContent-Length: \(bytes.count)\r\n"
                    + "Cache-Control: no-cache\r\nConnection: close\r\n\r\n"
            ) { $0 == 0 ? Piece(at: .zero) { bytes } : nil }
        }

        public static let missing = Answer(
            head: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ) { _ in nil }
    }

    /// A piece that was handed to the kernel.
    public struct Sent: Sendable {
        public let connection: Int
        public let index: Int
        public let at: HostTime
    }

    private struct State: Sendable {
        var sent: [Sent] = []
        var paths: [String] = []
        var open: Set<Int32> = []
        /// When each connection's request had come.
        var asked: [HostTime] = []
    }
    public let port: Int
    private let listener: Int32
    private let stopped: CancelFlag
    private let state: StateBox

    private final class StateBox: Sendable {
        let value = Monitor(State())
    }

    /// - Parameter answer: By path (with its query) and the number of the connection, from 1. Called on the
    ///   connection's thread.
    public init(_ answer: @escaping @Sendable (_ path: String, _ connection: Int) -> Answer) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw LabError("no socket: errno \(errno)") }
        port = try Self.listen(listener)
        let state = StateBox()
        let stopped = CancelFlag()
        self.state = state
        self.stopped = stopped
        let listener = listener
        _ = NamedThread("test-accept") {
            while !stopped.isSet {
                var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, 100) > 0 else { continue }
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { continue }
                _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
                _ = NamedThread("test-answer") { Self.serve(peer, answer, state, stopped) }
            }
            close(listener)
        }
    }

    deinit {
        stopped.set()
        // Whoever is blocked in a send comes free.
        for peer in state.value.withLock(\.open) { shutdown(peer, Int32(SHUT_RDWR)) }
    }

    public var sent: [Sent] { state.value.withLock(\.sent) }
    public var paths: [String] { state.value.withLock(\.paths) }
    public var asked: [HostTime] { state.value.withLock(\.asked) }
    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

    private static func listen(_ handle: Int32) throws -> Int {
        var address = FreePort.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Int32 in
                bind(handle, raw, size) | Glibc.listen(handle, 64) | getsockname(handle, raw, &size)
            }
        }
        guard status == 0 else { throw LabError("cannot listen: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func serve(
        _ peer: Int32, _ answer: @Sendable (String, Int) -> Answer, _ state: StateBox, _ stopped: CancelFlag
    ) {
        state.value.withLock { _ = $0.open.insert(peer) }
        defer {
            // Under the lock, so that nobody shuts down a number that belongs to another socket by then.
            state.value.withLock {
                $0.open.remove(peer)
                close(peer)
            }
        }
        var noDelay: Int32 = 1
        setsockopt(peer, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        guard let path = request(peer) else { return }
        let start = HostTime.now()
        let connection = state.value.withLock { state in
            state.paths.append(path)
            state.asked.append(start)
            return state.paths.count
        }
        let reply = answer(path, connection)
        guard put(Array(reply.head.utf8), peer) else { return }
        let pause = CancellableWait(stopped)
        var index = 0
        while let piece = reply.piece(index), pause.wait(until: start + piece.at) {
            guard put(piece.bytes(), peer) else { return }
            let sent = Sent(connection: connection, index: index, at: .now())
            state.value.withLock { if $0.sent.count < 100_000 { $0.sent.append(sent) } }
            index += 1
        }
        guard !reply.closes else { return }
        var byte: UInt8 = 0
        while !stopped.isSet, recv(peer, &byte, 1, 0) > 0 {}
    }

    /// The path of the request whose head has come to its end.
    private static func request(_ peer: Int32) -> String? {
        var head: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while head.count < 1 << 16 {
            let count = recv(peer, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            head += block[..<count]
            let text = String(decoding: head, as: UTF8.self)
            if text.contains("\r\n\r\n") {
                let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
                return words.count > 1 ? String(words[1]) : nil
            }
        }
        return nil
    }

    private static func put(_ bytes: [UInt8], _ peer: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
