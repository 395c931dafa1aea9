// A live HTTP-FLV server that serves a tape at its own speed or faster, cuts connections, and knows which packets
// the program at the other end has taken.
import Model
import Synchronization
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Every stream name is a broadcast of its own, which begins with its first viewer and goes on without one: who
/// comes later, or again, starts at the next key frame. Ends with its owner.
final class RecordTapeServer: Sendable {
    struct Options: Sendable {
        /// How many times faster than the tape; nil: as fast as it is taken, from the beginning for everybody.
        var speed: Double? = 1
        /// Whether a viewer starts at a key frame or wherever the broadcast is.
        var waitsForKey = true
        /// Seconds of the tape that have been on the air before the first viewer comes.
        var lead = 0.0
    }

    let port: Int
    private let tape: RecordTape
    private let options: Options
    private let listener: Int32
    private struct State: Sendable {
        var began: [String: HostTime] = [:]
        var links: [String: [TapeLink]] = [:]
        var refused: Set<String> = []
        var isOver = false
    }
    private let state = Mutex(State())

    init(_ tape: RecordTape, _ options: Options = Options()) throws {
        self.tape = tape
        self.options = options
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        guard status == 0, listen(listener, 256) == 0, let port = Kernel.port(listener, getsockname) else {
            throw LabError("cannot listen: errno \(errno)")
        }
        self.port = port
        _ = NamedThread("test-tape-srv") { [weak self] in
            while true {
                let peer = accept(listener, nil, nil)
                if peer < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard peer >= 0 else { return }
                guard let self else {
                    close(peer)
                    return
                }
                self.receive(peer)
            }
        }
    }

    deinit {
        // Wakes accept; the links end by their sockets.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        state.withLock { $0.links.values.flatMap { $0 }.forEach { $0.end() } }
    }

    func url(_ name: String) -> String { "http://127.0.0.1:\(port)/live/\(name).flv" }

    /// Packets of this stream that the viewer's program has taken out of its socket, by place on the tape, one list
    /// a connection.
    func taken(_ name: String) -> [Range<Int>] {
        state.withLock { $0.links[name] ?? [] }.map(\.taken)
    }

    /// Resets the connections of a stream, or closes them in the middle of the body. Broadcast goes on.
    func cut(_ name: String, byReset: Bool = true) {
        for link in state.withLock({ $0.links[name] ?? [] }) { link.cut(byReset: byReset) }
    }

    /// New viewers are turned away while the stream is off.
    func turnOff(_ name: String, _ isOff: Bool = true) {
        state.withLock { if isOff { $0.refused.insert(name) } else { $0.refused.remove(name) } }
    }

    /// True once the whole tape has been sent and taken.
    func isThrough(_ name: String) -> Bool { taken(name).last?.upperBound == tape.tags.count }

    private func receive(_ peer: Int32) {
        let tape = tape
        let options = options
        let enter: @Sendable (String, TapeLink) -> HostTime? = { [weak self] name, link in
            self?.state.withLock { state in
                if state.refused.contains(name) { return nil }
                state.links[name, default: []].append(link)
                let began = state.began[name] ?? HostTime.now()
                state.began[name] = began
                return began
            }
        }
        _ = NamedThread("test-tape-link") {
            let link = TapeLink(peer)
            defer { link.close() }
            guard let name = link.request() else { return }
            guard let began = enter(name, link) else {
                link.write(Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
                return
            }
            link.serve(tape, options, began: began)
        }
    }
}

/// One viewer.
private final class TapeLink: Sendable {
    private struct State: Sendable {
        var descriptor: Int32
        var sent = 0
        var first = 0
        /// Bytes sent after each packet.
        var ends: [Int] = []
        /// Known once the connection has been cut.
        var final: Range<Int>?
    }
    private let state: Mutex<State>

    init(_ descriptor: Int32) { state = Mutex(State(descriptor: descriptor)) }

