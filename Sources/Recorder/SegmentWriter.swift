// Does what the router decides with files on a disk: opens, writes, flushes, and hands what is complete to the
// closing thread.
import Media
import Model

/// Used by one thread.
final class SegmentWriter: RecordingTarget {
    private let naming: FileNaming
    private let format: RecordFormat
    private let reporter: any Reporter
    private let closer: SegmentCloser
    private let sync = DiskSync()
    private let task = RecordingEntry.newTask()
    private var open: [Int: OpenSegment] = [:]
    private var entries: [Int: RecordingEntry] = [:]
    private var newest = 0
    private var pendingGap: (seconds: Double, reason: String)?
    private var budgetAt: HostTime?
    private let watchesBudget: Bool
    /// Bytes of the files that are closed or given up.
    private var pastBytes: Int64 = 0
    private var refusedPackets = 0

    private static let budgetInterval = Span.seconds(10)

    init(
        naming: FileNaming, format: RecordFormat, maxDisk: Int64?, reporter: any Reporter
    ) throws(SluiceError) {
        self.naming = naming
        self.format = format
        self.reporter = reporter
        try FilePlacement.makeDirectory(naming.directory)
        let index = RecordingIndex(directory: naming.directory)
        var budget: DiskBudget?
        if let maxDisk { budget = try DiskBudget(index: index, recording: naming.name, limit: maxDisk) }
        watchesBudget = maxDisk != nil
        closer = SegmentCloser(index: index, format: format, zone: naming.zone, budget: budget, reporter: reporter)
    }

    var files: [RecordedFile] { closer.files }
    var gaps: [RecordingGap] { closer.gaps }
    var bytes: Int64 { pastBytes + open.values.reduce(0) { $0 + $1.size } }
    var refused: Int { refusedPackets + open.values.reduce(0) { $0 + $1.refused } }
    var directory: String? { naming.directory }
    var currentPath: String? { open[newest].map { Self.path($0) } }
    /// Something can be played back, even after a failure.
    var hasFiles: Bool { newest > 0 }

    func begin(number: Int, tracks: [Track], origin: MediaTime, wall: WallTime) throws(SluiceError) {
        let pattern = naming.pattern(start: wall)
        let claim = try OpenFile.create(in: naming.directory, pattern: pattern)
        let segment: OpenSegment
        do throws(SluiceError) {
            segment = try OpenSegment(
                number: number, bytes: try SegmentBytes(claim), tracks: tracks, origin: origin, start: wall,
                format: format)
        } catch {
            claim.discard()
            throw error
        }
        open[number] = segment
        let entry = RecordingEntry(
            recording: naming.name, task: task, number: number, file: claim.file, pattern: pattern,
            start: naming.zone.civil(wall), tracks: tracks.map(RecordedTrack.init))
        entries[number] = entry
        closer.add(.opened(entry))
        if let gap = pendingGap, newest > 0 {
            closer.add(.gap(after: newest, RecordingGap(after: "", seconds: gap.seconds, reason: gap.reason)))
        }
        pendingGap = nil
        newest = number
        reporter.report(
            Event(
                "file_opened",
                [.init("path", .string(Self.path(segment))), .init("start", .string(entry.start.rfc3339))]))
    }

    func write(number: Int, _ packet: Packet, wall: WallTime) throws(SluiceError) {
        guard let segment = open[number] else { return }
        try segment.write(packet, wall: wall)
        noteWritten(segment)
    }

    private func noteWritten(_ segment: OpenSegment) {
        if segment.takeDirty() { sync.note(segment.bytes) }
    }

    func close(number: Int) throws(SluiceError) {
        guard let segment = open[number] else { return }
        try segment.finish()
        handOver(segment, isTorn: false)
    }

    private func handOver(_ segment: OpenSegment, isTorn: Bool) {
        guard var entry = entries[segment.number] else { return }
        open[segment.number] = nil
        entries[segment.number] = nil
        pastBytes += segment.size
        refusedPackets += segment.refused
        entry.duration = segment.duration
        closer.add(
            .close(
                .init(bytes: segment.bytes, entry: entry, end: naming.zone.civil(segment.end), isTorn: isTorn)))
    }

    func tick(now: HostTime) throws(SluiceError) {
        for segment in open.values where try segment.tick(now: now) { noteWritten(segment) }
        if sync.failure != 0 {
            var error = DiskFailure.error("cannot write \(currentPath ?? naming.directory)", sync.failure)
            error.isMidStream = true
            throw error
        }
        guard watchesBudget, now - (budgetAt ?? now) >= Self.budgetInterval || budgetAt == nil else { return }
        budgetAt = now
        closer.add(.budget(openBytes: open.values.reduce(0) { $0 + $1.size }))
    }

    func noteGap(seconds: Double, reason: String) { pendingGap = (seconds, reason) }

    func abandon() {
        for number in open.keys.sorted() {
            guard let segment = open[number] else { continue }
            handOver(segment, isTorn: true)
        }
    }

    func finish() {
        sync.close()
        closer.finish()
    }

    private static func path(_ segment: OpenSegment) -> String {
        OrdinaryFile.path(segment.bytes.claim.directory, segment.bytes.claim.file)
    }
}
