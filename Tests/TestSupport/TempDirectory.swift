// A fresh directory for one test, removed with everything in it when its owner goes. Knows nothing of
// what the files mean.
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What the lab itself cannot do: a program that does not start, a server that does not answer.
public struct LabError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A directory of its own under `$TMPDIR` (else `/tmp`), mode 755. Removed by `deinit`.
public final class TempDirectory: Sendable {
    public let path: String

    public init(_ label: String = "test") throws {
        var parent = "/tmp"
        if let named = getenv("TMPDIR") { parent = String(cString: named) }
        var template = Array("\(parent)/sluice-\(label).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LabError("no temporary directory: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit { removeTree(path) }

    /// One that many tests share; removed when the test process exits.
    public static func ofTheRun(_ label: String) throws -> TempDirectory {
        let directory = try TempDirectory(label)
        let isFirst = sharedDirectories.withLock { kept in
            kept.append(directory)
            return kept.count == 1
        }
        if isFirst { atexit { for directory in sharedDirectories.withLock({ $0 }) { removeTree(directory.path) } } }
        return directory
    }

    /// The path of `name` inside; nothing is created.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let target = file(name)
        let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LabError("cannot write \(target): errno \(errno)") }
        defer { close(descriptor) }
        guard writeAll(descriptor, bytes) else { throw LabError("cannot fill \(target): errno \(errno)") }
        return target
    }

    public func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }
}

/// A whole file, or nil where it cannot be read.
public func contents(ofFile path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &block, block.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return count == 0 ? bytes : nil }
        bytes += block[..<count]
    }
}

private let sharedDirectories = Mutex<[TempDirectory]>([])

/// The names of everything in a directory but itself and its parent, sorted; none where it cannot be read.
public func fileNames(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Writes everything to a blocking descriptor; false when the reader is gone or the disk is full.
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var sent = 0
        while sent < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }
}

private func removeTree(_ path: String) {
    // unlink first: a link to a directory must not be followed.
    if unlink(path) == 0 { return }
    for name in fileNames(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
}
