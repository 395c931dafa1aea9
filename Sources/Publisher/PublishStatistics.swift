// What a push measures of itself; only counts.
import Model
import Timing

final class PublishStatistics: Sendable {
    struct Values {
        var began: HostTime?
        var sentRate = RateMeter(window: .seconds(2))
        var encodedRate = RateMeter(window: .seconds(2))
        var pictureRate = RateMeter(window: .seconds(2))
        var videoFrames = 0
        var audioFrames = 0
        var dropped = 0
        var bytes = 0
        var first: MediaTime?
        var last: MediaTime?
        var targetBitRate: Int?
    }
    private let values = Monitor(Values())

    func read<Result>(_ body: (inout Values) -> Result) -> Result { values.withLock(body) }

    func began(at now: HostTime) { values.withLock { $0.began = $0.began ?? now } }

    func sent(_ packet: Packet, isEncoded: Bool, at now: HostTime) {
        values.withLock { values in
            let bits = Double(packet.data.count * 8)
            values.sentRate.add(bits, at: now)
            if isEncoded { values.encodedRate.add(bits, at: now) }
            values.bytes += packet.data.count
            if packet.kind == .video {
                values.videoFrames += 1
                values.pictureRate.add(1, at: now)
            } else {
                values.audioFrames += 1
            }
            guard let time = packet.orderTime else { return }
            values.first = min(values.first ?? time, time)
            let end = time + (packet.duration ?? .zero)
            values.last = max(values.last ?? end, end)
        }
    }

    func dropped() { values.withLock { $0.dropped += 1 } }

    /// Length of the media sent so far.
    var mediaSpan: Span {
        values.read { values in
            guard let first = values.first, let last = values.last else { return .zero }
            return last - first
        }
    }

    func statusEvent(queue: Span, now: HostTime) -> Event {
        values.withLock { values in
            let elapsed = values.began.map { (now - $0).seconds } ?? 0
            let media = values.first.flatMap { first in values.last.map { ($0 - first).seconds } } ?? 0
            let encoded = values.encodedRate.rate(at: now) / 1000
            return Event(
                "status",
                [
                    .init("time_s", .number(media)),
                    .init("sent_kbps", .number(values.sentRate.rate(at: now) / 1000)),
                    .init("encoder_kbps", values.targetBitRate == nil ? .null : .number(encoded)),
                    .init("target_kbps", .optional(values.targetBitRate.map { Double($0) / 1000 })),
                    .init("fps", .number(values.pictureRate.rate(at: now))),
                    .init("queue_ms", .number(queue.milliseconds)),
                    .init("dropped_frames", .int(values.dropped)),
                    .init("reconnects", .int(0)),
                    .init("speed", elapsed > 0 ? .number(media / elapsed) : .null),
                ])
        }
    }
}
