// The three descriptors that every program is given, and what is done where one is missing (`>&-`): the next file or
// socket would get its number, and be read or written in its place.

#if canImport(Glibc)
    import Glibc
#endif

enum StandardStreams {
    /// Puts a descriptor that refuses everything in the place of a missing one. Before anything else is opened.
    static func reserve() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is this one. Opened the wrong way round: a read of it, or a write, fails.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Whether there is a standard output to write to.
    static var hasOutput: Bool {
        let flags = fcntl(STDOUT_FILENO, F_GETFL)
        return flags >= 0 && flags & O_ACCMODE != O_RDONLY
    }
}
