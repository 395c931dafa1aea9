// Everything a recording needs, in plain values.
public import Model

/// Where the media go.
public enum RecordOutput: Sendable, Equatable {
    /// File names by a template with `{name}`, `{start}` and `{end}`; nil: `{name}_{start}_{end}` and the
    /// container's extension, in the current directory.
    case template(String?)
    case standardOutput
}

/// The containers that `record` writes.
public enum RecordFormat: String, Sendable, CaseIterable { case mp4, mkv, ts, flv }

public struct RecordSettings: Sendable {
    public var source: MediaAddress
    public var options = SourceOptions()
    public var reconnect = ReconnectOptions()
    public var output = RecordOutput.template(nil)
    /// nil: by the output's extension, else MP4.
    public var format: RecordFormat?
    /// Length of a file; nil: one file (`--segment off`). SPEC: 90 minutes.
    public var segment: Span? = .seconds(5400)
    /// Cuts at the wall clock's multiples of `segment` (local time).
    public var atClock = false
    public var duration: Span?
    /// Bytes of finished files of this recording's directory and name; nil: no limit.
    public var maxDisk: Int64?
    public init(source: MediaAddress) { self.source = source }
}
