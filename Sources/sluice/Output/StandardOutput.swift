// Whole writes to standard output and standard error for what is printed once: help, version, errors.

#if canImport(Glibc)
    import Glibc
#endif

enum StandardOutput {
    /// - Returns: False when it could not all be written, except to a pipe that nobody reads any more.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Bool {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return Glibc.write(descriptor, base + done, bytes.count - done)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno == EPIPE }
            done += count
        }
        return true
    }
}
