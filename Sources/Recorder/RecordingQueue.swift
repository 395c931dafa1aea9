// A recording on a thread of its own, for those who must not wait for a disk: `play --record`.
public import Model

/// Any thread. What does not fit is dropped in whole groups of pictures, and counted.
public final class RecordingQueue: PacketSink, Sendable {
    private enum Item: Sendable {
        case tracks([Track])
        case packet(Packet)
    }
    private struct State {
        var failure: SluiceError?
        var dropped = 0
        /// Pictures are left out up to the next key frame.
        var skips = false
        var files: [RecordedFile] = []
    }

    private static let limit = 32 << 20
    private static let tick = Span.milliseconds(200)

    private let queue = BoundedQueue<Item>(limit: limit) { item in
        if case .packet(let packet) = item { packet.data.count + 128 } else { 0 }
    }
    private let state = Monitor(State())
    private let thread: Monitor<NamedThread?>
    private let reporter: any Reporter

    /// - Parameter recording: Belongs to the queue from now on.
    public init(_ recording: sending Recording, reporter: any Reporter) {
        self.reporter = reporter
        let handed = Handed(value: recording)
        thread = Monitor(nil)
        let (queue, state) = (queue, state)
        let made = NamedThread("record") { Self.work(handed.value, queue, state, reporter) }
        thread.withLock { $0 = made }
    }

    private static func work(
        _ recording: Recording, _ queue: BoundedQueue<Item>, _ state: Monitor<State>, _ reporter: any Reporter
    ) {
        do throws(SluiceError) {
            var isOpen = true
            while isOpen {
                switch queue.pop(deadline: .now() + tick) {
                case .element(.tracks(let tracks)): try recording.begin(tracks: tracks)
                case .element(.packet(let packet)): try recording.write(packet)
                case .timedOut: break
                case .closed: isOpen = false
                }
                try recording.tick(now: .now())
            }
        } catch {
            state.withLock { $0.failure = error }
            queue.close()
        }
        do throws(SluiceError) {
            try recording.finish()
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        let files = recording.files
        state.withLock { $0.files = files }
    }

    public func begin(tracks: [Track]) throws(SluiceError) { queue.forcePush(.tracks(tracks)) }

    /// Never waits.
    /// - Throws: Once what the recording failed with.
    public func write(_ packet: Packet) throws(SluiceError) {
        let skips = try state.withLock { (state) throws(SluiceError) -> Bool in
            if let failure = state.failure { throw failure }
            if state.skips, packet.kind == .video, packet.isKeyframe { state.skips = false }
            return state.skips && packet.kind == .video
        }
        if !skips, queue.tryPush(.packet(packet)) { return }
        state.withLock { state in
            state.dropped += 1
            if packet.kind == .video { state.skips = true }
        }
    }

    /// Waits until everything is written and the files are closed.
    public func finish() throws(SluiceError) {
        queue.close()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
        if let failure = state.read(\.failure) { throw failure }
    }

    /// What ended the recording before its time.
    public var failure: SluiceError? { state.read(\.failure) }
    /// Packets that did not fit because the disk was too slow.
    public var droppedPackets: Int { state.read(\.dropped) }
    /// After `finish`.
    public var files: [RecordedFile] { state.read(\.files) }
}
