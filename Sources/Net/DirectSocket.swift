// A second descriptor of a channel's socket, for writing on a thread that is not the event loop's: what a
// publisher sends leaves without waking that thread. NIO knows nothing of it and keeps reading, and writing
// what does not fit, through its own.
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Never waits. Guarded by its owner's lock. Closed with the last reference; until then the number belongs to
/// this socket, whatever NIO does with its own.
final class DirectSocket {
    private let descriptor: Int32

    /// nil where the channel has no socket to share. On the channel's event loop.
    init?(sharing channel: any Channel) {
        let operations = channel.pipeline.syncOperations
        let copy = try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            fcntl($0, F_DUPFD_CLOEXEC, 0)
        }
        guard let copy, copy >= 0 else { return nil }
        descriptor = copy
    }

    deinit { close(descriptor) }

    func write(_ bytes: ByteBuffer) -> NonblockingSend.Outcome { NonblockingSend.write(bytes, to: descriptor) }
}
