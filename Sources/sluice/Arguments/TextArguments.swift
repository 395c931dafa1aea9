// Values that are texts with a form: headers, library options, qualities, names of FFmpeg's.
import Model

enum HeaderArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> HeaderField {
        let problem = ArgumentProblem("is not a header (such as 'Referer: https://example.com')")
        guard let colon = text.firstIndex(of: ":") else { throw problem }
        let name = text[..<colon]
        // The characters of a token, RFC 9110 §5.6.2.
        let isToken = name.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0))
        }
        guard !name.isEmpty, isToken else { throw problem }
        let value = text[text.index(after: colon)...]
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw ArgumentProblem("holds a control character")
        }
        let start = value.firstIndex { $0 != " " } ?? value.endIndex
        return HeaderField(name: String(name), value: String(value[start...]))
    }
}

enum LibraryOptionArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> LibraryOption {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
            throw ArgumentProblem("is not of the form k=v")
        }
        return LibraryOption(key: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
    }
}

enum QualityArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> StreamQuality {
        switch text {
        case "best": return .best
        case "worst": return .worst
        default:
            guard text.hasSuffix("p"), let height = Int(text.dropLast()), (1...16384).contains(height),
                text.first != "+"
            else { throw ArgumentProblem("is not best, worst or a height (such as 720p)") }
            return .height(height)
        }
    }
}

enum NumberArgument {
    /// A track number, from 0.
    static func parseIndex(_ text: String) throws(ArgumentProblem) -> Int {
        guard let value = whole(text) else { throw ArgumentProblem("is not a track number (0 is the first)") }
        return value
    }

    static func parseVolume(_ text: String) throws(ArgumentProblem) -> Int {
        guard let value = whole(text), value <= 100 else { throw ArgumentProblem("is not between 0 and 100") }
        return value
    }

    private static func whole(_ text: String) -> Int? {
        guard (1...6).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

enum LoopArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(text),
            (1...1_000_000_000).contains(count)
        else { throw ArgumentProblem("is not a number of times (1 or more)") }
        return count
    }
}

enum NameArgument {
    /// A name from FFmpeg's lists; whether it exists there is for the library to say.
    static func parse(_ text: String) throws(ArgumentProblem) -> String {
        let isName = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-,.".contains($0)) }
        guard !text.isEmpty, isName else { throw ArgumentProblem("is not a name") }
        return text
    }

    static func parseText(_ text: String) throws(ArgumentProblem) -> String {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw ArgumentProblem("holds a control character")
        }
        return text
    }

    static func parsePNG(_ text: String) throws(ArgumentProblem) -> String {
        guard text.count > 4, text.lowercased().hasSuffix(".png") else {
            throw ArgumentProblem("is not the name of a .png file")
        }
        return text
    }

    /// A file to write, or "-" for standard output.
    static func parseOutput(_ text: String) throws(ArgumentProblem) -> MediaAddress {
        guard !text.isEmpty, let address = try? MediaAddress(text), !address.isNetwork else {
            throw ArgumentProblem("is not a file name or -")
        }
        return address
    }
}

extension NameArgument {
    /// A file to write; "-" is none.
    static func parseFile(_ text: String) throws(ArgumentProblem) -> String {
        guard let address = try? MediaAddress(text), address.scheme == .file, !address.path.isEmpty,
            !address.path.hasSuffix("/")
        else { throw ArgumentProblem("is not a file name") }
        return address.path
    }
}

/// ffplay's option strings: names joined by "+", of which one means something here.
enum FlagListArgument {
    static func parse(_ text: String, meaning name: String) throws(ArgumentProblem) -> Bool {
        let names = text.split(separator: "+", omittingEmptySubsequences: true)
        guard !names.isEmpty, names.allSatisfy({ $0 == name }) else {
            throw ArgumentProblem("is not known here: only \(name) is")
        }
        return true
    }
}
