// Everything a probe needs, in plain values.
public import Model

public struct ProbeSettings: Sendable {
    public var source: MediaAddress
    public var options = SourceOptions()
    /// `limit` is `.off`: a stream that breaks is a finding. `wait` is `--wait`.
    public var reconnect = ReconnectOptions.none
    /// How long to observe; nil: until headers and the first key frame are known.
    public var duration: Span?
    /// `--latency`: delay by the best method there is.
    public var measuresLatency = false
    /// `--loopback`: the marks are of a push of this very process, so the method is called "loopback".
    public var isLoopback = false
    /// `--check`: a verdict of FAIL is an error.
    public var checks = false
    public var expectations: [Expectation] = []
    /// `--follow`: a status a second until stopped.
    public var follows = false
    public init(source: MediaAddress) { self.source = source }
}

/// One condition of `--expect`.
public struct Expectation: Sendable, Equatable {
    public enum Relation: String, Sendable {
        case equal = "=", notEqual = "!=", atLeast = ">=", atMost = "<=", above = ">", below = "<"
    }
    /// As in `Prober.ExpectationList`, e.g. "fps".
    public var field: String
    public var relation: Relation
    /// As written, e.g. "25", "2s", "h264".
    public var value: String
    public init(field: String, relation: Relation, value: String) {
        self.field = field
        self.relation = relation
        self.value = value
    }
}
