// What a recording did, for the result line.
public import Model

public struct RecordResult: Sendable, Equatable {
    /// Oldest first.
    public var files: [RecordedFile] = []
    /// `after` is the path of the file before the gap.
    public var gaps: [RecordingGap] = []
    public var endedBy: EndedBy
    /// Present exactly when `endedBy` is `.error`: what ended a recording that had begun.
    public var error: SluiceError?
    /// Media recorded, without the gaps.
    public var duration = Span.zero
    /// Of the files; without files, what was written.
    public var bytes: Int64 = 0

    public init(endedBy: EndedBy, error: SluiceError? = nil) {
        self.endedBy = endedBy
        self.error = error
    }

    /// The line that ends `--json`.
    public var event: Event {
        Event(
            "result",
            [
                .init("files", .array(files.map { .object($0.fields) })),
                .init(
                    "gaps",
                    .array(
                        gaps.map { gap in
                            .object([
                                .init("after", .string(gap.after)), .init("seconds", .number(gap.seconds)),
                                .init("reason", .string(gap.reason)),
                            ])
                        })),
                .init("ended_by", .string(endedBy.rawValue)),
            ])
    }

    /// One line for people.
    public var summary: String {
        let seconds = JSONValue.number((duration.seconds * 10).rounded() / 10).text
        var text = "recorded \(seconds) s, \(bytes) bytes"
        if let only = files.first, files.count == 1 { text += " in \(only.path)" }
        if files.count > 1 { text += " in \(files.count) files" }
        if !gaps.isEmpty { text += ", \(gaps.count) gap\(gaps.count == 1 ? "" : "s")" }
        return text
    }
}
