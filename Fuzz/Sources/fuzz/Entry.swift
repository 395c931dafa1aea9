// One program for all: `fuzz TARGET [options of libFuzzer] CORPUS…`. Apart from its first word, the arguments are
// libFuzzer's.
import CFuzzer
import Glibc
import WireFuzz

@main enum Entry {
    // Safe because it is set before the driver begins, which calls from this thread only.
    nonisolated(unsafe) static var target = FuzzTarget.server

    static func main() {
        guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
            print(
                "usage: fuzz " + FuzzTarget.allCases.map(\.rawValue).joined(separator: "|") + " [OPTION…] [CORPUS…]"
            )
            exit(64)
        }
        Self.target = target
        let rest = CommandLine.arguments.prefix(1) + CommandLine.arguments.dropFirst(2)
        var words: [UnsafeMutablePointer<CChar>?] = rest.map { strdup($0) }
        var count = Int32(words.count)
        words.append(nil)
        words.withUnsafeMutableBufferPointer { list in
            var start = list.baseAddress
            let status = LLVMFuzzerRunDriver(&count, &start) { bytes, count in
                Entry.target.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            }
            exit(status)
        }
    }
}
