// One write to a stream socket that never waits.
public import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

public enum NonblockingSend {
    public enum Outcome: Sendable, Equatable {
        /// So many bytes were taken: all, some, or none where there is no room.
        case wrote(Int)
        case broken(errno: Int32)
    }

    /// Any thread that may use the descriptor. A peer that is gone raises no signal.
    public static func write(_ bytes: ByteBuffer, to descriptor: CInt) -> Outcome {
        bytes.withUnsafeReadableBytes { bytes in
            while true {
                let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
                if count >= 0 { return .wrote(count) }
                switch errno {
                case EINTR: continue
                case EAGAIN: return .wrote(0)
                case let code: return .broken(errno: code)
                }
            }
        }
    }
}
