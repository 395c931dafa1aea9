// libFuzzer with one function, for both programs.
import CFuzzer
import Glibc

public enum Driver {
    // Safe because it is set before libFuzzer begins, which calls from this thread only.
    nonisolated(unsafe) private static var read: ([UInt8]) -> Void = { _ in }

    /// `PROGRAM TARGET [options of libFuzzer] CORPUS…`: does not come back.
    /// - Parameters:
    ///   - targets: The names that TARGET may have.
    ///   - function: Gives the function of one of them.
    public static func run(_ targets: [String], _ function: (String) -> (([UInt8]) -> Void)?) -> Never {
        guard CommandLine.arguments.count > 1, let read = function(CommandLine.arguments[1]) else {
            print("usage: \(CommandLine.arguments[0]) \(targets.joined(separator: "|")) [OPTION…] [CORPUS…]")
            exit(64)
        }
        Self.read = read
        let rest = CommandLine.arguments.prefix(1) + CommandLine.arguments.dropFirst(2)
        var words: [UnsafeMutablePointer<CChar>?] = rest.map { strdup($0) }
        var count = Int32(words.count)
        words.append(nil)
        words.withUnsafeMutableBufferPointer { list in
            var start = list.baseAddress
            let status = LLVMFuzzerRunDriver(&count, &start) { bytes, count in
                Driver.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            }
            exit(status)
        }
        exit(0)
    }
}
