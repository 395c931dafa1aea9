// Files get their names here, and nobody else's file is ever written over: two recorders in one directory, in one
// process or in two, never meet under one name.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

public enum FilePlacement {
    public static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes the directory and those above it, where they are missing.
    /// - Throws: `cannot_create`, `no_space`.
    public static func makeDirectory(_ path: String) throws(SluiceError) {
        guard mkdir(path, 0o777) != 0, errno != EEXIST || !isDirectory(path) else { return }
        let code = errno
        if code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectory(String(path[..<slash]))
            guard mkdir(path, 0o777) != 0, errno != EEXIST || !isDirectory(path) else { return }
        }
        throw DiskFailure.error("cannot create the directory \(path)", code == EEXIST ? ENOTDIR : code)
    }

    /// A name that came to a file or left it is on the disk after this. Best effort: some file systems refuse.
    public static func syncDirectory(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Gives the file `path` the first free name of `names` in `directory`, atomically; returns that name.
    /// - Parameter names: the name for copy 1, 2, 3 …
    /// - Throws: `cannot_create`, `no_space`.
    static func move(_ path: String, to directory: String, names: (Int) -> String) throws(SluiceError) -> String {
        var copy = 1
        while copy <= copyLimit {
            let name = names(copy)
            let target = directory + "/" + name
            // A link, unlike a rename, fails where there is a file already.
            if link(path, target) == 0 {
                unlink(path)
                return name
            }
            let code = errno
            switch code {
            case EEXIST: break
            case EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV:
                // No hard links here (FAT, some network shares): an empty file holds the name meanwhile.
                let holder = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
                if holder >= 0 {
                    close(holder)
                    guard rename(path, target) == 0 else {
                        let failure = errno
                        unlink(target)
                        throw DiskFailure.error("cannot create \(target)", failure)
                    }
                    return name
                }
                guard errno == EEXIST else { throw DiskFailure.error("cannot create \(target)", errno) }
            default: throw DiskFailure.error("cannot create \(target)", code)
            }
            copy = nextCopy(after: copy, in: directory, names: names)
        }
        throw SluiceError(
            .cannotCreate, "cannot create \(directory)/\(names(1))", why: "too many files of that name")
    }

    static let copyLimit = 10_000_000

    /// The next number worth trying. A thousand files of one name are not tried one by one: the numbers without a
    /// hole are skipped by doubling, then halving.
    static func nextCopy(after copy: Int, in directory: String, names: (Int) -> String) -> Int {
        guard copy >= 8 else { return copy + 1 }
        var low = copy
        var high = copy * 2
        while high < copyLimit, exists(directory + "/" + names(high)) { (low, high) = (high, high * 2) }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if exists(directory + "/" + names(middle)) { low = middle } else { high = middle }
        }
        return high
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Names in a directory that are valid UTF-8, without "." and "..", in no order. Nil where it cannot be read.
    static func names(in directory: String) -> [String]? {
        guard let handle = opendir(directory) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// What an errno of a file means to the user.
enum DiskFailure {
    static func error(_ what: String, _ code: Int32) -> SluiceError {
        let isFull = code == ENOSPC || code == EDQUOT
        return SluiceError(
            isFull ? .noSpace : .cannotCreate, what, why: words(code),
            hint: isFull ? "free some space or write elsewhere" : nil, code: Int(code))
    }

    /// Says where space is wanted and how little is there.
    static func tellSpace(of directory: String, in error: inout SluiceError) {
        var room = statvfs()
        guard error.reason == .noSpace, error.code?.magnitude == UInt(ENOSPC), statvfs(directory, &room) == 0 else {
            return
        }
        let kilobytes = Int64(room.f_bavail) * Int64(room.f_frsize) / 1000
        let free = kilobytes < 10_000 ? "\(kilobytes) kB" : "\(kilobytes / 1000) MB"
        let place = directory == "." ? "this directory" : directory
        error.hint = "\(free) are free in \(place): make some space there, or record elsewhere with -o"
    }

    static func words(_ code: Int32) -> String {
        switch code {
        case EIO: "the disk reports an error"
        case EROFS: "the file system is read-only"
        default: strerror(code).map { String(cString: $0).lowercased() } ?? "error \(code)"
        }
    }
}
