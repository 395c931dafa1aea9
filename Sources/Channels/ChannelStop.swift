// `stream-stop`: the publisher first, so that what it has sent is whole; then the stream, which tells its viewers; then
// the totals.
public import Model

/// A channel that has been stopped, or that did not run.
public struct StoppedChannel: Sendable {
    public let name: ChannelName
    public let totals: ChannelTotals
    /// False: there was nothing to stop (service code 40000412).
    public let wasRunning: Bool

    public static let alreadyStopped = 40_000_412

    /// A line for each total that is a number.
    public var lines: [String] {
        ChannelReport.lines(
            fields, ["channel", "duration_s", "sent_bytes", "video_frames", "reconnects", "peak_viewers"])
    }

    /// Of a stop that found out nothing.
    public static let emptyFields: [JSONValue.Field] =
        ([JSONValue.Field("channel", .null)] + ChannelTotals().fields + [.init("service_code", .null)])
        .map { .init($0.name, .null) }

    public var fields: [JSONValue.Field] {
        [JSONValue.Field("channel", .string(name.text))] + totals.fields
            + [.init("service_code", wasRunning ? .null : .int(Self.alreadyStopped))]
    }
}

public struct ChannelStop {
    /// How long a worker has to unpublish.
    private static let patience = Span.seconds(5)
    private let room: ChannelRoom

    public init(directory: StateDirectory, cancel: CancelFlag) throws(SluiceError) {
        room = try ChannelRoom(directory, cancel: cancel)
    }

    public func run(_ name: ChannelName) throws(SluiceError) -> StoppedChannel {
        let lock = try room.lock()
        let channel = try room.census()[name]
        defer { _ = lock }
        return try stopped(channel, name)
    }

    /// All that are running; each is told as soon as it has stopped.
    public func runAll(_ told: (StoppedChannel) -> Void) throws(SluiceError) {
        let lock = try room.lock()
        let running = try room.census().channels.filter(\.isRunning)
        // At once, so that the slowest is what one waits for.
        for channel in running { channel.record.worker?.send(15) }
        for channel in running { told(try stopped(channel, channel.record.name, isTold: true)) }
        _ = consume lock
    }

    /// - Parameter isTold: Its worker knows; a second signal would end it in the middle of unpublishing.
    private func stopped(
        _ channel: ChannelNow?, _ name: ChannelName, isTold: Bool = false
    ) throws(SluiceError) -> StoppedChannel {
        guard let channel, channel.isRunning else {
            return StoppedChannel(name: name, totals: channel?.record.totals ?? ChannelTotals(), wasRunning: false)
        }
        if let worker = channel.record.worker {
            if !isTold { worker.send(15) }
            if !worker.waitForEnd(within: Self.patience) {
                worker.send(9)
                _ = worker.waitForEnd(within: .seconds(1))
            }
        }
        var record = try room.settle(channel.record, room.close(channel.record.streamID))
        record.stoppedAt = .now()
        try room.registry.save(record)
        return StoppedChannel(name: name, totals: record.totals, wasRunning: true)
    }
}
