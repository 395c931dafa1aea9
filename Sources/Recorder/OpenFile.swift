// The claim on a file that is being written or repaired. The kernel gives it up when the process dies, so that a
// file left open can be told from one at work.
public import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file under its open name, locked as long as this lives. Any thread, one at a time; calls wait for the disk only.
public final class OpenFile: Sendable {
    public let directory: String
    /// The open name.
    public let file: String
    public var path: String { directory + "/" + file }
    private let descriptor: Mutex<Int32>

    private init(directory: String, file: String, descriptor: Int32) {
        self.directory = directory
        self.file = file
        self.descriptor = Mutex(descriptor)
    }

    deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

    /// A new, empty file under the first free open name of `pattern`. Makes the directory where it is missing.
    /// - Throws: `cannot_create`, `no_space`.
    public static func create(in directory: String, pattern: String) throws(SluiceError) -> OpenFile {
        try FilePlacement.makeDirectory(directory)
        let names = { FileNaming.openName(ofPattern: pattern, copy: $0) }
        var copy = 1
        while copy <= FilePlacement.copyLimit {
            let path = directory + "/" + names(copy)
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                // A repair that looks just now may have been quicker: the file is then its, to throw away.
                if lock(descriptor) != .held, isStill(descriptor, path) {
                    FilePlacement.syncDirectory(directory)
                    return OpenFile(directory: directory, file: names(copy), descriptor: descriptor)
                }
                close(descriptor)
            } else if errno != EEXIST {
                throw DiskFailure.error("cannot create \(path)", errno)
            }
            copy = FilePlacement.nextCopy(after: copy, in: directory, names: names)
        }
        throw SluiceError(
            .cannotCreate, "cannot create \(directory)/\(pattern)", why: "too many files of that name")
    }

    /// Takes over a file that its recorder left; nil when somebody has it, or it is gone.
    public static func claim(_ file: String, in directory: String) -> OpenFile? {
        let path = directory + "/" + file
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        let isFree =
            switch lock(descriptor) {
            case .taken: true
            case .held: false
            case .unsupported: isQuiet(descriptor)
            }
        guard isFree, isStill(descriptor, path) else {
            close(descriptor)
            return nil
        }
        return OpenFile(directory: directory, file: file, descriptor: descriptor)
    }

    /// Whether somebody has that file open as a recorder or a repair. Takes nothing.
    public static func isHeld(_ file: String, in directory: String) -> Bool {
        let descriptor = open(directory + "/" + file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        switch lock(descriptor, LOCK_SH) {
        case .taken: return false
        case .held: return true
        case .unsupported: return !isQuiet(descriptor)
        }
    }

    /// Puts the file `content` of the same directory in this one's place, under the same name and claim. Its bytes
    /// are on the disk before that, so that at any moment there is one whole file.
    /// - Throws: `cannot_create`, `no_space`.
    public func replace(with content: String) throws(SluiceError) {
        let source = directory + "/" + content
        let fresh = open(source, O_RDWR | O_CLOEXEC)
        guard fresh >= 0 else { throw DiskFailure.error("cannot open \(source)", errno) }
        _ = Self.lock(fresh)
        guard fsync(fresh) == 0, rename(source, path) == 0 else {
            let code = errno
            close(fresh)
            throw DiskFailure.error("cannot write \(path)", code)
        }
        descriptor.withLock { old in
            if old >= 0 { close(old) }
            old = fresh
        }
        FilePlacement.syncDirectory(directory)
    }

    /// Gives the file its final name, the first of `pattern` that is free, and ends the claim. Returns the name.
    /// The bytes are on the disk before that. A crash in between leaves both names on one file; a look at the
    /// directory knows that for one recording, and a repair takes the open name away.
    /// - Throws: `cannot_create`, `no_space`.
    public func publish(pattern: String, end: CivilTime) throws(SluiceError) -> String {
        descriptor.withLock { _ = fsync($0) }
        let name = try FilePlacement.move(path, to: directory) {
            FileNaming.finalName(ofPattern: pattern, end: end, copy: $0)
        }
        FilePlacement.syncDirectory(directory)
        release()
        return name
    }

    /// Another name of the same file, nil as a rule. There is one when a crash came between the two names of a
    /// file that was complete: the open name is then to go.
    public func otherName() -> String? {
        var held = stat()
        guard descriptor.withLock({ fstat($0, &held) }) == 0, held.st_nlink > 1 else { return nil }
        return FilePlacement.names(in: directory)?.sorted().first { name in
            var other = stat()
            return name != file && lstat(directory + "/" + name, &other) == 0 && other.st_ino == held.st_ino
                && other.st_dev == held.st_dev
        }
    }

    /// Removes the file and ends the claim: nothing was written to it.
    public func discard() {
        unlink(path)
        release()
    }

    /// Ends the claim and leaves the file as it is.
    public func release() {
        descriptor.withLock { held in
            if held >= 0 { close(held) }
            held = -1
        }
    }

    private enum LockResult { case taken, held, unsupported }

    private static func lock(_ descriptor: Int32, _ kind: Int32 = LOCK_EX) -> LockResult {
        while flock(descriptor, kind | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            return errno == EWOULDBLOCK ? .held : .unsupported
        }
        return .taken
    }

    /// Where there are no locks, a file that nobody has written to for a minute is nobody's.
    private static func isQuiet(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return WallTime.now() - WallTime(seconds: Double(status.st_mtim.tv_sec)) > .seconds(60)
    }

    private static func isStill(_ descriptor: Int32, _ path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }
}