    /// The stream's name, out of a GET.
    func request() -> String? {
        let descriptor = state.withLock(\.descriptor)
        var head: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            let count = read(descriptor, &block, block.count)
            guard count > 0, head.count < 1 << 16 else { return nil }
            head += block[..<count]
        }
        let target = String(decoding: head, as: UTF8.self).split(separator: " ").dropFirst().first ?? ""
        return target.split(separator: "/").last.map { String($0.split(separator: ".").first ?? $0) }
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        let descriptor = state.withLock(\.descriptor)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
            state.withLock { $0.sent += count }
        }
        return true
    }

    private func chunk(_ bytes: [UInt8]) -> Bool {
        write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    func serve(_ tape: RecordTape, _ options: RecordTapeServer.Options, began: HostTime) {
        let now = { (HostTime.now() - began).seconds * (options.speed ?? 0) + options.lead }
        let origin = Double(tape.tags.first?.time ?? 0)
        var index = 0
        if options.speed != nil {
            let place = Int(now() * 1000 + origin)
            index =
                options.waitsForKey
                ? tape.start(at: place) : tape.tags.firstIndex { $0.time >= place } ?? tape.tags.count
        }
        state.withLock { $0.first = index }
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nTransfer-Encoding: chunked\r\n\r\n"
        guard write(Array(answer.utf8)), chunk(tape.head) else { return }
        while index < tape.tags.count {
            let tag = tape.tags[index]
            if let speed = options.speed {
                let due = began + .seconds(((Double(tag.time) - origin) / 1000 - options.lead) / speed)
                rest(until: due)
            }
            guard chunk(tag.bytes) else { return }
            index += 1
            state.withLock { $0.ends.append($0.sent) }
        }
        guard write(Array("0\r\n\r\n".utf8)) else { return }
        // The end is the viewer's.
        let descriptor = state.withLock(\.descriptor)
        shutdown(descriptor, Int32(SHUT_WR))
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) > 0 {}
    }

    var taken: Range<Int> { state.withLock { Self.taken($0) } }

    private static func taken(_ state: State) -> Range<Int> {
        if let final = state.final { return final }
        var waiting: Int32 = 0
        // SIOCOUTQ: sent and not acknowledged by the other end's kernel.
        if state.descriptor >= 0 { _ = ioctl(state.descriptor, 0x5411, &waiting) }
        let reached = state.sent - Int(waiting) - Kernel.unread(bySocketOn: state.descriptor)
        return state.first..<state.first + state.ends.prefix { $0 <= reached }.count
    }

    func cut(byReset: Bool) {
        state.withLock { state in
            guard state.descriptor >= 0, state.final == nil else { return }
            state.final = Self.taken(state)
            if byReset {
                var hard = linger(l_onoff: 1, l_linger: 0)
                setsockopt(state.descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
                // Connecting nowhere resets what is there, also under another thread's send.
                var nowhere = sockaddr(
                    sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
                connect(state.descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
            }
            shutdown(state.descriptor, Int32(SHUT_RDWR))
        }
    }

    func end() { state.withLock { if $0.descriptor >= 0 { shutdown($0.descriptor, Int32(SHUT_RDWR)) } } }

    func close() {
        state.withLock { state in
            if state.final == nil { state.final = Self.taken(state) }
            Glibc.close(state.descriptor)
            state.descriptor = -1
        }
    }
}

/// What the kernel knows of connections.
private enum Kernel {
    /// Bytes that the other end of this loopback connection has in its socket and has not read.
    static func unread(bySocketOn descriptor: Int32) -> Int {
        guard descriptor >= 0, let mine = port(descriptor, getsockname), let other = port(descriptor, getpeername)
        else { return 0 }
        let local = ":" + hex(other)
        let remote = ":" + hex(mine)
        for line in String(decoding: contents(ofFile: "/proc/net/tcp") ?? [], as: UTF8.self).split(separator: "\n")
        {
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[1].hasSuffix(local), fields[2].hasSuffix(remote) else { continue }
            return fields[4].split(separator: ":").last.flatMap { Int($0, radix: 16) } ?? 0
        }
        return 0
    }

    private static func hex(_ port: Int) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    static func port(
        _ descriptor: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Int? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &size) }
        }
        return status == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
