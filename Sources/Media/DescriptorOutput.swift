// Writes to standard output or a FIFO so that a cancel or a deadline ends the wait for a slow reader.
import CFFmpeg
import Glibc
import Model

final class DescriptorOutput {
    private let descriptor: Int32
    private let isOwner: Bool
    private let interrupt: InterruptFlag

    init(borrowing descriptor: Int32, interrupt: InterruptFlag) {
        self.descriptor = descriptor
        self.interrupt = interrupt
        isOwner = false
    }

    /// Opens a FIFO; waits for its reader until the flag interrupts.
    init(fifo path: String, what: String, interrupt: InterruptFlag) throws(SluiceError) {
        self.interrupt = interrupt
        isOwner = true
        var opened = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        // ENXIO: nobody reads yet. There is no event to wait for.
        while opened < 0, errno == ENXIO, !interrupt.isInterrupted {
            pause(milliseconds: interrupt.patienceMilliseconds(limit: 20))
            opened = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        }
        descriptor = opened
        if opened < 0 {
            if errno == ENXIO { throw SluiceError(.timeout, what, why: "nobody reads from it") }
            throw FFmpegFailure.error(-errno, what, phase: .openOutput)
        }
    }

    deinit { if isOwner, descriptor >= 0 { close(descriptor) } }

    /// As ByteChannel.Write: all of `bytes`, or a negative AVERROR.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        var done = 0
        while done < bytes.count {
            if interrupt.isInterrupted { return Int(SLUICE_ERROR_EXIT) }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = poll(&wait, 1, interrupt.patienceMilliseconds(limit: 100))
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            if ready < 0 { return Int(-errno) }
            // At most PIPE_BUF at once: poll promises no more, and a blocking descriptor would hold us.
            let piece = min(bytes.count - done, isPipe ? 4096 : bytes.count)
            let sent = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), piece)
            if sent >= 0 {
                done += sent
            } else if errno != EINTR && errno != EAGAIN {
                return Int(-errno)
            }
        }
        return done
    }

    private lazy var isPipe: Bool = {
        var info = stat()
        return fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO
    }()
}
