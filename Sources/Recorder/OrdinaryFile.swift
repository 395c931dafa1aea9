// From the form that survives a crash to the form that everybody knows: one file with its index in front.
import Media
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum OrdinaryFile {
    static let workSuffix = ".closing"
    /// What must be left after the copy.
    private static let reserve: Int64 = 16 << 20

    /// Puts an ordinary file in the place of an open one. Blocks as long as copying takes. Whatever goes wrong, the
    /// open file stays as it was.
    /// - Returns: why it was not done; nil when it was.
    static func make(of claim: OpenFile, format: RecordFormat) -> String? {
        let work = claim.file + workSuffix
        let target = claim.directory + "/" + work
        let wanted = size(of: claim.path)
        guard hasRoom(for: wanted, in: claim.directory) else { return "too little space for a copy" }
        do throws(SluiceError) {
            // Not cancellable: it was asked for by the end itself.
            _ = try Remuxer.copy(claim.path, to: target, format: format.rawValue, cancel: CancelFlag())
            try claim.replace(with: work)
            return nil
        } catch {
            unlink(target)
            return error.why
        }
    }

    /// Whether a copy of that many bytes leaves something free.
    static func hasRoom(for bytes: Int64, in directory: String) -> Bool {
        var room = statvfs()
        guard statvfs(directory, &room) == 0 else { return true }
        return fits(bytes, free: Int64(room.f_bavail) * Int64(room.f_frsize))
    }

    static func fits(_ bytes: Int64, free: Int64) -> Bool { bytes + bytes / 50 + reserve <= free }

    static func size(of path: String) -> Int64 {
        var info = stat()
        return stat(path, &info) == 0 ? Int64(info.st_size) : 0
    }

    /// As a user would name it.
    static func path(_ directory: String, _ file: String) -> String {
        directory == "." ? file : directory == "/" ? "/" + file : directory + "/" + file
    }
}
