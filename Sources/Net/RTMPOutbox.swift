// From the publisher's threads to the socket: the order of what is sent, and the account of what has not left.
import Model
import NIOCore
import Wire

/// Thread-safe. A message is written at once, on the thread that brings it, where the socket takes it and
/// nothing waits before it; else the event loop writes it, with all that follows until that is gone.
final class RTMPOutbox: Sendable {
    /// Whole messages, or the rest of one: nothing may come between two parts.
    struct Parcel: Sendable {
        var bytes: ByteBuffer
        /// Size on the wire where it is media; control messages are not accounted for.
        fileprivate var media: Int?
    }

    fileprivate struct Entry {
        var timestamp: UInt32
        var bytes: Int
        var queued: HostTime
    }

    fileprivate struct State {
        var writer: RTMPTagWriter?
        var socket: DirectSocket?
        /// Called on the loop when parcels wait; nil: closed.
        var onReady: (@Sendable () -> Void)?
        var isFlushScheduled = false
        var pending: [Parcel] = []
        /// Parcels that the loop has taken and not yet written.
        var atLoop = 0
        /// Every tag that is not wholly written, pending ones included; `head` is the oldest.
        var entries: [Entry] = []
        var head = 0
        var bytes = 0
        var bytesSent = 0
        var brokenBy: Int32?
    }

    /// A publisher that never looks at its backlog must not fill the memory.
    static let limit = 128 << 20

    private let state = Monitor(State())
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    /// Media that the kernel has taken.
    var bytesSent: Int { state.read { $0.bytesSent } }

    /// What a write on a publisher's thread failed with. The loop comes upon the same, but not upon the cause:
    /// the kernel tells it once.
    var brokenBy: Int32? { state.read { $0.brokenBy } }

    var backlog: RTMPClient.Backlog {
        state.read { state in
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

    /// From now on messages are taken; `onReady` runs on the loop when there is something to take.
    func open(_ writer: RTMPTagWriter?, onReady: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.writer = writer
            state.onReady = onReady
        }
    }

    /// From now on other threads than the loop's may write. Without it the loop writes everything (TLS).
    func share(_ socket: DirectSocket?) { state.withLock { $0.socket = socket } }

    /// What is handed over from now on is ignored, and no other thread touches the socket any more; what waits
    /// can still be taken.
    func close() {
        state.withLock { state in
            state.writer = nil
            state.socket = nil
            state.onReady = nil
        }
    }

    func put(_ tag: FLVTag) {
        let mustWake = state.withLock { state in
            guard let bytes = state.writer?.bytes(for: tag), bytes.readableBytes > 0 else { return false }
            var parcel = Parcel(bytes: bytes, media: bytes.readableBytes)
            if state.write(&parcel) { return false }
            let size = tag.body.readableBytes
            state.entries.append(Entry(timestamp: tag.timestamp, bytes: size, queued: .now()))
            state.bytes += size
            return state.wait(parcel)
        }
        if mustWake { wake() }
    }

    /// A message of the session's own, in its turn. False when closed: nothing can come between, write it.
    func put(control bytes: ByteBuffer) -> Bool {
        let (isTaken, mustWake) = state.withLock { state -> (Bool, Bool) in
            guard state.onReady != nil else { return (false, false) }
            var parcel = Parcel(bytes: bytes)
            return (true, state.write(&parcel) ? false : state.wait(parcel))
        }
        if mustWake { wake() }
        return isTaken
    }

    private func wake() {
        loop.execute {
            // Called outside the lock: it may close this very outbox.
            let ready = self.state.read { $0.onReady }
            ready?()
        }
    }

    /// Everything that waits, oldest first, for the loop to write; and whether it had written all before that.
    func takeAll() -> (parcels: [Parcel], wasIdle: Bool) {
        state.withLock { state in
            let taken = (state.pending, state.atLoop == 0)
            state.isFlushScheduled = false
            state.atLoop += state.pending.count
            state.pending = []
            return taken
        }
    }

    /// The loop has written the oldest parcel it took.
    func wrote(_ parcel: Parcel) {
        state.withLock { state in
            state.atLoop -= 1
            guard let size = parcel.media else { return }
            state.bytesSent += size
            state.forgetOldest()
        }
    }
}

extension RTMPOutbox.State {
    /// True when all of it has left. The rest of what the socket took in part stays in `parcel`.
    mutating func write(_ parcel: inout RTMPOutbox.Parcel) -> Bool {
        guard pending.isEmpty, atLoop == 0, let socket else { return false }
        switch socket.write(parcel.bytes) {
        case .wrote(let count):
            parcel.bytes.moveReaderIndex(forwardBy: count)
            guard parcel.bytes.readableBytes == 0 else { return false }
            bytesSent += parcel.media ?? 0
            return true
        case .broken(let code):
            // The loop finds the connection broken when it writes, and reads what the server said last.
            brokenBy = code
            self.socket = nil
            return false
        }
    }

    /// True when the loop must be told.
    mutating func wait(_ parcel: RTMPOutbox.Parcel) -> Bool {
        pending.append(parcel)
        defer { isFlushScheduled = true }
        return !isFlushScheduled
    }

    mutating func forgetOldest() {
        guard head < entries.count else { return }
        bytes -= entries[head].bytes
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 256, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}
