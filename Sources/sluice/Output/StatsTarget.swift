// Where `--stats` sends the events: a file, a named pipe, or a descriptor that the caller has opened.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum StatsTarget: Equatable {
    case file(String)
    case descriptor(Int32)

    static func parse(_ text: String) throws(ArgumentProblem) -> StatsTarget {
        if text.hasPrefix("fd:") {
            guard let number = Int32(text.dropFirst(3)), number >= 0 else {
                throw ArgumentProblem("is not fd: with the number of an open file descriptor")
            }
            return .descriptor(number)
        }
        if text == "-" { throw ArgumentProblem("is standard output: --json writes the events there") }
        if text.isEmpty { throw ArgumentProblem("is not a file name") }
        return .file(text)
    }

    /// A descriptor to write to.
    func open() throws(SluiceError) -> Int32 {
        switch self {
        case .descriptor(let number):
            let flags = fcntl(number, F_GETFL)
            guard flags >= 0 else {
                throw SluiceError(.usage, "--stats", why: "\"fd:\(number)\" is not open")
            }
            guard flags & O_ACCMODE != O_RDONLY else {
                throw SluiceError(.usage, "--stats", why: "\"fd:\(number)\" is open for reading only")
            }
            return number
        case .file(let path):
            return try Self.openFile(path)
        }
    }

    /// A named pipe without a reader is given five seconds for one to come.
    private static func openFile(_ path: String) throws(SluiceError) -> Int32 {
        let deadline = HostTime.now() + .seconds(5)
        while true {
            let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o666)
            if file >= 0 {
                _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK)
                return file
            }
            let code = errno
            if code == ENXIO, HostTime.now() < deadline {
                poll(nil, 0, 20)
                continue
            }
            throw SluiceError(
                .cannotCreate, "cannot write the events to \(path)",
                why: code == ENXIO ? "nobody reads this pipe" : SystemText.of(code),
                code: Int(code))
        }
    }
}
