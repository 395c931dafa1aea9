// Where channels keep their registry, their logs and the way to the origin.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A directory that only its owner can look into.
public struct StateDirectory: Sendable, Hashable {
    /// Absolute.
    public let path: String

    public init(path: String) { self.path = path }

    /// `$SLUICE_STATE_DIR`, else `$XDG_STATE_HOME/sluice`, else `~/.local/state/sluice`. Made if it is not there.
    /// - Throws: `cannot_create`, or `config` where there is no home to put it into.
    public static func open(environment: (String) -> String?) throws(SluiceError) -> StateDirectory {
        let path = try locate(environment)
        let absolute = path.hasPrefix("/") ? path : workingDirectory() + "/" + path
        let directory = StateDirectory(path: absolute)
        try directory.make()
        return directory
    }

    private static func locate(_ environment: (String) -> String?) throws(SluiceError) -> String {
        if let path = environment("SLUICE_STATE_DIR"), !path.isEmpty { return path }
        // The XDG base directories say that a relative one is to be ignored.
        if let path = environment("XDG_STATE_HOME"), path.hasPrefix("/") { return path + "/sluice" }
        if let home = environment("HOME"), home.hasPrefix("/") { return home + "/.local/state/sluice" }
        throw SluiceError(
            .config, "cannot find the state directory", why: "HOME is not set",
            hint: "SLUICE_STATE_DIR names one")
    }

    private static func workingDirectory() -> String {
        guard let text = getcwd(nil, 0) else { return "" }
        defer { free(text) }
        return String(cString: text)
    }

    private func make() throws(SluiceError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EISDIR { continue }
            // A directory above that cannot be written to is none of ours.
            if errno == EACCES || errno == EROFS, access(made, F_OK) == 0 { continue }
            throw problem(errno)
        }
        var info = stat()
        guard stat(path, &info) == 0 else { throw problem(errno) }
        guard info.st_mode & S_IFMT == S_IFDIR else { throw problem(ENOTDIR) }
        guard access(path, R_OK | W_OK | X_OK) == 0 else { throw problem(errno) }
        // Whoever can write here can have us push what he likes.
        guard info.st_uid == geteuid() else {
            throw SluiceError(
                .config, "cannot use the state directory \(path)", why: "it belongs to another user",
                hint: "SLUICE_STATE_DIR names one of your own")
        }
        if info.st_mode & 0o077 != 0 { _ = chmod(path, 0o700) }
    }

    private func problem(_ code: Int32) -> SluiceError {
        SluiceError(
            .cannotCreate, "cannot use the state directory \(path)", why: SystemWords.of(code),
            hint: "SLUICE_STATE_DIR names another one", code: Int(code))
    }

    var isThere: Bool { access(path, F_OK) == 0 || errno != ENOENT }

    var database: String { path + "/channels.sqlite" }
    /// Held while the registry is opened.
    var databaseLock: String { path + "/channels.lock" }
    /// Held while a stream is started or stopped.
    var lock: String { path + "/lock" }
    var originLog: String { path + "/origin.log" }
    func log(of name: ChannelName) -> String { path + "/channel-" + name.text + ".log" }
}

enum SystemWords {
    /// The system's words for an error number, in the form of our own texts.
    static func of(_ code: Int32) -> String {
        let text = String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
