// The lines of a directory's index: one JSON object each, the last one about a file holds. Pure.
public import Model

enum IndexLine: Equatable {
    case file(RecordingEntry)
    /// A file that was removed to keep within a limit.
    case deleted(task: String, number: Int, time: CivilTime, reason: String)
    /// A whole line of a kind that a later version writes: kept, not understood.
    case other(String)

    /// Nil for a line that is torn or makes no sense.
    init?(_ bytes: some Collection<UInt8>) {
        guard let value = JSONValue.parse(bytes), let kind = value["op"]?.string else { return nil }
        switch kind {
        case "file":
            guard let entry = RecordingEntry(json: value) else { return nil }
            self = .file(entry)
        case "deleted":
            guard let task = value["task"]?.string, let number = value["number"]?.int,
                let time = value["time"]?.string.flatMap({ CivilTime(rfc3339: $0) })
            else { return nil }
            self = .deleted(task: task, number: number, time: time, reason: value["reason"]?.string ?? "")
        default: self = .other(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// With its newline.
    var text: String {
        switch self {
        case .file(let entry):
            JSONValue.object([JSONValue.Field("op", .string("file"))] + entry.indexFields).text + "\n"
        case .deleted(let task, let number, let time, let reason):
            JSONValue.object([
                JSONValue.Field("op", .string("deleted")), JSONValue.Field("task", .string(task)),
                JSONValue.Field("number", .int(number)), JSONValue.Field("time", .string(time.rfc3339)),
                JSONValue.Field("reason", .string(reason)),
            ]).text + "\n"
        case .other(let text): text + "\n"
        }
    }
}

extension RecordingEntry {
    /// The fields of its line in the index.
    var indexFields: [JSONValue.Field] {
        [
            JSONValue.Field("recording", .string(recording)), JSONValue.Field("task", .string(task)),
            JSONValue.Field("number", .int(number)), JSONValue.Field("file", .string(file)),
            JSONValue.Field("pattern", .string(pattern)), JSONValue.Field("start", .string(start.rfc3339)),
            JSONValue.Field("end", .optional(end?.rfc3339)),
            JSONValue.Field("duration_s", .optional(duration?.seconds)),
            JSONValue.Field("bytes", .int(Int(bytes))),
            JSONValue.Field("tracks", .array(tracks.map(\.json))),
            JSONValue.Field("gaps", .array(gaps.map(\.json))),
            JSONValue.Field("state", .string(state.rawValue)),
        ]
    }

    init?(json: JSONValue) {
        guard let recording = json["recording"]?.string, let task = json["task"]?.string,
            let number = json["number"]?.int, let file = json["file"]?.string,
            let start = json["start"]?.string.flatMap({ CivilTime(rfc3339: $0) }),
            let state = json["state"]?.string.flatMap({ State(rawValue: $0) }),
            // The index must not be able to point out of its directory.
            FileNaming.isPlain(file)
        else { return nil }
        let pattern = json["pattern"]?.string ?? file
        guard FileNaming.isPlain(pattern) else { return nil }
        self.init(
            recording: recording, task: task, number: number, file: file, pattern: pattern, start: start,
            end: json["end"]?.string.flatMap { CivilTime(rfc3339: $0) },
            duration: json["duration_s"]?.double.map { Span.seconds($0) },
            bytes: Int64(max(0, json["bytes"]?.int ?? 0)),
            tracks: (json["tracks"]?.array ?? []).compactMap(RecordedTrack.init(json:)),
            gaps: (json["gaps"]?.array ?? []).compactMap(RecordingGap.init(json:)), state: state)
    }
}

extension RecordedTrack {
    /// As in the `tracks` of the JSON results.
    public var json: JSONValue {
        var fields = [
            JSONValue.Field("type", .string(kind.rawValue)), JSONValue.Field("codec", .string(codec)),
        ]
        if let width, let height {
            fields += [JSONValue.Field("width", .int(width)), JSONValue.Field("height", .int(height))]
        }
        if let fps { fields.append(JSONValue.Field("fps", .number(fps))) }
        if let sampleRate { fields.append(JSONValue.Field("sample_rate_hz", .int(sampleRate))) }
        if let channels { fields.append(JSONValue.Field("channels", .int(channels))) }
        return .object(fields)
    }

    init?(json: JSONValue) {
        guard let kind = json["type"]?.string.flatMap({ TrackKind(rawValue: $0) }),
            let codec = json["codec"]?.string
        else { return nil }
        self.init(kind: kind, codec: codec)
        width = json["width"]?.int
        height = json["height"]?.int
        fps = json["fps"]?.double
        sampleRate = json["sample_rate_hz"]?.int
        channels = json["channels"]?.int
    }
}

extension RecordingGap {
    /// As in the `gaps` of the JSON results.
    public var json: JSONValue {
        .object([
            JSONValue.Field("after", .string(after)), JSONValue.Field("seconds", .number(seconds)),
            JSONValue.Field("reason", .string(reason)),
        ])
    }

    init?(json: JSONValue) {
        guard let after = json["after"]?.string, let seconds = json["seconds"]?.double,
            let reason = json["reason"]?.string
        else { return nil }
        self.init(after: after, seconds: seconds, reason: reason)
    }
}

extension FileNaming {
    /// Whether it is the name of a file in a directory, and not a way out of it.
    static func isPlain(_ file: String) -> Bool {
        !file.isEmpty && file != "." && file != ".." && !file.utf8.contains(UInt8(ascii: "/"))
            && !file.utf8.contains(0)
    }
}
