// The log of a process in the background: standard error, in a file that does not grow without end.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum LogFile {
    /// A log of this size is put aside as NAME.1, which replaces the one before.
    static let limit = 1 << 20

    /// - Returns: A descriptor to append to.
    static func open(_ path: String) throws(SluiceError) -> Int32 {
        rotate(path)
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw SluiceError(
                .cannotCreate, "cannot write the log \(path)", why: SystemWords.of(errno), code: Int(errno))
        }
        return SettingsFile.above(file)
    }

    /// Called now and then by the process whose standard error it is.
    static func renew(_ path: String) {
        guard rotate(path), let file = try? open(path) else { return }
        // In one step: other threads write all the time.
        dup2(file, STDERR_FILENO)
        close(file)
    }

    @discardableResult
    private static func rotate(_ path: String) -> Bool {
        var info = stat()
        guard stat(path, &info) == 0, info.st_size >= limit else { return false }
        return rename(path, path + ".1") == 0
    }
}
