// The descriptor of a channel, for writing past NIO while NIO itself has nothing to write: one system call, half the
// cost of a write through the pipeline.
import NIOCore
import NIOPosix
import Net

#if canImport(Glibc)
    import Glibc
#endif

/// Only on the channel's event loop, and only while the channel is active: after that the number may be another's.
struct BorrowedSocket {
    private let channel: any Channel
    private let descriptor: Int32

    /// nil where the channel has no socket.
    init?(_ channel: any Channel) {
        let operations = channel.pipeline.syncOperations
        let found = try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        guard let found else { return nil }
        descriptor = found
        self.channel = channel
    }

    /// Never waits.
    func write(_ bytes: ByteBuffer) -> NonblockingSend.Outcome {
        // NIO marks the channel before it gives the number back to the kernel.
        guard channel.isActive else { return .broken(errno: EBADF) }
        return NonblockingSend.write(bytes, to: descriptor)
    }

    /// What the kernel holds for the peer when the channel is closed goes with it, instead of waiting for a peer that
    /// may never read it.
    func discardOnClose() {
        guard channel.isActive else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
