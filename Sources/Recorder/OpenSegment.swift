// One file while it is written: fragments of about half a second, so that what is in it can be played whenever the
// process or the power goes. Times begin at the file's own zero.
import Media
import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The claim on a file and the descriptor it is written through. Any thread.
final class SegmentBytes: Sendable {
    let claim: OpenFile
    let descriptor: Int32

    /// - Throws: `cannot_create`, `no_space`.
    init(_ claim: OpenFile) throws(SluiceError) {
        self.claim = claim
        descriptor = open(claim.path, O_RDWR | O_CLOEXEC)
        if descriptor < 0 { throw DiskFailure.error("cannot write \(claim.path)", errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Blocks until the disk has it. Returns errno, or 0.
    func sync() -> Int32 { fdatasync(descriptor) == 0 ? 0 : errno }
}

/// Used by one thread.
final class OpenSegment {
    let number: Int
    let bytes: SegmentBytes
    /// When its first packet came.
    let start: WallTime
    let tracks: [Track]
    private(set) var end: WallTime
    private(set) var packets = 0
    private(set) var first: MediaTime?
    private(set) var last: MediaTime?
    private let muxer: Muxer
    private let origin: MediaTime
    /// FLV refuses what comes before the file's first packet: that time, once it is known.
    private let needsFloor: Bool
    private var floor = MediaTime.zero
    private var lines: [Int: Line] = [:]
    /// Arrival of the oldest packet that is not in a whole fragment.
    private var waitingSince: HostTime?
    private var flushedMedia: MediaTime?
    private var waitingBytes = 0

    private struct Line {
        var shift = Span.zero
        var last: MediaTime?
        var step: Span?
    }

    /// Less than half of what may be lost: the rest is for the waiting on the way here, and until the next look.
    private static let flushInterval = Span.milliseconds(400)
    private static let mediaInterval = Span.seconds(1)
    private static let keyframeInterval = Span.milliseconds(200)
    /// A longer one is a hole.
    private static let longestStep = Span.seconds(5)
    private static let waitingLimit = 8 << 20

    /// - Parameter origin: The media time that is the file's zero.
    init(
        number: Int, bytes: SegmentBytes, tracks: [Track], origin: MediaTime, start: WallTime, format: RecordFormat
    ) throws(SluiceError) {
        self.number = number
        self.bytes = bytes
        self.tracks = tracks
        self.origin = origin
        self.start = start
        needsFloor = format == .flv
        end = start
        var options = Muxer.Options()
        options.name = OrdinaryFile.path(bytes.claim.directory, bytes.claim.file)
        if format == .mp4 {
            // Fragments are cut by `flush` alone; each tells its own time, so that tracks may begin at different ones.
            options.av["movflags"] = "empty_moov+default_base_moof+frag_custom+frag_discont"
            options.av["use_editlist"] = "0"
            // Else a track that begins later is made to begin at zero, by a first picture that lasts longer.
            options.av["avoid_negative_ts"] = "make_non_negative"
        }
        // Sound is not gathered into large units: a cut would then lose what waits.
        if format == .ts { options.av["pes_payload_size"] = "0" }
        muxer = try Muxer(target: .descriptor(bytes.descriptor), format: format.rawValue, options: options)
        try muxer.begin(tracks: tracks)
    }

    var size: Int64 { muxer.bytesWritten }
    /// Packets that the container would not take.
    var refused: Int { muxer.droppedPackets }
    var duration: Span {
        guard let first, let last else { return .zero }
        return last - first
    }

    /// - Parameter wall: When the packet came.
    func write(_ packet: Packet, wall: WallTime) throws(SluiceError) {
        var packet = packet
        var line = lines[packet.track] ?? Line()
        move(&packet, &line)
        let order = packet.orderTime ?? .zero
        if let last = line.last, order > last { line.step = order - last }
        line.last = order
        // The last picture of a fragment has no successor to tell how long it is shown, and of a camera that makes a
        // picture a second while it speaks of 25, what its stream says is wrong.
        if packet.duration == nil { packet.duration = line.step }
        if packet.kind == .video, let step = line.step, step <= Self.longestStep {
            packet.duration = max(packet.duration ?? step, step)
        }
        lines[packet.track] = line
        if flushIsDue(packet, order) { try flush() }
        try muxer.write(packet)
        packets += 1
        waitingBytes += packet.data.count
        waitingSince = min(waitingSince ?? packet.arrival, packet.arrival)
        if flushedMedia == nil { flushedMedia = order }
        end = max(end, wall + (packet.duration ?? .zero))
        guard let pts = packet.pts ?? packet.dts else { return }
        first = min(first ?? pts, pts)
        let over = pts + (packet.duration ?? .zero)
        last = max(last ?? over, over)
    }

    /// Onto the file's own timeline. A track whose clock is far from that of the others is put beside them.
    private func move(_ packet: inout Packet, _ line: inout Line) {
        let base = MediaTime.zero - origin
        if line.last == nil, let order = packet.orderTime, packets > 0 {
            let place = order + base
            let now = lines.values.compactMap(\.last).max() ?? .zero
            if place < .zero - .seconds(5) || place > now + .seconds(30) { line.shift = now - place }
        }
        // Before the file's zero there is nothing.
        packet.dts = packet.dts.map { max(floor, $0 + base + line.shift) }
        packet.pts = packet.pts.map { max(floor, $0 + base + line.shift) }
        if needsFloor, packets == 0 { floor = packet.orderTime ?? .zero }
    }

    private func flushIsDue(_ packet: Packet, _ order: MediaTime) -> Bool {
        guard waitingBytes > 0, let waitingSince, let flushedMedia else { return false }
        let media = order - flushedMedia
        return packet.arrival - waitingSince >= Self.flushInterval || media >= Self.mediaInterval
            || waitingBytes > Self.waitingLimit
            || packet.kind == .video && packet.isKeyframe && media >= Self.keyframeInterval
    }

    /// To be called about every 0.2 s, because a stream that stands still brings no packet that would.
    /// Returns true where something was written.
    func tick(now: HostTime) throws(SluiceError) -> Bool {
        guard waitingBytes > 0, let waitingSince, now - waitingSince >= Self.flushInterval else { return false }
        try flush()
        return true
    }

    /// True once after each flush: the disk has something to keep.
    private(set) var isDirty = false
    func takeDirty() -> Bool {
        defer { isDirty = false }
        return isDirty
    }

    private func flush() throws(SluiceError) {
        try muxer.flush()
        waitingBytes = 0
        waitingSince = nil
        flushedMedia = lines.values.compactMap(\.last).max()
        isDirty = true
    }

    /// Writes what is left. The descriptor stays open.
    func finish() throws(SluiceError) {
        try muxer.flush()
        try muxer.finish()
    }
}
