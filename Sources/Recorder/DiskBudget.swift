// Keeps a recording within an amount of disk by removing its oldest finished files. What is open, what belongs to
// another recording and what the index does not know is never touched.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// One recorder's, used by one thread. Reads the index when a file was closed and when something has to go.
public struct DiskBudget {
    public let index: RecordingIndex
    public let recording: String
    /// Bytes.
    public let limit: Int64
    /// Of the finished files of this recording, as last counted.
    public private(set) var finishedBytes: Int64 = 0

    /// Counts what is there.
    /// - Throws: `no_input` for an index that cannot be read.
    public init(index: RecordingIndex, recording: String, limit: Int64) throws(SluiceError) {
        self.index = index
        self.recording = recording
        self.limit = limit
        guard FilePlacement.isDirectory(index.directory) else { return }
        finishedBytes = finished(in: try index.read()).reduce(0) { $0 + $1.bytes }
    }

    /// Tells of a file that was closed and is in the index. Counts anew, for others may record under this name.
    public mutating func add(_ bytes: Int64) {
        do throws(SluiceError) {
            finishedBytes = finished(in: try index.read()).reduce(0) { $0 + $1.bytes }
        } catch {
            finishedBytes += bytes
        }
    }

    /// Removes the oldest finished files until they and the open one fit, or none is left. Cheap when they fit.
    /// - Returns: what was removed, oldest first.
    /// - Throws: what the index throws; then nothing more is removed.
    public mutating func enforce(openBytes: Int64, now: CivilTime) throws(SluiceError) -> [RecordingEntry] {
        guard finishedBytes + openBytes > limit, finishedBytes > 0 else { return [] }
        // Others may have recorded and removed under this name meanwhile.
        var present = finished(in: try index.read())[...]
        finishedBytes = present.reduce(0) { $0 + $1.bytes }
        var removed: [RecordingEntry] = []
        while finishedBytes + openBytes > limit, let oldest = present.popFirst() {
            // Noted after, for on a full disk there is room for the note only then. A crash in between leaves an entry
            // without its file, which is listed as lost; the other way round a file would stay for ever.
            guard unlink(index.directory + "/" + oldest.file) == 0 || errno == ENOENT else { continue }
            finishedBytes -= oldest.bytes
            try index.noteDeleted(oldest, at: now, reason: "max_disk")
            removed.append(oldest)
        }
        return removed
    }

    /// Whether the files cannot fit whatever is removed.
    public func isExceeded(openBytes: Int64) -> Bool { finishedBytes + openBytes > limit }

    /// Closed files of this recording that are there, oldest first, with their size on the disk.
    private func finished(in contents: RecordingIndex.Contents) -> [RecordingEntry] {
        contents.entries.compactMap { entry in
            guard entry.recording == recording, entry.state == .complete || entry.state == .repaired else {
                return nil
            }
            var status = stat()
            guard lstat(index.directory + "/" + entry.file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                return nil
            }
            var counted = entry
            counted.bytes = Int64(status.st_size)
            return counted
        }
    }
}
