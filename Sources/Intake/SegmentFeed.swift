// Hands the bytes of segments to a demuxer on a thread of its own, and keeps the timeline continuous when
// the stream is cut.
import Media
import Model

/// Used by the fetching thread; each stretch without a cut has its own demuxer and thread.
struct SegmentFeed {
    private let port: EventPort
    private let cancel: CancelFlag
    private let format: String?
    private let timeline = Monitor(SplicedTimeline())
    private var ledger = Monitor(SegmentLedger())
    private let failure = Monitor<SluiceError?>(nil)
    private var channel: ByteChannel?
    private var thread: NamedThread?

    init(port: EventPort, cancel: CancelFlag, format: String?) {
        self.port = port
        self.cancel = cancel
        self.format = format
    }

    /// Nothing has been written since the start or the last cut.
    var isFresh: Bool { channel == nil }

    /// False when the reader has gone.
    /// - Parameters:
    ///   - arrival: When the last of the bytes came.
    ///   - date: Wall clock of their first picture.
    /// - Throws: Why the segments cannot be read.
    mutating func write(_ bytes: [UInt8], arrival: HostTime, date: WallTime?) throws(SluiceError) -> Bool {
        if let error = failure.read(\.self) { throw error }
        if channel == nil {
            let made = ByteChannel()
            channel = made
            cancel.onSet { made.close() }
            ledger = Monitor(SegmentLedger())
            let stretch = Stretch(
                channel: made, port: port, cancel: cancel, format: format, timeline: timeline, ledger: ledger)
            thread = NamedThread("demux") { [failure] in
                do throws(SluiceError) {
                    try stretch.demux()
                } catch {
                    failure.withLock { $0 = error }
                }
                made.close()
            }
        }
        ledger.withLock { $0.wrote(bytes.count, arrival: arrival, date: date) }
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
}

/// What one demuxer reads: segments between two cuts.
private struct Stretch: Sendable {
    let channel: ByteChannel
    let port: EventPort
    let cancel: CancelFlag
    let format: String?
    let timeline: Monitor<SplicedTimeline>
    let ledger: Monitor<SegmentLedger>

    func demux() throws(SluiceError) {
        var options = Demuxer.Options()
        options.isLive = true
        let channel = channel
        let demuxer = try Demuxer(
            .bytes(format: format, read: { channel.read(into: $0) }), options: options,
            interrupt: InterruptFlag(cancel: cancel))
        if !demuxer.tracks.isEmpty { _ = port.pushWaiting(.tracks(demuxer.tracks)) }
        var damaged = 0
        while !cancel.isSet {
            let found = try demuxer.read()
            if demuxer.damagedPackets > damaged {
                damaged = demuxer.damagedPackets
                port.tell(.damaged("a segment holds a damaged packet"))
            }
            switch found {
            case .packet(let packet):
                guard deliver(packet, demuxer) else { return }
            case .tracksChanged(let tracks): _ = port.pushWaiting(.tracks(tracks))
            case .endOfInput: return
            }
        }
    }

    private func deliver(_ packet: Packet, _ demuxer: Demuxer) -> Bool {
        let isFirstKind = packet.kind == .video || !demuxer.tracks.contains { $0.kind == .video }
        let entry = ledger.withLock { $0.look(at: demuxer.lastPosition, takesDate: isFirstKind) }
        var placed = timeline.withLock { $0.place(packet) }
        if let entry {
            placed.arrival = entry.arrival
            if let date = entry.date, let shown = placed.pts ?? placed.dts {
                port.tell(.programDate(media: shown, wall: date))
            }
        }
        return port.pushWaiting(.packet(placed))
    }
}

/// Which bytes of a stretch are which segment. Pure.
struct SegmentLedger {
    struct Entry: Equatable {
        var start: Int
        var arrival: HostTime
        /// Until it has been taken.
        var date: WallTime?
    }

    private var entries: [Entry] = []
    private var total = 0
    private var current: Entry?
    /// More than can wait between fetching and reading, unless segments are of a few hundred bytes.
    private static let limit = 4096

    mutating func wrote(_ count: Int, arrival: HostTime, date: WallTime?) {
        entries.append(Entry(start: total, arrival: arrival, date: date))
        total += count
        if entries.count > Self.limit { entries.removeFirst() }
    }

    /// What is known of the segment in which a packet begins; of the one before where its place is unknown. Its
    /// date is given once, to the first packet that `takesDate`.
    /// - Parameter position: In the bytes written so far. Tracks may be a segment apart, not more.
    mutating func look(at position: Int?, takesDate: Bool) -> Entry? {
        guard let position else { return current.map { Entry(start: $0.start, arrival: $0.arrival, date: nil) } }
        guard let index = entries.lastIndex(where: { $0.start <= position }) else { return nil }
        var found = entries[index]
        if takesDate { entries[index].date = nil } else { found.date = nil }
        current = found
        if index > 1 { entries.removeFirst(index - 1) }
        return found
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
