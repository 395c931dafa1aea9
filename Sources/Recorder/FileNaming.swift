// What the files of a recording are called: from the template and the address to names that any file system takes.
// Decides only; FilePlacement.swift is what touches the disk.
public import Model

/// The names of one recording's files.
public struct FileNaming: Sendable {
    public static let defaultStem = "{name}_{start}_{end}"
    /// NAME_MAX of Linux's file systems, in bytes.
    static let nameLimit = 255
    /// What is kept free of it: `.part`, a collision's number, a suffix of work in progress.
    static let reserve = 24
    static let partMark = ".part"

    /// Where the files go, without a "/" at the end; "." is the current one.
    public let directory: String
    /// `{name}`, made fit for a file's name.
    public let name: String
    /// Distance of the names' times from UTC.
    public let zone: LocalZone
    private let stem: String
    /// With its point, or empty.
    private let suffix: String

    /// - Parameters:
    ///   - template: with `{name}`, `{start}` and `{end}` in its last part and `{name}` before; ending in "/" or
    ///     naming a directory that exists, it is that directory's, with the default names; nil: the default.
    ///   - isDirectory: tells whether a path is a directory now.
    /// - Throws: `usage` for what no name can be made from.
    public init(
        template: String?, name: String, format: RecordFormat, zone: LocalZone = .system,
        isDirectory: (String) -> Bool = FilePlacement.isDirectory
    ) throws(SluiceError) {
        self.zone = zone
        self.name = Self.fit(name)
        var (folder, last) = Self.split(template ?? "")
        if !last.isEmpty, !last.contains("{"), isDirectory(template ?? "") {
            (folder, last) = (template ?? "", "")
        }
        if last.isEmpty { last = Self.defaultStem + "." + format.rawValue }
        try Self.check(last, known: ["name", "start", "end"], of: template ?? "")
        try Self.check(folder, known: ["name"], of: template ?? "")
        guard last != ".", last != "..", !(template ?? "").utf8.contains(0) else {
            throw SluiceError(.usage, "cannot record to \(template ?? "")", why: "that is not the name of a file")
        }
        let path = folder.replacing("{name}", with: self.name)
        directory = path.isEmpty ? "." : path
        (stem, suffix) = Self.splitSuffix(last)
        let stamp = CivilTime(.zero, utcOffset: 0).stamp
        let literal = Self.filled(stem.replacing("{start}", with: stamp).replacing("{name}", with: ""), end: stamp)
        guard literal.utf8.count + suffix.utf8.count <= Self.nameLimit - Self.reserve - 8 else {
            throw SluiceError(.usage, "cannot record to \(template ?? "")", why: "the file's name is too long")
        }
    }

    /// The name while the file is open.
    /// - Parameter copy: 1, or the number that tells it from others of the same name.
    public func openName(start: WallTime, copy: Int = 1) -> String {
        Self.openName(ofPattern: pattern(start: start), copy: copy)
    }

    /// The name of the closed file with `{end}` still in it, where the template has that.
    public func pattern(start: WallTime) -> String {
        let stamp = zone.civil(start).stamp
        var text = stem.replacing("{start}", with: stamp)
        // The name gives way, not the times: without them files could not be told apart.
        let room = Self.nameLimit - Self.reserve - suffix.utf8.count
        let rest = Self.filled(text.replacing("{name}", with: ""), end: stamp)
        let uses = max(1, text.ranges(of: "{name}").count)
        let short = Self.prefix(name, bytes: max(0, room - rest.utf8.count) / uses)
        text = text.replacing("{name}", with: short)
        // An empty name would leave a hidden file.
        return (text.isEmpty ? stamp : text) + suffix
    }

    /// The name of the closed file.
    public func finalName(start: WallTime, end: WallTime, copy: Int = 1) -> String {
        Self.finalName(ofPattern: pattern(start: start), end: zone.civil(end), copy: copy)
    }

    /// `pattern` with the file's end, and the number of a copy before its suffix.
    public static func finalName(ofPattern pattern: String, end: CivilTime, copy: Int = 1) -> String {
        numbered(filled(pattern, end: end.stamp), copy)
    }

