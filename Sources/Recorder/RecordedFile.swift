// One file of a recording for the events and the result line.
public import Model

/// A file that was closed, or, when `complete` is false, one that a failure cut short.
public struct RecordedFile: Sendable, Equatable {
    public var path: String
    public var start: CivilTime
    public var end: CivilTime
    /// Of the media.
    public var duration: Span
    public var bytes: Int64
    public var tracks: [RecordedTrack]
    public var complete: Bool

    var fields: [JSONValue.Field] {
        [
            .init("path", .string(path)), .init("start", .string(start.rfc3339)),
            .init("end", .string(end.rfc3339)), .init("duration_s", .number(duration.seconds)),
            .init("bytes", .int(Int(bytes))), .init("tracks", .array(tracks.map(\.json))),
            .init("complete", .bool(complete)),
        ]
    }
}
