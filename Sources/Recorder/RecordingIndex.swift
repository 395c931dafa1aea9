// The index file of a directory of recordings: what was recorded there, by whomever, in whichever process. Lines are
// only ever appended, whole and under a lock; a line that a crash tore is passed over.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Any thread. Keeps nothing between calls, so that several recorders may work in one directory; a call waits for
/// the disk, and ten seconds at most for another one's lock.
public struct RecordingIndex: Sendable {
    public static let fileName = ".sluice-recordings.jsonl"
    /// A smaller index is left as it grew.
    static let compactionSize: Int64 = 1 << 16
    static let sizeLimit: Int64 = 1 << 28
    /// The holder writes a line; on a busy machine it may wait long for its turn while many others are at it.
    private static let lockWait = Span.seconds(10)

    public let directory: String
    public var path: String { directory + "/" + Self.fileName }
    public init(directory: String) { self.directory = directory }

    /// What an index says after its last line.
    public struct Contents: Sendable, Equatable {
        /// In the order of their start.
        public var entries: [RecordingEntry] = []
        /// Removed to keep within a limit, until a compaction forgets them.
        public var deleted: [RecordingEntry] = []
        var others: [String] = []
        var lines = 0
    }

    /// Notes a file, or what has changed about it: the last entry of a task and number holds. It is on the disk when
    /// this returns.
    /// - Throws: `no_space` (nothing is written then), `cannot_create`, `timeout` for a lock that is never given up.
    public func put(_ entry: RecordingEntry) throws(SluiceError) { try append(.file(entry)) }

    /// Notes that a file is removed, and why.
    public func noteDeleted(_ entry: RecordingEntry, at time: CivilTime, reason: String) throws(SluiceError) {
        try append(.deleted(task: entry.task, number: entry.number, time: time, reason: reason))
    }

    /// Everything it says; empty where there is none.
    /// - Throws: `no_input` for a directory or an index that cannot be read.
    public func read() throws(SluiceError) -> Contents {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT, FilePlacement.isDirectory(directory) { return Contents() }
            throw unreadable(errno)
        }
        defer { close(descriptor) }
        // Appending is one write and compaction a rename: a reader needs no lock.
        return Self.contents(try bytes(of: descriptor))
    }

    static func contents(_ bytes: [UInt8]) -> Contents {
        var found = Contents()
        var entries: [Key: RecordingEntry] = [:]
        var deleted: Set<Key> = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
            found.lines += 1
            switch IndexLine(line) {
            case .file(let entry): entries[Key(entry)] = entry
            case .deleted(let task, let number, _, _): deleted.insert(Key(task: task, number: number))
            case .other(let text): found.others.append(text)
            case nil: break
            }
        }
        for (key, entry) in entries {
            if deleted.contains(key) { found.deleted.append(entry) } else { found.entries.append(entry) }
        }
        found.entries = RecordingEntry.ordered(found.entries)
        found.deleted = RecordingEntry.ordered(found.deleted)
        return found
    }

    private struct Key: Hashable {
        var task: String
        var number: Int
        init(task: String, number: Int) { (self.task, self.number) = (task, number) }
        init(_ entry: RecordingEntry) { (task, number) = (entry.task, entry.number) }
    }

    // MARK: Writing

    private func append(_ line: IndexLine) throws(SluiceError) {
        try FilePlacement.makeDirectory(directory)
        let (descriptor, size) = try openLocked()
        defer { close(descriptor) }
        var text = Array(line.text.utf8)
        if size > 0 {
            var last: UInt8 = 0
            // What a crash tore gets a line of its own.
            if pread(descriptor, &last, 1, off_t(size - 1)) != 1 || last != UInt8(ascii: "\n") {
                text.insert(UInt8(ascii: "\n"), at: 0)
            }
        }
        do throws(SluiceError) {
            try write(text, to: descriptor)
            guard fdatasync(descriptor) == 0 else { throw DiskFailure.error("cannot write \(path)", errno) }
        } catch {
            // Half a line would only be passed over; without it the next one need not care.
            ftruncate(descriptor, off_t(size))
            throw error
        }
        if size == 0 { FilePlacement.syncDirectory(directory) }
        let grown = size + Int64(text.count)
        // Looked at each time the size has doubled, so that the work stays small beside the writing.
        if grown > Self.compactionSize, grown.leadingZeroBitCount < size.leadingZeroBitCount {
            try? compact(descriptor)
        }
    }

    /// The index with its lock, which closing the descriptor gives up.
    private func openLocked() throws(SluiceError) -> (descriptor: Int32, size: Int64) {
        let pause = CancellableWait(CancelFlag())
        let deadline = HostTime.now() + Self.lockWait
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw DiskFailure.error("cannot write \(path)", errno) }
            let isFree = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR)
            var (held, named) = (stat(), stat())
            // A compaction may have put another file in its place meanwhile.
            if isFree, fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino {
                return (descriptor, Int64(held.st_size))
            }
            close(descriptor)
            guard HostTime.now() < deadline else {
                throw SluiceError(
                    .timeout, "cannot write \(path)", why: "another program keeps it locked",
                    hint: "look for a stopped recorder")
            }
            if !isFree { pause.wait(until: .now() + .milliseconds(2)) }
        }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(SluiceError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw DiskFailure.error("cannot write \(path)", count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Writes what still holds into a new file that takes the old one's place. The old one's lock is held.
    private func compact(_ descriptor: Int32) throws(SluiceError) {
        let contents = Self.contents(try bytes(of: descriptor))
        guard contents.lines * 2 >= (contents.entries.count + contents.others.count) * 3 else { return }
        var text: [UInt8] = []
        for other in contents.others { text += Array(IndexLine.other(other).text.utf8) }
        for entry in contents.entries { text += Array(IndexLine.file(entry).text.utf8) }
        let draft = path + ".new"
        let fresh = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard fresh >= 0 else { throw DiskFailure.error("cannot write \(draft)", errno) }
        defer { close(fresh) }
        do throws(SluiceError) {
            try write(text, to: fresh)
            guard fsync(fresh) == 0, rename(draft, path) == 0 else {
                throw DiskFailure.error("cannot write \(draft)", errno)
            }
        } catch {
            unlink(draft)
            throw error
        }
        FilePlacement.syncDirectory(directory)
    }

    private func bytes(of descriptor: Int32) throws(SluiceError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
        guard Int64(status.st_size) <= Self.sizeLimit else { throw unreadable(EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let wanted = bytes.count - done
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: done), wanted, off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(errno) }
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    private func unreadable(_ code: Int32) -> SluiceError {
        SluiceError(
            .noInput, "cannot read the recordings of \(directory)", why: DiskFailure.words(code), code: Int(code))
    }
}

extension RecordingEntry {
    /// By the time of their start; the files of one recorder always in the order in which it made them, whatever
    /// the clock did meanwhile.
    static func ordered(_ entries: [RecordingEntry]) -> [RecordingEntry] {
        var latest: [String: WallTime] = [:]
        var keyed: [(start: WallTime, entry: RecordingEntry)] = []
        for entry in entries.sorted(by: { ($0.task, $0.number) < ($1.task, $1.number) }) {
            var start = entry.start.wall
            if !entry.task.isEmpty {
                start = max(start, latest[entry.task] ?? start)
                latest[entry.task] = start
            }
            keyed.append((start, entry))
        }
        keyed.sort {
            ($0.start.nanoseconds, $0.entry.task, $0.entry.number, $0.entry.file)
                < ($1.start.nanoseconds, $1.entry.task, $1.entry.number, $1.entry.file)
        }
        return keyed.map(\.entry)
    }
}
