// Closes what recorders left open that are gone: killed, without power, or with a full disk. Files of recorders at
// work are not touched, and a repair that is itself killed is taken up by the next one.
import Media
public import Model

#if canImport(Glibc)
    import Glibc
#endif

public enum Repair {
    /// Goes through one directory. Blocks as long as copying takes; on a named thread or the initial one.
    /// - Parameter rewritesClosed: Also makes ordinary files of those that were closed in fragments because there was
    ///   no room for a copy.
    /// - Throws: `no_input` for a directory or an index that cannot be read. What goes wrong with a single file is
    ///   in the result and does not keep the others from being closed.
    public static func run(
        directory: String, rewritesClosed: Bool = true, zone: LocalZone = .system, reporter: any Reporter
    ) throws(SluiceError) -> RepairResult {
        FFmpegLog.install(reporter)
        guard let names = FilePlacement.names(in: directory) else {
            throw SluiceError(
                .noInput, "cannot repair \(directory)",
                why: FilePlacement.isDirectory(directory) ? DiskFailure.words(errno) : "it is no directory")
        }
        let index = RecordingIndex(directory: directory)
        let contents = try index.read()
        var pass = RepairPass(
            index: index, zone: zone, reporter: reporter, names: Set(names), entries: contents.entries)
        for name in names.sorted() where FileNaming.isOpenName(name) { pass.close(name) }
        pass.adoptClosed()
        if rewritesClosed {
            for entry in try RecordingCatalogue.list(directory: directory, zone: zone) { pass.rewrite(entry) }
        }
        pass.removeWork()
        return pass.result
    }
}

private struct RepairPass {
    let index: RecordingIndex
    let zone: LocalZone
    let reporter: any Reporter
    var names: Set<String>
    let entries: [RecordingEntry]
    var result = RepairResult()

    private var directory: String { index.directory }

    init(
        index: RecordingIndex, zone: LocalZone, reporter: any Reporter, names: Set<String>,
        entries: [RecordingEntry]
    ) {
        self.index = index
        self.zone = zone
        self.reporter = reporter
        self.names = names
        self.entries = entries
    }

    // MARK: One file

    mutating func close(_ name: String) {
        guard let format = RecordFormat(template: name) else { return }
        guard let claim = OpenFile.claim(name, in: directory) else {
            result.inUse.append(OrdinaryFile.path(directory, name))
            return
        }
        // The work of a closing that was killed.
        let work = name + OrdinaryFile.workSuffix
        if names.contains(work) { unlink(directory + "/" + work) }
        do throws(SluiceError) {
            try close(claim, format)
        } catch {
            claim.release()
            reporter.log(.warning, error.description)
            result.error = result.error ?? error
        }
    }

    private mutating func close(_ claim: OpenFile, _ format: RecordFormat) throws(SluiceError) {
        let known = entries.last { $0.file == claim.file && $0.state == .open }
        if let twin = twin(of: claim) {
            // Killed between its two names: the final one holds.
            unlink(claim.path)
            claim.release()
            try note(known, as: twin, MediaFacts(of: directory + "/" + twin))
            return
        }
        let written = modified(claim.path)
        let bytes = try SegmentBytes(claim)
        let torn = TornFile(bytes.descriptor, format: format)
        guard torn.wholeBytes > 0 else { return try discard(claim, known) }
        if torn.wholeBytes < torn.size { ftruncate(bytes.descriptor, off_t(torn.wholeBytes)) }
        if format != .ts, !torn.isOrdinary, let why = OrdinaryFile.make(of: claim, format: format) {
            reporter.log(.notice, "\(claim.path) stays as it was written: \(why)")
        }
        let facts = MediaFacts(of: claim.path)
        guard facts.packets != 0 else { return try discard(claim, known) }
        let start = known?.start ?? guessedStart(claim.file, written: written, facts.duration)
        let end = CivilTime(start.wall + facts.duration, utcOffset: zone.utcOffset(start.wall + facts.duration))
        let pattern = known?.pattern ?? FileNaming.pattern(ofOpenName: claim.file) ?? claim.file
        let name = try claim.publish(pattern: pattern, end: end)
        try note(known, as: name, facts, start: start)
    }

