// Devices, pipes and sockets have names in the file system, too, but a recording is renamed and finished in place.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum OrdinaryPath {
    /// - Throws: `cannot_create` for what is there and neither a file nor a directory.
    static func check(_ path: String, hint: String?) throws(SluiceError) {
        var info = stat()
        guard stat(path, &info) == 0 else { return }
        let kind = info.st_mode & S_IFMT
        guard kind != S_IFREG, kind != S_IFDIR else { return }
        throw SluiceError(
            .cannotCreate, "cannot record to \(path)", why: "it is a device or a pipe, not an ordinary file",
            hint: hint)
    }
}
