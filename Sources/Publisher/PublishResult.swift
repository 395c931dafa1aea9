// What a push did, for the result line.
public import Model

/// The totals of one push.
public struct PublishResult: Sendable, Equatable {
    /// Length of the media that was sent.
    public var duration = Span.zero
    public var sentBytes = 0
    public var videoFrames = 0
    public var audioFrames = 0
    public var droppedFrames = 0
    public var reconnects = 0
    /// Over the time that was spent sending; nil when nothing was sent.
    public var averageKbps: Double?
    public var endedBy: EndedBy
    /// Present exactly when `endedBy` is `.error`: what ended a push that had already begun.
    public var error: SluiceError?

    public init(endedBy: EndedBy, error: SluiceError? = nil) {
        self.endedBy = endedBy
        self.error = error
    }

    /// The line that ends `--json`.
    public var event: Event {
        Event(
            "result",
            [
                .init("duration_s", .number(duration.seconds)),
                .init("sent_bytes", .int(sentBytes)),
                .init("video_frames", .int(videoFrames)),
                .init("audio_frames", .int(audioFrames)),
                .init("dropped_frames", .int(droppedFrames)),
                .init("reconnects", .int(reconnects)),
                .init("average_kbps", .optional(averageKbps)),
                .init("ended_by", .string(endedBy.rawValue)),
            ])
    }
}
