// Tags on their way from the publisher's threads to the socket, and the account of what has not left yet.
import Model
import NIOCore
import Synchronization
import Wire

/// Thread-safe. Tags are taken out on the event loop, all that wait in one turn.
final class RTMPOutbox: Sendable {
    private struct Entry {
        var timestamp: UInt32
        var bytes: Int
        var queued: HostTime
    }

    private struct State {
        var isOpen = false
        var isFlushScheduled = false
        var pending: [FLVTag] = []
        /// Every tag that is not wholly written, pending ones included; `head` is the oldest.
        var entries: [Entry] = []
        var head = 0
        var bytes = 0
    }

    /// A publisher that never looks at its backlog must not fill the memory.
    static let limit = 128 << 20

    private let state = Mutex(State())
    private let sent = Atomic<Int>(0)
    private let loop: any EventLoop
    /// Called on the loop when tags wait; set once, before the outbox is opened.
    private let onReady: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    init(loop: any EventLoop) { self.loop = loop }

    var bytesSent: Int { sent.load(ordering: .relaxed) }

    var backlog: RTMPClient.Backlog {
        state.withLock { state in
            guard state.head < state.entries.count else { return RTMPClient.Backlog() }
            let oldest = state.entries[state.head]
            let newest = state.entries[state.entries.count - 1]
            let distance = Int32(bitPattern: newest.timestamp &- oldest.timestamp)
            var backlog = RTMPClient.Backlog()
            backlog.bytes = state.bytes
            backlog.tags = state.entries.count - state.head
            backlog.media = .milliseconds(Double(max(0, distance)))
            backlog.oldest = oldest.queued
            return backlog
        }
    }

    /// From now on tags are taken; `onReady` runs on the loop.
    func open(onReady: @escaping @Sendable () -> Void) {
        self.onReady.withLock { $0 = onReady }
        state.withLock { $0.isOpen = true }
    }

    /// Tags handed over from now on are ignored; what waits can still be taken.
    func close() {
        state.withLock { $0.isOpen = false }
        onReady.withLock { $0 = nil }
    }

    func put(_ tag: FLVTag) {
        let mustWake = state.withLock { state in
            guard state.isOpen else { return false }
            state.pending.append(tag)
            let size = tag.body.readableBytes
            state.entries.append(Entry(timestamp: tag.timestamp, bytes: size, queued: .now()))
            state.bytes += size
            defer { state.isFlushScheduled = true }
            return !state.isFlushScheduled
        }
        guard mustWake else { return }
        loop.execute {
            // Called outside the lock: it may close this very outbox.
            let ready = self.onReady.withLock { $0 }
            ready?()
        }
    }

    /// Everything that waits, oldest first.
    func takeAll() -> [FLVTag] {
        state.withLock { state in
            state.isFlushScheduled = false
            defer { state.pending = [] }
            return state.pending
        }
    }

    /// The oldest tag has left: `wireBytes` went to the kernel for it.
    func wrote(wireBytes: Int) {
        sent.wrappingAdd(wireBytes, ordering: .relaxed)
        state.withLock { state in
            guard state.head < state.entries.count else { return }
            state.bytes -= state.entries[state.head].bytes
            state.head += 1
            if state.head == state.entries.count {
                state.entries.removeAll(keepingCapacity: true)
                state.head = 0
            } else if state.head > 256, state.head * 2 > state.entries.count {
                state.entries.removeFirst(state.head)
                state.head = 0
            }
        }
    }
}
