// Reads a pipe, a FIFO or redirected standard input so that a cancel or a deadline ends the wait, which
// FFmpeg's own pipe and file protocols do not offer.
import CFFmpeg
import Glibc
import Model

/// Owns the descriptor only where it opened it.
final class DescriptorInput {
    private let descriptor: Int32
    private let isOwner: Bool
    private let interrupt: InterruptFlag
    let isSeekable: Bool
    /// True for pipes, FIFOs, sockets and terminals: the bytes come when they come.
    var isStream: Bool { !isSeekable }

    /// Standard input or another descriptor that stays the caller's.
    init(borrowing descriptor: Int32, interrupt: InterruptFlag) {
        self.descriptor = descriptor
        self.interrupt = interrupt
        isOwner = false
        isSeekable = Self.isRegular(descriptor)
    }

    /// Opens a FIFO or character device without waiting for its writer.
    init(path: String, what: String, interrupt: InterruptFlag) throws(SluiceError) {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        self.interrupt = interrupt
        isOwner = true
        isSeekable = false
        if descriptor < 0 { throw FFmpegFailure.error(-errno, what, phase: .openInput) }
    }

    deinit { if isOwner, descriptor >= 0 { close(descriptor) } }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var info = stat()
        return fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    /// As ByteChannel.Read: waits for the first bytes and returns what is there.
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            if interrupt.isInterrupted { return Int(SLUICE_ERROR_EXIT) }
            if !isSeekable {
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = poll(&wait, 1, interrupt.patienceMilliseconds(limit: 100))
                if ready == 0 || (ready < 0 && errno == EINTR) { continue }
                if ready < 0 { return Int(-errno) }
            }
            let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if got >= 0 { return got }
            if errno != EINTR && errno != EAGAIN { return Int(-errno) }
        }
    }

    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        if whence & AVSEEK_SIZE != 0 {
            var info = stat()
            return fstat(descriptor, &info) == 0 ? Int64(info.st_size) : Int64(-errno)
        }
        let position = lseek(descriptor, off_t(offset), whence & ~AVSEEK_FORCE)
        return position < 0 ? Int64(-errno) : Int64(position)
    }
}