    /// The name under which a file of that pattern is written.
    public static func openName(ofPattern pattern: String, copy: Int = 1) -> String {
        var (stem, suffix) = splitSuffix(pattern)
        while let mark = stem.firstRange(of: "{end}") {
            // What joined the end to the rest goes with it.
            var low = mark.lowerBound
            if low > stem.startIndex, "_- .".contains(stem[stem.index(before: low)]) {
                low = stem.index(before: low)
            }
            stem.removeSubrange(low..<mark.upperBound)
        }
        if stem.isEmpty { stem = "recording" }
        return stem + (copy > 1 ? "-\(copy)" : "") + partMark + suffix
    }

    /// Whether a file of this name is one that is, or was left, open.
    public static func isOpenName(_ file: String) -> Bool { openStem(file) != nil }

    /// The pattern that an open file's name tells by itself: with an end where the name has a time at its end.
    public static func pattern(ofOpenName file: String) -> String? {
        guard let (stem, suffix) = openStem(file) else { return nil }
        guard let known = RecordedName(stem: stem), known.end == nil else { return stem + suffix }
        return "\(known.name)_\(known.start.stamp)_{end}\(suffix)"
    }

    static func openStem(_ file: String) -> (stem: String, suffix: String)? {
        let (stem, suffix) = splitSuffix(file)
        if stem.hasSuffix(partMark), stem.utf8.count > partMark.utf8.count {
            return (String(stem.dropLast(partMark.count)), suffix)
        }
        // A template without a suffix.
        return suffix == partMark && !stem.isEmpty ? (stem, "") : nil
    }

    private static func filled(_ pattern: String, end: String) -> String { pattern.replacing("{end}", with: end) }

    private static func numbered(_ file: String, _ copy: Int) -> String {
        guard copy > 1 else { return file }
        let (stem, suffix) = splitSuffix(file)
        return "\(stem)-\(copy)\(suffix)"
    }
}

extension FileNaming {
    private static func split(_ template: String) -> (folder: String, last: String) {
        guard let slash = template.lastIndex(of: "/") else { return ("", template) }
        let folder = template[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(template[template.index(after: slash)...]))
    }

    /// At the last point, when what follows looks like a container's suffix.
    static func splitSuffix(_ file: String) -> (stem: String, suffix: String) {
        guard let point = file.lastIndex(of: "."), point > file.startIndex else { return (file, "") }
        let tail = file[file.index(after: point)...]
        guard (1...8).contains(tail.count), tail.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            return (file, "")
        }
        return (String(file[..<point]), String(file[point...]))
    }

    /// What stands before and after the place of the end, or of a copy's number.
    static func around(_ pattern: String) -> (head: String, tail: String) {
        if let mark = pattern.firstRange(of: "{end}") {
            return (String(pattern[..<mark.lowerBound]), String(pattern[mark.upperBound...]))
        }
        let (stem, suffix) = splitSuffix(pattern)
        return (stem, suffix)
    }

    private static func check(_ text: String, known: [String], of template: String) throws(SluiceError) {
        var rest = text[...]
        while let mark = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            let tail = rest[rest.index(after: mark)...]
            guard rest[mark] == "{", let close = tail.firstIndex(of: "}"), known.contains(String(tail[..<close]))
            else {
                throw SluiceError(
                    .usage, "cannot record to \(template)", why: "the template has braces that mean nothing",
                    hint: "known: {name}, and in the file's name {start} and {end}")
            }
            rest = tail[tail.index(after: close)...]
        }
    }

    /// `text` without what has no place in a file's name, and never empty.
    static func fit(_ text: String) -> String {
        var out = ""
        for scalar in text.replacing("..", with: "__").unicodeScalars {
            switch scalar.properties.generalCategory {
            // Format characters include those that turn the direction of writing.
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "_"
            case _ where "/\\{}".unicodeScalars.contains(scalar): out += "_"
            default: out.unicodeScalars.append(scalar)
            }
        }
        // Hidden files, and options of the tools that are given the name.
        if let first = out.first, first == "." || first == "-" { out = "_" + out.dropFirst() }
        return out.isEmpty ? "recording" : out
    }

    /// The longest beginning of whole characters that is not longer than `bytes` in UTF-8.
    static func prefix(_ text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var out = ""
        var room = bytes
        for character in text {
            room -= character.utf8.count
            guard room >= 0 else { break }
            out.append(character)
        }
        return out
    }
}
