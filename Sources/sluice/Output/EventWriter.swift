// Writes lines of events to a descriptor without ever making the caller wait: a program that reads slowly
// must not hold up the picture. Used under the console's lock.
import Model

#if canImport(Glibc)
    import Glibc
#endif

final class EventWriter {
    private let descriptor: Int32
    private var pending: [UInt8] = []
    /// Status events are left out while this much is waiting.
    private static let patience = 64 * 1024
    /// The reader is gone, or the disk is full: nothing more is written.
    private(set) var isClosed = false
    /// Set when writing failed for another reason than a reader that left.
    private(set) var failure: Int32?

    /// - Parameter descriptor: Stays open; the process's end closes it.
    init(descriptor: Int32) { self.descriptor = descriptor }

    func write(_ line: String, isStatus: Bool) {
        guard !isClosed, !isStatus || pending.count < Self.patience else { return }
        pending += Array(line.utf8)
        pending.append(UInt8(ascii: "\n"))
        while !pending.isEmpty, writeSome(waitMilliseconds: 0) {}
    }

    /// Writes the rest, for at most `limit` of standstill.
    func finish(within limit: Span) {
        while !isClosed, !pending.isEmpty, writeSome(waitMilliseconds: Int32(limit.milliseconds)) {}
    }

    /// A pipe that polls writable takes PIPE_BUF bytes without blocking, so no more are offered at once.
    private func writeSome(waitMilliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&request, 1, waitMilliseconds)
        if ready < 0 { return errno == EINTR }
        guard ready > 0 else { return false }
        let count = Glibc.write(descriptor, pending, min(pending.count, 4096))
        if count > 0 {
            pending.removeFirst(count)
            return true
        }
        guard count < 0 else { return false }
        switch errno {
        case EINTR: return true
        case EAGAIN: return false
        case EPIPE, ECONNRESET: break
        default: failure = errno
        }
        isClosed = true
        pending = []
        return false
    }
}
