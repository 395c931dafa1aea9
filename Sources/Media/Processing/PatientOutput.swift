// A file, pipe or terminal that is written to as fast as its reader takes it, and no longer than until a
// cancel. Never changes the flags of a descriptor that other programs may hold, too.
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// One output of plain bytes. One thread at a time.
final class PatientOutput {
    /// What is written to; −1 when a cancel came before anybody read from a FIFO.
    let descriptor: Int32
    private let owns: Bool
    private let name: String
    private let cancel: CancelFlag?
    private let way: Way
    private var graceEnd: HostTime?

    private enum Way {
        /// A regular file or a device, which keeps nobody waiting.
        case plain
        /// A description of our own that does not block.
        case nonBlocking
        case socket
        /// A blocking pipe: what poll promises, and no more.
        case careful
    }

    /// After a cancel a reader that still reads may have the rest of what was begun.
    private static let grace = Span.milliseconds(200)
    private static let patience: Int32 = 50

    /// Creates or overwrites a file, or opens a FIFO and waits for its reader until a cancel.
    ///
    /// - Throws: `cannot_create` or `no_space`.
    init(path: String, cancel: CancelFlag?) throws(SluiceError) {
        name = path
        self.cancel = cancel
        owns = true
        let isFIFO = Self.kind(path: path) == S_IFIFO
        // Without O_CREAT a FIFO of another user's in /tmp can be opened, too.
        let flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (isFIFO ? 0 : O_CREAT | O_TRUNC)
        var opened = open(path, flags, 0o666)
        // ENXIO: nobody reads yet. There is no event to wait for.
        while opened < 0, isFIFO, errno == ENXIO || errno == EINTR, cancel?.isSet != true {
            poll(nil, 0, 20)
            opened = open(path, flags, 0o666)
        }
        let code = errno
        descriptor = opened
        way = Self.kind(opened) == S_IFREG ? .plain : .nonBlocking
        if opened < 0, !(isFIFO && code == ENXIO) { throw OutputFailure.creating(path, code) }
    }

    /// Writes to an open descriptor, which stays the caller's.
    init(borrowing given: Int32, name: String, cancel: CancelFlag?) {
        self.name = name
        self.cancel = cancel
        let kind = Self.kind(given)
        if kind == S_IFSOCK {
            (descriptor, owns, way) = (given, false, .socket)
        } else if kind == S_IFIFO || isatty(given) == 1 {
            // The same pipe by another description: O_NONBLOCK belongs to the description, and that of standard
            // output is shared with the shell and every program that it was handed to.
            let own = open("/proc/self/fd/\(given)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            (descriptor, owns, way) = own >= 0 ? (own, true, .nonBlocking) : (given, false, .careful)
        } else {
            (descriptor, owns, way) = (given, false, .plain)
        }
    }

    deinit { if owns, descriptor >= 0 { close(descriptor) } }

    private static func kind(_ descriptor: Int32) -> mode_t? {
        var info = stat()
        return fstat(descriptor, &info) == 0 ? info.st_mode & S_IFMT : nil
    }

    private static func kind(path: String) -> mode_t? {
        var info = stat()
        return stat(path, &info) == 0 ? info.st_mode & S_IFMT : nil
    }

    /// Writes everything, through short writes and signals.
    ///
    /// - Returns: False when a cancel ended it before; nothing more is written then.
    /// - Throws: `no_space`, or `cannot_create` with code EPIPE when the reader has gone.
    @discardableResult
    func write(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) -> Bool {
        guard descriptor >= 0, let base = bytes.baseAddress else { return bytes.isEmpty }
        var done = 0
        while done < bytes.count {
            if isOver { return false }
            if way == .careful, !waitForRoom() { continue }
            let written = put(base + done, bytes.count - done)
            if written > 0 {
                done += written
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                _ = waitForRoom()
            } else if errno != EINTR {
                throw OutputFailure.writing(name, errno)
            }
        }
        return true
    }

    private func put(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        switch way {
        case .socket: send(descriptor, start, count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        case .careful: Glibc.write(descriptor, start, min(count, 4096))
        case .plain, .nonBlocking: Glibc.write(descriptor, start, count)
        }
    }

    /// A cancel was seen and its grace is over. Files are finished in any case.
    private var isOver: Bool {
        guard way != .plain, cancel?.isSet == true else { return false }
        let end = graceEnd ?? .now() + Self.grace
        graceEnd = end
        return HostTime.now() >= end
    }

    /// False when there was none for a while, so that a cancel is seen.
    private func waitForRoom() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, Self.patience) > 0
    }
}
