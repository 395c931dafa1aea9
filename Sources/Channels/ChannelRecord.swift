// One channel as the registry keeps it.
import GRDB
public import Model

/// What a channel has come to, from its start to its stop.
public struct ChannelTotals: Sendable, Equatable {
    public var duration = Span.zero
    public var sentBytes = 0
    public var videoFrames = 0
    public var reconnects = 0
    public var peakViewers = 0
    public init() {}
}

/// Where a stream is published, and where it can be watched.
public struct ChannelAddresses: Sendable, Equatable {
    public var publish: String
    public var rtmp: String
    public var flv: String
    public var hls: String
    public var rtmpPort: Int
    public var httpPort: Int
}

struct ChannelRecord: Sendable, Equatable {
    let name: ChannelName
    let id: ChannelID
    var streamID: StreamID
    /// As it was last written down; what is true now is for `ChannelCensus` to say.
    var state = ChannelState.stopped
    /// An INPUT is pushed by a process of ours; without one the channel waits for any publisher.
    var hasWorker = false
    var worker: ProcessIdentity?
    var origin: ProcessIdentity?
    var addresses: ChannelAddresses?
    var startedAt: WallTime?
    /// When it ended, for whatever reason.
    var endedAt: WallTime?
    /// When somebody stopped it.
    var stoppedAt: WallTime?
    var totals = ChannelTotals()

    init(name: ChannelName, id: ChannelID, streamID: StreamID) {
        self.name = name
        self.id = id
        self.streamID = streamID
    }

    /// nil for a row that cannot be ours.
    init?(_ row: Row) {
        guard let name = ChannelName(row["name"]), let id = ChannelID(row["channel_id"]),
            let streamID = StreamID(row["stream_id"])
        else { return nil }
        self.init(name: name, id: id, streamID: streamID)
        state = ChannelState(rawValue: row["state"]) ?? .stopped
        hasWorker = row["has_worker"]
        let boot: String? = row["boot"]
        worker = Self.process(row["worker_pid"], row["worker_start"], boot)
        origin = Self.process(row["origin_pid"], row["origin_start"], boot)
        if let publish: String = row["publish_url"], let rtmp: String = row["watch_rtmp"],
            let flv: String = row["watch_flv"], let hls: String = row["watch_hls"],
            let rtmpPort: Int = row["rtmp_port"], let httpPort: Int = row["http_port"]
        {
            addresses = ChannelAddresses(
                publish: publish, rtmp: rtmp, flv: flv, hls: hls, rtmpPort: rtmpPort, httpPort: httpPort)
        }
        startedAt = Self.time(row["started_at"])
        endedAt = Self.time(row["ended_at"])
        stoppedAt = Self.time(row["stopped_at"])
        totals.duration = .milliseconds(Double(row["duration_ms"] as Int))
        totals.sentBytes = row["sent_bytes"]
        totals.videoFrames = row["video_frames"]
        totals.reconnects = row["reconnects"]
        totals.peakViewers = row["peak_viewers"]
    }

    /// Column by column, for `Registry.save`.
    var columns: [(name: String, value: (any DatabaseValueConvertible)?)] {
        [
            ("name", name.text), ("channel_id", id.description), ("stream_id", streamID.text),
            ("state", state.rawValue), ("has_worker", hasWorker), ("worker_pid", worker?.pid),
            ("worker_start", worker?.start), ("origin_pid", origin?.pid), ("origin_start", origin?.start),
            ("boot", worker?.boot ?? origin?.boot), ("publish_url", addresses?.publish),
            ("watch_rtmp", addresses?.rtmp), ("watch_flv", addresses?.flv), ("watch_hls", addresses?.hls),
            ("rtmp_port", addresses?.rtmpPort), ("http_port", addresses?.httpPort),
            ("started_at", startedAt?.wholeMilliseconds), ("ended_at", endedAt?.wholeMilliseconds),
            ("stopped_at", stoppedAt?.wholeMilliseconds),
            ("duration_ms", Int(totals.duration.milliseconds.rounded())), ("sent_bytes", totals.sentBytes),
            ("video_frames", totals.videoFrames), ("reconnects", totals.reconnects),
            ("peak_viewers", totals.peakViewers),
        ]
    }

    private static func process(_ pid: Int32?, _ start: Int64?, _ boot: String?) -> ProcessIdentity? {
        guard let pid, let start, let boot else { return nil }
        return ProcessIdentity(pid: pid, start: start, boot: boot)
    }

    private static func time(_ milliseconds: Int64?) -> WallTime? { milliseconds.map(WallTime.init(milliseconds:)) }
}

/// The origin as it was last started.
struct OriginRecord: Sendable, Equatable {
    var process: ProcessIdentity
    var host: String
    var rtmpPort: Int
    var httpPort: Int
    var startedAt: WallTime
}
