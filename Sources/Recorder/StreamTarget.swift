// `-o -`: the whole recording as one stream in one container. What would be another file goes on in it, on the
// same timeline.
import Media
import Model

/// Used by one thread; waits for the reader.
final class StreamTarget: RecordingTarget {
    private let muxer: Muxer
    private let reporter: any Reporter
    private let isLive: Bool
    private var shifts: [Int: Span] = [:]
    private var end = MediaTime.zero
    private var known: Set<Int> = []
    private var isBroken = false
    private var flushedAt: HostTime?

    init(format: RecordFormat, isLive: Bool, _ source: SourceOptions, reporter: any Reporter) throws(SluiceError) {
        self.reporter = reporter
        self.isLive = isLive
        var options = Muxer.Options()
        // Fragments of MP4 end at each key frame, and when `tick` says so.
        options.isLive = isLive
        muxer = try Muxer(
            target: .address(try MediaAddress("-")), format: format.rawValue, options: options)
    }

    let files: [RecordedFile] = []
    let gaps: [RecordingGap] = []
    var bytes: Int64 { muxer.bytesWritten }
    var refused: Int { muxer.droppedPackets }
    let currentPath: String? = nil
    let directory: String? = nil

    func begin(number: Int, tracks: [Track], origin: MediaTime, wall: WallTime) throws(SluiceError) {
        shifts[number] = end - origin
        shifts[number - 8] = nil
        let late = tracks.filter { !known.contains($0.id) }
        if !known.isEmpty, !late.isEmpty {
            reporter.log(.warning, "a track came too late for the stream on standard output and is left out")
        }
        if known.isEmpty { known = Set(tracks.map(\.id)) }
        try muxer.begin(tracks: tracks)
    }

    func write(number: Int, _ packet: Packet, wall: WallTime) throws(SluiceError) {
        guard !isBroken, let shift = shifts[number] else { return }
        var moved = packet
        moved.dts = packet.dts.map { max(.zero, $0 + shift) }
        moved.pts = packet.pts.map { max(.zero, $0 + shift) }
        if let order = moved.orderTime { end = max(end, order + (packet.duration ?? .zero)) }
        try muxer.write(moved)
        if flushedAt == nil { flushedAt = packet.arrival }
    }

    func close(number: Int) throws(SluiceError) {}

    func tick(now: HostTime) throws(SluiceError) {
        guard isLive, !isBroken, let at = flushedAt, now - at >= .milliseconds(500) else { return }
        flushedAt = nil
        try muxer.flush()
    }

    func noteGap(seconds: Double, reason: String) {}
    func abandon() { isBroken = true }

    func finish() {
        do throws(SluiceError) { try muxer.finish() } catch { reporter.log(.debug, error.description) }
    }
}
