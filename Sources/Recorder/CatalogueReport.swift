// A list of recorded files for people and for programs.
public import Model

public enum CatalogueReport {
    /// A table, a line a file, with gaps between them and totals at the end. Without trailing spaces.
    public static func lines(_ entries: [RecordingEntry], now: WallTime = .now()) -> [String] {
        guard !entries.isEmpty else { return ["no recordings"] }
        let head = ["START", "END", "DURATION", "SIZE", "STATE", "TRACKS", "FILE"]
        let rows = entries.map { row($0, now: now) }
        let widths = head.indices.map { column in
            ([head] + rows).reduce(0) { max($0, $1[column].count) }
        }
        var lines = [padded(head, widths)]
        for (entry, row) in zip(entries, rows) {
            lines.append(padded(row, widths))
            for gap in entry.gaps {
                lines.append("  gap of \(JSONValue.number(gap.seconds).text) s (\(printable(gap.reason)))")
            }
        }
        let bytes = entries.reduce(0) { $0 + ($1.state == .lost ? 0 : $1.bytes) }
        let there = entries.filter { $0.state != .lost }
        let length = there.reduce(Span.zero) { $0 + (duration($1, now: now) ?? .zero) }
        var total =
            "\(there.count) \(there.count == 1 ? "file" : "files"), \(clock(length)), \(ByteCount.text(bytes))"
        let lost = entries.count - there.count
        if lost > 0 { total += ", \(lost) lost" }
        lines.append(total)
        return lines
    }

    /// The result of `record --list`, with the fields of a recording's result and `state` and `recording` besides.
    public static func event(_ entries: [RecordingEntry], directory: String) -> Event {
        Event(
            "result",
            [
                JSONValue.Field("files", .array(entries.map { $0.resultJSON(directory: directory) })),
                JSONValue.Field("gaps", gaps(entries, directory: directory)),
            ])
    }

    /// The gaps of some files in order, each with the path of the file before it.
    public static func gaps(_ entries: [RecordingEntry], directory: String) -> JSONValue {
        .array(
            entries.flatMap { entry in
                entry.gaps.map { gap in
                    var placed = gap
                    placed.after = path(entry.file, in: directory)
                    return placed.json
                }
            })
    }

    static func path(_ file: String, in directory: String) -> String {
        directory == "." ? file : directory.hasSuffix("/") ? directory + file : directory + "/" + file
    }

    private static func row(_ entry: RecordingEntry, now: WallTime) -> [String] {
        [
            entry.start.text, entry.end?.text ?? "-", duration(entry, now: now).map(clock) ?? "-",
            ByteCount.text(entry.bytes), entry.state.rawValue,
            entry.tracks.isEmpty ? "-" : entry.tracks.map(\.text).joined(separator: ", "), printable(entry.file),
        ]
    }

    /// An open file lasts until now; what was left open, to its last byte.
    static func duration(_ entry: RecordingEntry, now: WallTime) -> Span? {
        if let known = entry.duration { return known }
        let end = entry.end?.wall ?? (entry.state == .open ? now : nil)
        return end.map { max(.zero, $0 - entry.start.wall) }
    }

    private static func padded(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, (text, width)) in zip(row, widths).enumerated() {
            guard index < row.count - 1 else { return line + text }
            let space = String(repeating: " ", count: width - text.count)
            // Durations and sizes end in one column.
            line += (index == 2 || index == 3 ? space + text : text + space) + "  "
        }
        return line
    }

    /// H:MM:SS, rounded to whole seconds.
    static func clock(_ length: Span) -> String {
        let seconds = Int(length.seconds.rounded())
        let parts = [seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(seconds / 3600):" + parts.joined(separator: ":")
    }

    /// File names may hold anything but "/": a terminal must not be told to do things by one.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }))
    }
}

extension RecordingEntry {
    /// As in `files` of the JSON results.
    /// - Parameter directory: is put before the file's name; "." is not.
    public func resultJSON(directory: String) -> JSONValue {
        .object([
            JSONValue.Field("path", .string(CatalogueReport.path(file, in: directory))),
            JSONValue.Field("start", .string(start.rfc3339)), JSONValue.Field("end", .optional(end?.rfc3339)),
            JSONValue.Field("duration_s", .optional(duration?.seconds)),
            JSONValue.Field("bytes", .int(Int(bytes))), JSONValue.Field("tracks", .array(tracks.map(\.json))),
            JSONValue.Field("complete", .bool(state == .complete || state == .repaired)),
            JSONValue.Field("state", .string(state.rawValue)), JSONValue.Field("recording", .string(recording)),
            JSONValue.Field("task", task.isEmpty ? .null : .string(task)),
        ])
    }
}

extension RecordedTrack {
    /// For people: "h264 1280x720", "aac 48 kHz".
    var text: String {
        if let width, let height { return "\(codec) \(width)x\(height)" }
        if let sampleRate { return "\(codec) \(JSONValue.number(Double(sampleRate) / 1000).text) kHz" }
        return codec
    }
}
