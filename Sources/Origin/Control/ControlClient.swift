// Asks a running origin: blocking, with a deadline, without an event loop, so that a command line that only lists
// streams starts none.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// One request, one connection.
public enum ControlClient {
    private static let longestReply = 4 << 20

    /// Sends `request` to the origin whose control socket is `path` and waits for the answer. Any thread.
    /// - Parameters:
    ///   - limit: For everything together.
    ///   - cancel: Ends the wait, with `timeout`.
    /// - Throws: `not_live` where no origin listens; `timeout`; `connection_lost` where it hangs up without an answer;
    ///   `server_error` with the origin's words where it refuses.
    public static func send(
        _ request: ControlRequest, to path: String, within limit: Span = .seconds(5), cancel: CancelFlag? = nil
    ) throws(SluiceError) -> ControlReply {
        let call = ControlCall(path: path, deadline: .now() + limit, cancel: cancel)
        let socket = try call.connected()
        defer { close(socket) }
        try call.write(Array((request.line + "\n").utf8), to: socket)
        let line = try call.readLine(from: socket, atMost: longestReply)
        guard let reply = ControlReply(line: line) else {
            throw call.failed(.serverError, "it answers what is no answer")
        }
        if let error = reply.error { throw call.failed(.serverError, error) }
        return reply
    }
}

private struct ControlCall {
    let path: String
    let deadline: HostTime
    let cancel: CancelFlag?

    func failed(_ reason: Reason, _ why: String, code: Int32? = nil) -> SluiceError {
        SluiceError(reason, "cannot ask the origin at \(path)", why: why, code: code.map { Int($0) })
    }

    private func failed(_ reason: Reason, errno code: Int32) -> SluiceError {
        failed(reason, String(cString: strerror(code)), code: code)
    }

    func connected() throws(SluiceError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < room else {
            throw failed(.config, "the path of its socket is longer than \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let handle = socket(AF_UNIX, kind, 0)
        guard handle >= 0 else { throw failed(.internal, errno: errno) }
        while true {
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if status == 0 { return handle }
            let code = errno
            // A full backlog of a Unix socket is EAGAIN, and nothing tells when there is room.
            if code == EINTR || code == EAGAIN, pause() { continue }
            close(handle)
            switch code {
            case ENOENT, ECONNREFUSED: throw failed(.notLive, "no origin is running", code: code)
            case EINTR, EAGAIN: throw failed(.timeout, "it does not answer in time", code: code)
            default: throw failed(code == EACCES ? .denied : .connectionLost, errno: code)
            }
        }
    }

    /// False when the time is up.
    private func pause() -> Bool {
        guard cancel?.isSet != true, .now() < deadline else { return false }
        usleep(10_000)
        return true
    }

    /// Waits for `events`, in steps so that a cancel is seen.
    private func wait(_ handle: Int32, _ events: Int32) throws(SluiceError) {
        while true {
            let left = deadline - .now()
            guard left > .zero, cancel?.isSet != true else {
                throw failed(.timeout, cancel?.isSet == true ? "cancelled" : "it does not answer in time")
            }
            var entry = pollfd(fd: handle, events: Int16(events), revents: 0)
            if poll(&entry, 1, Int32(min(100, max(1, left.milliseconds)))) > 0 { return }
        }
    }

    func write(_ bytes: [UInt8], to handle: Int32) throws(SluiceError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno == EAGAIN {
                try wait(handle, POLLOUT)
            } else if count < 0, errno != EINTR {
                throw failed(.connectionLost, errno: errno)
            }
        }
    }

    func readLine(from handle: Int32, atMost limit: Int) throws(SluiceError) -> [UInt8] {
        var line: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            try wait(handle, POLLIN)
            let count = recv(handle, &block, block.count, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { throw failed(.connectionLost, "it hangs up without an answer") }
            if let end = block[..<count].firstIndex(of: UInt8(ascii: "\n")) { return line + block[..<end] }
            line += block[..<count]
            guard line.count <= limit else { throw failed(.serverError, "its answer has no end") }
        }
    }
}
