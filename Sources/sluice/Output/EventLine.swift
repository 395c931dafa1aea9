// One event as one line of JSON: "event", "time", then its fields. Nothing secret leaves here.
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum EventLine {
    /// Without the line's end.
    static func text(of event: Event, at time: WallTime) -> String {
        let head = [
            JSONValue.Field("event", .string(event.name)), JSONValue.Field("time", .string(stamp(time))),
        ]
        return JSONValue.object(head + event.fields.map(redacted)).text
    }

    /// RFC 3339, UTC, milliseconds.
    static func stamp(_ time: WallTime) -> String {
        let milliseconds = time.wholeMilliseconds
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return digits(Int(parts.tm_year) + 1900, 4) + "-" + digits(Int(parts.tm_mon) + 1, 2) + "-"
            + digits(Int(parts.tm_mday), 2) + "T" + digits(Int(parts.tm_hour), 2) + ":"
            + digits(Int(parts.tm_min), 2) + ":" + digits(Int(parts.tm_sec), 2) + "."
            + digits(Int(milliseconds % 1000), 3) + "Z"
    }

    private static func digits(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func redacted(_ field: JSONValue.Field) -> JSONValue.Field {
        JSONValue.Field(field.name, redacted(field.value))
    }

    private static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(MediaAddress.redact(text))
        case .array(let values): .array(values.map(redacted))
        case .object(let fields): .object(fields.map(redacted))
        case .null, .bool, .int, .number: value
        }
    }
}
