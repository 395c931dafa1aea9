// The origin's event loop in the hands of a fuzzer: its clock stands still until it is moved, and what other threads
// want done waits until it is asked for.
import Dispatch
import Glibc
import NIOCore
import NIOEmbedded
import Synchronization

// Safe because all but the mailbox, which has a lock, is touched on the thread that made it only.
final class FuzzLoop: EventLoop, @unchecked Sendable {
    /// For channels.
    let inner = EmbeddedEventLoop()
    private let home = pthread_self()
    private let mailbox = Mutex<[@Sendable () -> Void]>([])

    var inEventLoop: Bool { pthread_equal(home, pthread_self()) != 0 }
    var now: NIODeadline { inner.now }

    func execute(_ task: @escaping @Sendable () -> Void) {
        if inEventLoop { inner.execute(task) } else { mailbox.withLock { $0.append(task) } }
    }

    func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> { inner.submit(task) }

    @discardableResult
    func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> { inner.scheduleTask(deadline: deadline, task) }

    @discardableResult
    func scheduleTask<T>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> { inner.scheduleTask(in: delay, task) }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        inner.shutdownGracefully(queue: queue, callback)
    }

    // MARK: - What the fuzzer does

    func run() { inner.run() }
    func advance(seconds: Int64) { inner.advanceTime(by: .seconds(seconds)) }

    /// Does what other threads have asked for until now.
    func openMailbox() {
        let tasks = mailbox.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in tasks { task() }
        run()
    }
}
