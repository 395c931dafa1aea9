// What a repair did, for the result line and for people.
public import Model

public struct RepairResult: Sendable, Equatable {
    /// Closed now, in the order of their names.
    public var files: [RecordedFile] = []
    /// Open names with nothing in them that could be played; removed.
    public var removed: [String] = []
    /// Left as they are, because somebody is writing to them.
    public var inUse: [String] = []
    /// What could not be closed; the first one's error.
    public var error: SluiceError?
    public init() {}

    public var event: Event {
        Event(
            "result",
            [
                .init("files", .array(files.map { .object($0.fields) })),
                .init("removed", .array(removed.map(JSONValue.string))),
                .init("in_use", .array(inUse.map(JSONValue.string))),
            ])
    }

    /// One line for people.
    public var summary: String {
        var parts = ["closed \(files.count) \(files.count == 1 ? "recording" : "recordings")"]
        if !removed.isEmpty { parts.append("removed \(removed.count) without any media") }
        if !inUse.isEmpty { parts.append("\(inUse.count) being written") }
        return parts.joined(separator: ", ")
    }
}
