// What a play did, for the result line.
public import Model

/// The totals of one play.
public struct PlayResult: Sendable, Equatable {
    public struct Latency: Sendable, Equatable {
        public var p50: Double
        public var p95: Double
        public var p99: Double
        public init(p50: Double, p95: Double, p99: Double) {
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
        }
    }
    public struct Offset: Sendable, Equatable {
        public var p50: Double
        public var p99: Double
        public init(p50: Double, p99: Double) {
            self.p50 = p50
            self.p99 = p99
        }
    }

    /// From the start of the process to the first picture; nil when none was shown.
    public var firstFrame: Span?
    public var shownFrames = 0
    public var droppedFrames = 0
    public var stalls = 0
    public var stallTime = Span.zero
    public var skips = 0
    /// Times that a lost connection was made anew.
    public var reconnects = 0
    /// Pictures and sound that came damaged.
    public var damagedFrames = 0
    /// Milliseconds from capture to presentation; nil when the stream is not marked.
    public var latency: Latency?
    /// Milliseconds, audio − video; nil without both.
    public var offset: Offset?
    public var endedBy: EndedBy
    /// Present exactly when `endedBy` is `.error`: what ended a play that had already begun.
    public var error: SluiceError?

    public init(endedBy: EndedBy, error: SluiceError? = nil) {
        self.endedBy = endedBy
        self.error = error
    }

    /// The line that ends `--json`.
    public var event: Event {
        let latency = latency.map { value in
            JSONValue.object([
                .init("p50", .number(value.p50)), .init("p95", .number(value.p95)),
                .init("p99", .number(value.p99)),
            ])
        }
        let offset = offset.map { value in
            JSONValue.object([.init("p50", .number(value.p50)), .init("p99", .number(value.p99))])
        }
        return Event(
            "result",
            [
                .init("first_frame_ms", .optional(firstFrame.map(\.milliseconds))),
                .init("shown_frames", .int(shownFrames)),
                .init("dropped_frames", .int(droppedFrames)),
                .init("stalls", .int(stalls)),
                .init("stall_ms", .number(stallTime.milliseconds)),
                .init("skips", .int(skips)),
                .init("reconnects", .int(reconnects)),
                .init("damaged_frames", .int(damagedFrames)),
                .init("latency_ms", latency ?? .null),
                .init("av_offset_ms", offset ?? .null),
                .init("ended_by", .string(endedBy.rawValue)),
            ])
    }
}
