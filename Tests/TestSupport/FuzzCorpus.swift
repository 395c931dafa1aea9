// The corpus of the fuzzers, for the tests that read it, too.
import Glibc

/// The files below Fuzz/Corpus of the package.
public enum FuzzCorpus {
    private static let folder: String = {
        let path = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return path.joined(separator: "/") + "/Fuzz/Corpus/"
    }()

    /// The inputs of one target; empty where there is no such target.
    public static func names(_ target: String) -> [String] {
        guard let handle = opendir(folder + target) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// At most a megabyte; empty where there is no such input.
    public static func bytes(_ target: String, _ name: String) -> [UInt8] {
        guard let file = fopen(folder + target + "/" + name, "rb") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
