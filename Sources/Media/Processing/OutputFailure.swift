// How a failed open or write of an output file reads to the user. Used by every writer of this module
// that holds a plain descriptor.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum OutputFailure {
    /// An output that could not be created.
    static func creating(_ path: String, _ code: Int32) -> SluiceError {
        failure("cannot create \(path)", code)
    }

    /// An output that could not be written.
    static func writing(_ path: String, _ code: Int32) -> SluiceError {
        failure("cannot write \(path)", code)
    }

    private static func failure(_ what: String, _ code: Int32) -> SluiceError {
        let isFull = code == ENOSPC || code == EDQUOT
        return SluiceError(
            isFull ? .noSpace : .cannotCreate, what, why: text(code),
            hint: isFull ? "free some space or write elsewhere" : nil, code: Int(code))
    }

    /// The system's words for an errno, in lower case as all error texts are.
    static func text(_ code: Int32) -> String {
        guard let words = strerror(code) else { return "error \(code)" }
        return String(cString: words).lowercased()
    }

    /// Writes everything, through short writes and signals; waits where the descriptor would block.
    static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, name: String
    ) throws(SluiceError) {
        var done = 0
        while done < bytes.count {
            let written = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if written > 0 {
                done += written
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw writing(name, errno)
            }
        }
    }
}
