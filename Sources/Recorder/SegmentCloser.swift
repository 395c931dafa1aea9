// Makes ordinary files of those that are written to their end, while the next one is being written: index in front,
// final name, entry in the directory's index, and the oldest files out where the disk's share is used up.
import Media
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// One thread of its own, `record-close`. Whenever it is killed, what was recorded is whole under one of its names.
final class SegmentCloser: Sendable {
    struct Job: Sendable {
        var bytes: SegmentBytes
        var entry: RecordingEntry
        var end: CivilTime
        /// Its writing failed: only what is whole is kept.
        var isTorn: Bool
    }
    enum Item: Sendable {
        case opened(RecordingEntry)
        case close(Job)
        case gap(after: Int, RecordingGap)
        /// Looks at the disk's share while the open file grows.
        case budget(openBytes: Int64)
    }

    struct State: Sendable {
        var files: [RecordedFile] = []
        var gaps: [(after: Int, gap: RecordingGap)] = []
        /// What the index says of each closed file that may still get a gap.
        var entries: [Int: RecordingEntry] = [:]
    }

    let index: RecordingIndex
    private let format: RecordFormat
    private let zone: LocalZone
    private let reporter: any Reporter
    private let queue = BoundedQueue<Item>(limit: 8)
    private let state = Monitor(State())
    private let budget: Monitor<DiskBudget?>
    private let thread: Monitor<NamedThread?>

    init(
        index: RecordingIndex, format: RecordFormat, zone: LocalZone, budget: sending DiskBudget?,
        reporter: any Reporter
    ) {
        self.index = index
        self.format = format
        self.zone = zone
        self.reporter = reporter
        self.budget = Monitor(budget)
        thread = Monitor(nil)
        let made = NamedThread("record-close") { [self] in
            while case .element(let item) = queue.pop() { handle(item) }
        }
        thread.withLock { $0 = made }
    }

    /// Waits while eight files are waiting to be closed.
    func add(_ item: Item) { queue.push(item) }

    /// Does what is still to be done; waits for the disk.
    func finish() {
        queue.close()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    var files: [RecordedFile] { state.read(\.files) }
    var gaps: [RecordingGap] { state.read { $0.gaps.map(\.gap) } }

    private func handle(_ item: Item) {
        switch item {
        case .opened(let entry): put(entry)
        case .close(let job): close(job)
        case .gap(let after, let gap): note(gap, after: after)
        case .budget(let openBytes): enforce(openBytes: openBytes)
        }
    }

    // MARK: Closing

    private func close(_ job: Job) {
        var entry = job.entry
        let path = job.bytes.claim.path
        if job.isTorn {
            let torn = TornFile(job.bytes.descriptor, format: format)
            if torn.wholeBytes < torn.size { ftruncate(job.bytes.descriptor, off_t(torn.wholeBytes)) }
            guard torn.wholeBytes > 0 else { return discard(job) }
        }
        if format == .mp4, let note = OrdinaryFile.make(of: job.bytes.claim, format: format) {
            reporter.log(.notice, "\(path) stays in fragments: \(note)")
        }
        do throws(SluiceError) {
            entry.file = try job.bytes.claim.publish(pattern: entry.pattern, end: job.end)
        } catch {
            reporter.log(.error, error.description)
            return
        }
        entry.end = job.end
        entry.state = job.isTorn ? .repaired : .complete
        entry.bytes = OrdinaryFile.size(of: index.directory + "/" + entry.file)
        let file = RecordedFile(
            path: OrdinaryFile.path(index.directory, entry.file), start: entry.start, end: job.end,
            duration: entry.duration ?? .zero, bytes: entry.bytes, tracks: entry.tracks, complete: !job.isTorn)
        let gaps = state.withLock { state in
            state.files.append(file)
            for position in state.gaps.indices where state.gaps[position].after == entry.number {
                state.gaps[position].gap.after = file.path
            }
            return state.gaps.filter { $0.after == entry.number }.map(\.gap)
        }
        entry.gaps = gaps.map { RecordingGap(after: entry.file, seconds: $0.seconds, reason: $0.reason) }
        put(entry)
        state.withLock { state in
            state.entries[entry.number] = entry
            // A gap comes after one of the last files.
            state.entries[entry.number - 8] = nil
        }
        reporter.report(Event("file_closed", file.fields))
        budget.withLock { $0?.add(entry.bytes) }
        enforce(openBytes: 0)
    }

    /// A file into which nothing whole was written.
    private func discard(_ job: Job) {
        job.bytes.claim.discard()
        do throws(SluiceError) {
            try index.noteDeleted(job.entry, at: job.end, reason: "empty")
        } catch {
            reporter.log(.notice, error.description)
        }
    }

    private func put(_ entry: RecordingEntry) {
        do throws(SluiceError) { try index.put(entry) } catch { reporter.log(.notice, error.description) }
    }

    private func note(_ gap: RecordingGap, after: Int) {
        let known = state.withLock { state -> RecordingEntry? in
            var gap = gap
            if let entry = state.entries[after] { gap.after = OrdinaryFile.path(index.directory, entry.file) }
            state.gaps.append((after, gap))
            return state.entries[after]
        }
        guard var entry = known else { return }
        entry.gaps.append(RecordingGap(after: entry.file, seconds: gap.seconds, reason: gap.reason))
        state.withLock { $0.entries[after] = entry }
        put(entry)
    }

    // MARK: The disk's share

    private func enforce(openBytes: Int64) {
        guard budget.read({ $0 != nil }) else { return }
        let now = zone.civil(.now())
        do throws(SluiceError) {
            let removed = try budget.withLock { (budget) throws(SluiceError) in
                try budget?.enforce(openBytes: openBytes, now: now) ?? []
            }
            for entry in removed {
                reporter.report(
                    Event(
                        "file_removed",
                        [
                            .init("path", .string(OrdinaryFile.path(index.directory, entry.file))),
                            .init("bytes", .int(Int(entry.bytes))), .init("reason", .string("max_disk")),
                        ]))
            }
        } catch {
            reporter.log(.notice, error.description)
        }
    }
}
