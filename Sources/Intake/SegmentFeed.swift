// Hands the bytes of segments to a demuxer on a thread of its own, and keeps the timeline continuous when
// the stream is cut.
import Media
import Model

/// Used by the fetching thread; each stretch without a cut has its own demuxer and thread.
struct SegmentFeed {
    private let queue: EventQueue
    private let cancel: CancelFlag
    private let format: String?
    private let timeline = Monitor(SplicedTimeline())
    private let failure = Monitor<SluiceError?>(nil)
    private var channel: ByteChannel?
    private var thread: NamedThread?

    init(queue: EventQueue, cancel: CancelFlag, format: String?) {
        self.queue = queue
        self.cancel = cancel
        self.format = format
    }

    /// Nothing has been written since the start or the last cut.
    var isFresh: Bool { channel == nil }

    /// False when the reader has gone.
    /// - Throws: Why the segments cannot be read.
    mutating func write(_ bytes: [UInt8]) throws(SluiceError) -> Bool {
        if let error = failure.read(\.self) { throw error }
        if channel == nil {
            let made = ByteChannel()
            channel = made
            cancel.onSet { made.close() }
            let (queue, cancel, format, timeline, failure) = (queue, cancel, format, timeline, failure)
            thread = NamedThread("demux") {
                do throws(SluiceError) {
                    try Self.demux(made, queue: queue, cancel: cancel, format: format, timeline: timeline)
                } catch {
                    failure.withLock { $0 = error }
                }
                made.close()
            }
        }
        return channel?.write(bytes) ?? false
    }

    /// A cut: what follows is another stream, at least in its parameters or times.
    mutating func restart() {
        finish()
        timeline.withLock { $0.cut() }
    }

    /// Lets the demuxer read what is left and waits for it.
    mutating func finish() {
        channel?.close()
        thread?.join()
        channel = nil
        thread = nil
    }

    /// Why the demuxer gave up; nil while it works.
    var problem: SluiceError? { failure.read(\.self) }

    private static func demux(
        _ channel: ByteChannel, queue: EventQueue, cancel: CancelFlag, format: String?,
        timeline: Monitor<SplicedTimeline>
    ) throws(SluiceError) {
        var options = Demuxer.Options()
        options.isLive = true
        let demuxer = try Demuxer(
            .bytes(format: format, read: { channel.read(into: $0) }), options: options,
            interrupt: InterruptFlag(cancel: cancel))
        if !demuxer.tracks.isEmpty { _ = queue.pushWaiting(.tracks(demuxer.tracks)) }
        while !cancel.isSet {
            switch try demuxer.read() {
            case .packet(let packet):
                let placed = timeline.withLock { $0.place(packet) }
                guard queue.pushWaiting(.packet(placed)) else { return }
            case .tracksChanged(let tracks): _ = queue.pushWaiting(.tracks(tracks))
            case .endOfInput: return
            }
        }
    }
}

/// Continues the stamps over a cut, where the new stretch begins anywhere.
struct SplicedTimeline {
    private var shift = Span.zero
    private var end: MediaTime?
    private var isCut = false

    mutating func cut() { isCut = true }

    mutating func place(_ packet: Packet) -> Packet {
        guard let time = packet.orderTime else { return packet }
        if isCut {
            isCut = false
            if let end { shift = end - time }
        }
        var moved = packet
        moved.pts = packet.pts.map { $0 + shift }
        moved.dts = packet.dts.map { $0 + shift }
        let last = (moved.orderTime ?? .zero) + (packet.duration ?? .milliseconds(20))
        end = max(end ?? last, last)
        return moved
    }
}