    /// The index, and the result, as they are after the file has its final name.
    private mutating func note(
        _ known: RecordingEntry?, as name: String, _ facts: MediaFacts, start: CivilTime? = nil
    ) throws(SluiceError) {
        names.insert(name)
        let begin = known?.start ?? start ?? zone.civil(modified(directory + "/" + name) - facts.duration)
        let end = zone.civil(begin.wall + facts.duration)
        var entry =
            known
            ?? RecordingEntry(
                recording: RecordedName(stem: FileNaming.splitSuffix(name).stem)?.name
                    ?? FileNaming.splitSuffix(name).stem,
                task: RecordingEntry.newTask(), number: 1, file: name, pattern: name, start: begin)
        entry.file = name
        entry.end = end
        entry.duration = facts.duration
        entry.bytes = OrdinaryFile.size(of: directory + "/" + name)
        if !facts.tracks.isEmpty { entry.tracks = facts.tracks }
        entry.state = .repaired
        let file = RecordedFile(
            path: OrdinaryFile.path(directory, name), start: begin, end: end, duration: facts.duration,
            bytes: entry.bytes, tracks: entry.tracks, complete: true)
        result.files.append(file)
        reporter.report(Event("file_closed", file.fields))
        try index.put(entry)
    }

    private mutating func discard(_ claim: OpenFile, _ known: RecordingEntry?) throws(SluiceError) {
        result.removed.append(OrdinaryFile.path(directory, claim.file))
        claim.discard()
        if let known { try index.noteDeleted(known, at: zone.civil(.now()), reason: "empty") }
    }

    // MARK: What the directory tells

    /// Another name of the same file.
    private func twin(of claim: OpenFile) -> String? {
        var mine = stat()
        guard stat(claim.path, &mine) == 0, mine.st_nlink > 1 else { return nil }
        return names.sorted().first { name in
            var other = stat()
            return name != claim.file && !FileNaming.isOpenName(name) && lstat(directory + "/" + name, &other) == 0
                && other.st_ino == mine.st_ino && other.st_dev == mine.st_dev
        }
    }

    private func modified(_ path: String) -> WallTime {
        var info = stat()
        guard stat(path, &info) == 0 else { return .now() }
        return WallTime(
            nanoseconds: Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec))
    }

    /// By its name, whose distance from UTC is today's; else by its last write.
    private func guessedStart(_ name: String, written: WallTime, _ duration: Span) -> CivilTime {
        let stem = FileNaming.openStem(name)?.stem ?? name
        if let told = RecordedName(stem: stem)?.start { return zone.civil(zone.moment(told)) }
        return zone.civil(written - duration)
    }

    /// Files that got their final name a moment before their recorder was killed: the index still has them open.
    mutating func adoptClosed() {
        for entry in entries where entry.state == .open && !names.contains(entry.file) {
            let parts = entry.pattern.split(separator: "{end}", maxSplits: 1, omittingEmptySubsequences: false)
            let stem = FileNaming.splitSuffix(entry.pattern).stem.replacing("{end}", with: "")
            let suffix = FileNaming.splitSuffix(entry.pattern).suffix
            let others = Set(entries.map(\.file))
            let found = names.sorted().first { name in
                !others.contains(name) && !FileNaming.isOpenName(name) && name.hasSuffix(suffix)
                    && name.hasPrefix(parts.count > 1 ? String(parts[0]) : stem)
            }
            guard let found else { continue }
            do throws(SluiceError) {
                try note(entry, as: found, MediaFacts(of: directory + "/" + found))
            } catch {
                result.error = result.error ?? error
            }
        }
    }

    /// An ordinary file in the place of one that was closed in fragments; under a claim, so that two repairs do not
    /// meet. A full disk may have kept it out of the index, too.
    mutating func rewrite(_ entry: RecordingEntry) {
        guard [.complete, .repaired, .unindexed].contains(entry.state), names.contains(entry.file),
            RecordFormat(template: entry.file) == .mp4, let claim = OpenFile.claim(entry.file, in: directory)
        else { return }
        defer { claim.release() }
        do throws(SluiceError) {
            let bytes = try SegmentBytes(claim)
            let torn = withExtendedLifetime(bytes) { TornFile(bytes.descriptor, format: .mp4) }
            guard !torn.isOrdinary, torn.wholeBytes > 0 else { return }
            if let why = OrdinaryFile.make(of: claim, format: .mp4) {
                reporter.log(.notice, "\(claim.path) stays in fragments: \(why)")
                return
            }
            try note(
                entry.state == .unindexed ? nil : entry, as: entry.file, MediaFacts(of: claim.path),
                start: entry.start)
        } catch {
            reporter.log(.warning, error.description)
            result.error = result.error ?? error
        }
    }

    /// Copies that nobody finished: of a file that is closed or gone by now, or of a closed one whose rewriting was
    /// killed. Whoever makes one holds the file that it is of.
    func removeWork() {
        for name in names where name.hasSuffix(OrdinaryFile.workSuffix) {
            let file = String(name.dropLast(OrdinaryFile.workSuffix.count))
            guard RecordFormat(template: file) != nil else { continue }
            let claim = OpenFile.claim(file, in: directory)
            defer { claim?.release() }
            if claim != nil || !FilePlacement.exists(directory + "/" + file) { unlink(directory + "/" + name) }
        }
    }
}
