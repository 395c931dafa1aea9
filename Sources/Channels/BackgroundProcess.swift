// Starts this same program in the background: in a session of its own, with nothing of its parent's open but what it
// is given. Whoever reads this command's output must not wait for it.
import CProcess
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum BackgroundProcess {
    /// - Parameters:
    ///   - words: What follows the program's name; anybody can read them, so no secrets.
    ///   - settings: Told over a descriptor; may hold secrets.
    ///   - log: A file for standard error.
    /// - Returns: The process, and where it tells how its start went.
    static func start(
        _ words: [String], settings: JSONValue, log: String
    ) throws(SluiceError) -> (process: ProcessIdentity, readiness: ReadinessReader) {
        let what = "cannot start \(words.first ?? "") in the background"
        let settings = try SettingsFile.make(settings, what: what)
        defer { close(settings) }
        let output = try LogFile.open(log)
        defer { close(output) }
        let (reading, writing) = try ReadinessReader.pipe(what: what)
        defer { close(writing) }
        // Found even where the file has been replaced since.
        let status = spawn(
            "/proc/self/exe", ["sluice"] + words, log: output, settings: settings, readiness: writing)
        guard status.code == 0, let process = ProcessIdentity(pid: status.pid) else {
            close(reading)
            guard status.code != 0 else {
                throw SluiceError(.internal, what, why: "it ended at once", hint: "see \(log)")
            }
            throw SluiceError(.internal, what, why: SystemWords.of(status.code), code: Int(status.code))
        }
        return (process, ReadinessReader(reading))
    }

    private static func spawn(
        _ path: String, _ words: [String], log: Int32, settings: Int32, readiness: Int32
    ) -> (pid: Int32, code: Int32) {
        var arguments = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = cp_start_in_background(path, arguments, environ, log, settings, readiness, &pid)
        return (pid, code)
    }
}

/// Settings of a process in the background: a file without a name, open in both.
enum SettingsFile {
    /// Where the process finds it.
    static let descriptor: Int32 = 3

    fileprivate static func make(_ value: JSONValue, what: String) throws(SluiceError) -> Int32 {
        let file = cp_nameless_file("settings")
        guard file >= 0 else { throw SluiceError(.internal, what, why: SystemWords.of(errno)) }
        let bytes = Array(value.text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + done }, bytes.count - done) }
            guard count > 0 else {
                let code = errno
                close(file)
                throw SluiceError(.internal, what, why: SystemWords.of(code))
            }
            done += count
        }
        lseek(file, 0, SEEK_SET)
        return above(file)
    }

    /// Out of the way of the numbers that the process gets.
    static func above(_ file: Int32) -> Int32 {
        guard file <= ReadinessWriter.descriptor else { return file }
        let copy = fcntl(file, F_DUPFD_CLOEXEC, ReadinessWriter.descriptor + 1)
        guard copy >= 0 else { return file }
        close(file)
        return copy
    }

    /// What a user has opened there is none of ours.
    private static var isPresent: Bool {
        var name = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/self/fd/\(descriptor)", &name, name.count)
        let text = String(decoding: name.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.hasPrefix("/memfd:settings")
    }

    /// In the new process: what it was told. nil when nobody told it anything.
    static func read() -> JSONValue? {
        guard isPresent else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        // Far more than a command line can hold.
        while bytes.count < 16 << 20 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return JSONValue.parse(bytes)
    }
}
