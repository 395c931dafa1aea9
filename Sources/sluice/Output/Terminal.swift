// What is known about the terminal behind standard error.

#if canImport(Glibc)
    import Glibc
#endif

enum Terminal {
    static var isPresent: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns; 80 where the terminal does not say.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Colour is for terminals, unless NO_COLOR (https://no-color.org) or a dumb one says otherwise.
    static func allowsColour(_ isForbidden: Bool) -> Bool {
        guard !isForbidden, isPresent else { return false }
        if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
        if let kind = getenv("TERM"), String(cString: kind) == "dumb" { return false }
        return true
    }
}
