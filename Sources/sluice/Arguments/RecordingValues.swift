// Values of `record`'s options: sizes on disk, lengths of files, numbers of tries, names of files.
import Model
import Recorder

enum ReconnectArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> ReconnectLimit {
        switch text {
        case "off": return .off
        case "forever": return .forever
        default:
            guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(text),
                (1...1_000_000_000).contains(count)
            else { throw ArgumentProblem("is not off, forever or a number of tries (1 or more)") }
            return .times(count)
        }
    }
}

/// `--segment`.
enum SegmentArgument: Equatable {
    case off
    case every(Span)

    static func parse(_ text: String) throws(ArgumentProblem) -> SegmentArgument {
        guard let length = try DurationArgument.parseUnlessOff(text, least: ("1s", .seconds(1))) else {
            return .off
        }
        return .every(length)
    }
}

enum DiskSizeArgument {
    /// Bytes: 500M, 10G, 10GiB.
    static func parse(_ text: String) throws(ArgumentProblem) -> Int64 {
        guard let bytes = ByteCount.parse(text) else {
            throw ArgumentProblem("is not a size on disk (such as 500M, 10G)")
        }
        guard bytes >= 1_000_000 else { throw ArgumentProblem("is too small: the least is 1M") }
        return bytes
    }
}

enum TemplateArgument {
    /// What the files are called, or "-" for standard output. What may stand in braces is the recorder's to say.
    static func parse(_ text: String) throws(ArgumentProblem) -> RecordOutput {
        let address = try NameArgument.parseOutput(text)
        return address.scheme == .standardStream ? .standardOutput : .template(address.path)
    }
}

/// The container of a file, by its name.
enum ContainerName {
    /// nil: the name says nothing.
    /// - Parameter option: Which one has the name.
    static func format(of path: String, option: String) throws(SluiceError) -> RecordFormat? {
        if let format = RecordFormat(template: path) { return format }
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        guard let point = name.lastIndex(of: "."), point > name.startIndex else { return nil }
        let suffix = name[name.index(after: point)...]
        // "camera.2" and "a.{name}" end in no suffix.
        guard (1...5).contains(suffix.count), suffix.first?.isLetter == true,
            suffix.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
        else { return nil }
        let known = RecordFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageErrors.error(
            option, "\"\(path)\" does not say which container: .\(suffix) is none of \(known)",
            hint: option == "-o" ? "--format says it" : nil)
    }
}

enum DirectoryArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> String {
        guard !text.isEmpty, let address = try? MediaAddress(text), address.scheme == .file else {
            throw ArgumentProblem("is not a directory")
        }
        return address.path
    }
}
