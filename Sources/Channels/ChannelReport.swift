// A channel for whoever asked: the fields of JSON, and the same as lines.
public import Model
import Origin

public struct ChannelReport: Sendable {
    /// In their order; `watch` is an object.
    public let fields: [JSONValue.Field]

    init(_ record: ChannelRecord, state: ChannelState) {
        let addresses = record.addresses
        fields = [
            .init("channel", .string(record.name.text)), .init("channel_id", .string(record.id.description)),
            .init("stream_id", .string(record.streamID.text)),
            .init("publish_url", .optional(addresses?.publish)),
            .init(
                "watch",
                .object([
                    .init("rtmp", .optional(addresses?.rtmp)), .init("flv", .optional(addresses?.flv)),
                    .init("hls", .optional(addresses?.hls)), .init("page", .null),
                ])),
            .init("state", .string(state.rawValue)), .init("record_task_id", .null),
            .init("pid", .optional(state == .stopped ? nil : record.worker.map { Int($0.pid) })),
            .init("origin_pid", .optional(state == .stopped ? nil : record.origin.map { Int($0.pid) })),
        ]
    }

    private init(fields: [JSONValue.Field]) { self.fields = fields }

    private static func stamp(_ time: WallTime) -> String { CivilTime(time, utcOffset: 0).rfc3339 }

    /// For `stream-list`: how it goes.
    static func listed(_ now: ChannelNow, at time: WallTime) -> ChannelReport {
        let record = now.record
        var totals = record.totals
        totals.add(now.facts)
        let counters = now.facts?.counters ?? StreamCounters()
        if now.isRunning, let startedAt = record.startedAt { totals.duration = max(.zero, time - startedAt) }
        let report = ChannelReport(record, state: now.state)
        return ChannelReport(
            fields: report.fields + [
                .init("viewers", .int(now.facts?.viewers ?? 0)),
                .init("dropped_gops", .int(counters.droppedGOPs)),
                .init("cut_off_viewers", .int(counters.cutOffViewers)),
                .init("started", .optional(record.startedAt.map(Self.stamp))),
                .init("ended", .optional(now.isRunning ? nil : record.endedAt.map(Self.stamp))),
            ] + totals.fields)
    }

    /// The names that a single field is asked for by: `watch.rtmp`, and so on.
    public static let names = [
        "channel", "channel_id", "stream_id", "publish_url", "watch.rtmp", "watch.flv", "watch.hls", "state", "pid",
        "origin_pid",
    ]

    /// One field as text; nil where it has no value.
    public func text(_ name: String) -> String? {
        Self.text(fields, name)
    }

    /// A line for each field that has a value.
    public var lines: [String] { Self.lines(fields, Self.names) }

    static func lines(_ fields: [JSONValue.Field], _ names: [String]) -> [String] {
        names.compactMap { name in
            text(fields, name).map { name + String(repeating: " ", count: max(1, 13 - name.count)) + $0 }
        }
    }

    private static func text(_ fields: [JSONValue.Field], _ name: String) -> String? {
        var value = JSONValue.object(fields)
        for part in name.split(separator: ".") { value = value[String(part)] ?? .null }
        switch value {
        case .string(let text): return text
        case .int, .number: return value.text
        default: return nil
        }
    }

    /// Of a start that came to nothing.
    public static let empty = ChannelReport(fields: [
        .init("channel", .null), .init("channel_id", .null), .init("stream_id", .null), .init("publish_url", .null),
        .init("watch", .null), .init("state", .null), .init("record_task_id", .null), .init("pid", .null),
        .init("origin_pid", .null),
    ])
}

extension ChannelTotals {
    /// As in the result of `stream-stop`.
    public var fields: [JSONValue.Field] {
        [
            .init("duration_s", .number(duration.seconds)), .init("sent_bytes", .int(sentBytes)),
            .init("video_frames", .int(videoFrames)), .init("reconnects", .int(reconnects)),
            .init("peak_viewers", .int(peakViewers)), .init("recordings", .array([])),
        ]
    }
}
