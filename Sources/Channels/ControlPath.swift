// Where the origin's control socket is. The kernel takes no longer path than 107 bytes for a socket, and a state
// directory may well be deeper.
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A way to the socket that is short enough, as long as this object lives.
final class ControlPath: Sendable {
    let text: String
    private let directory: Int32?

    init(_ state: StateDirectory) throws(SluiceError) {
        let plain = state.path + "/" + Self.name
        guard plain.utf8.count > 100 else {
            (text, directory) = (plain, nil)
            return
        }
        let handle = open(state.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else {
            throw SluiceError(
                .cannotCreate, "cannot open the state directory \(state.path)", why: SystemWords.of(errno),
                code: Int(errno))
        }
        directory = handle
        text = "/proc/self/fd/\(handle)/" + Self.name
    }

    deinit { if let directory { close(directory) } }

    private static let name = "origin.sock"
}
