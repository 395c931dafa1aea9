// The one event-loop thread of the process. Made when first used, because start-up time is a feature,
// and never shut down: nothing on it needs more than the process's end.
import NIOCore
import NIOPosix

/// All sockets of the process live on this one thread. It must never block.
public final class NetworkGroup: Sendable {
    /// Made at the first use.
    public static let shared = NetworkGroup()

    let loop: any EventLoop

    private init() {
        // A static never goes away, so the group's own rule (shut down before the last reference) holds.
        loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    }
}
