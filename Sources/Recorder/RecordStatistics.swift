// What a recording counts of what it has written.
public import Model
import Timing

public struct RecordStatistics: Sendable {
    public private(set) var videoPackets = 0
    public private(set) var audioPackets = 0
    public private(set) var mediaBytes = 0
    private var rate = RateMeter(window: .seconds(2))
    private var pictures = RateMeter(window: .seconds(2))
    private var spans: [Int: (first: MediaTime, last: MediaTime)] = [:]
    private var past = Span.zero
    private var epoch: Int?

    public init() {}

    mutating func add(_ packet: Packet) {
        mediaBytes += packet.data.count
        rate.add(Double(packet.data.count * 8), at: packet.arrival)
        if packet.kind == .video {
            videoPackets += 1
            pictures.add(1, at: packet.arrival)
        } else {
            audioPackets += 1
        }
        guard let time = packet.orderTime else { return }
        if epoch != packet.epoch {
            past = mediaSpan
            spans = [:]
            epoch = packet.epoch
        }
        let end = time + (packet.duration ?? .zero)
        let span = spans[packet.track] ?? (time, end)
        spans[packet.track] = (min(span.first, time), max(span.last, end))
    }

    /// Media recorded so far, without the gaps.
    public var mediaSpan: Span { past + (spans.values.map { $0.last - $0.first }.max() ?? .zero) }

    mutating func kbps(at now: HostTime) -> Double { rate.rate(at: now) / 1000 }
    mutating func framesPerSecond(at now: HostTime) -> Double { pictures.rate(at: now) }
}
