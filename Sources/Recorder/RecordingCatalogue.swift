// What recordings a directory holds: the index, held against what is really there. Changes nothing.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

public enum RecordingCatalogue {
    /// The files of a directory's recordings in order.
    ///
    /// Files that the index knows and the directory does not have are `lost`; files with a recording's name that the
    /// index does not know are `unindexed`; an open file is `open` while somebody writes it, else `interrupted`.
    /// - Parameter name: of a recording or a task; nil: all.
    /// - Throws: `no_input` for a directory that cannot be read.
    public static func list(directory: String, name: String? = nil, zone: LocalZone = .system) throws(SluiceError)
        -> [RecordingEntry]
    {
        // The index first: what is renamed while the directory is read is then looked up by its new name.
        let index = try RecordingIndex(directory: directory).read()
        guard let names = FilePlacement.names(in: directory) else {
            throw SluiceError(
                .noInput, "cannot read the recordings of \(directory)", why: DiskFailure.words(errno),
                code: Int(errno))
        }
        let present = Directory(path: directory, names: names)
        var known: Set<FileIdentity> = []
        var entries: [RecordingEntry] = []
        let indexed = Set(index.entries.map(\.file))
        for entry in index.entries {
            let (now, identity) = reconciled(entry, present, indexed: indexed)
            if let identity { known.insert(identity) }
            entries.append(now)
        }
        for file in names.sorted() {
            guard let status = present.status(of: file), !known.contains(status.identity),
                let entry = unindexed(file, status, present, zone)
            else { continue }
            // A crash between a file's two names leaves both: it is one file.
            known.insert(status.identity)
            entries.append(entry)
        }
        let chosen = name.map { name in entries.filter { $0.recording == name || $0.task == name } } ?? entries
        return RecordingEntry.ordered(chosen)
    }

    struct FileIdentity: Hashable {
        var device: UInt
        var inode: UInt
    }

    struct Status {
        var identity: FileIdentity
        var bytes: Int64
        var changed: WallTime
    }

    /// A directory as it was when it was read.
    struct Directory {
        let path: String
        let names: Set<String>
        init(path: String, names: [String]) { (self.path, self.names) = (path, Set(names)) }

        /// Nil for what is no ordinary file.
        func status(of file: String) -> Status? {
            var status = stat()
            guard lstat(path + "/" + file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return Status(
                identity: FileIdentity(device: UInt(status.st_dev), inode: UInt(status.st_ino)),
                bytes: Int64(status.st_size),
                changed: WallTime(
                    nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)))
        }

        /// A file that was closed while its entry was not yet written: one that the index does not name, called by
        /// the pattern, and written to after its start.
        func closed(_ entry: RecordingEntry, indexed: Set<String>) -> (file: String, end: CivilTime)? {
            let (head, tail) = FileNaming.around(entry.pattern)
            var found: (file: String, end: CivilTime)?
            for file in names where file.hasPrefix(head) && file.hasSuffix(tail) && !indexed.contains(file) {
                let middle = file.dropFirst(head.count).dropLast(tail.count)
                guard file.count >= head.count + tail.count, let status = status(of: file),
                    status.changed >= entry.start.wall - .seconds(2)
                else { continue }
                if entry.pattern.contains("{end}") {
                    guard let end = CivilTime(stamp: middle.prefix(19)) else { continue }
                    return (file, CivilTime(end, utcOffset: entry.start.utcOffset))
                }
                let isCopy =
                    middle.first == "-" && middle.count > 1 && middle.dropFirst().allSatisfy(\.isWholeNumber)
                guard middle.isEmpty || isCopy, file < found?.file ?? "\u{10FFFF}" else { continue }
                found = (file, CivilTime(status.changed, utcOffset: entry.start.utcOffset))
            }
            return found
        }
    }

    private static func reconciled(_ entry: RecordingEntry, _ present: Directory, indexed: Set<String>)
        -> (RecordingEntry, FileIdentity?)
    {
        var now = entry
        let status = present.status(of: entry.file)
        let isOpen = entry.state == .open && FileNaming.isOpenName(entry.file)
        if let status, !isOpen {
            now.bytes = status.bytes
            if entry.state == .lost || entry.state == .open { now.state = .complete }
            return (now, status.identity)
        }
        if let status, OpenFile.isHeld(entry.file, in: present.path) {
            now.bytes = status.bytes
            return (now, status.identity)
        }
        if isOpen, let (file, end) = present.closed(entry, indexed: indexed),
            let closed = present.status(of: file), status == nil || status?.identity == closed.identity
        {
            (now.file, now.bytes, now.end, now.state) = (file, closed.bytes, end, .complete)
            return (now, closed.identity)
        }
        guard let status else {
            now.state = .lost
            return (now, nil)
        }
        (now.bytes, now.state) = (status.bytes, .interrupted)
        now.end = CivilTime(status.changed, utcOffset: entry.start.utcOffset)
        return (now, status.identity)
    }

    /// What a name tells; nil for files that are not called like a recording's.
    private static func unindexed(_ file: String, _ status: Status, _ present: Directory, _ zone: LocalZone)
        -> RecordingEntry?
    {
        let open = FileNaming.openStem(file)
        let (stem, suffix) = open ?? FileNaming.splitSuffix(file)
        guard RecordFormat(rawValue: String(suffix.dropFirst())) != nil, let name = RecordedName(stem: stem) else {
            return nil
        }
        let start = zone.moment(name.start)
        let end = name.end.map(zone.moment)
        var entry = RecordingEntry(
            recording: name.name, task: "", number: 0, file: file,
            pattern: FileNaming.pattern(ofOpenName: file) ?? file,
            start: zone.civil(start), end: end.map(zone.civil), duration: end.map { max(.zero, $0 - start) },
            bytes: status.bytes, state: .unindexed)
        if open != nil {
            entry.state = OpenFile.isHeld(file, in: present.path) ? .open : .interrupted
            if entry.state == .interrupted { entry.end = zone.civil(status.changed) }
        }
        return entry
    }
}
