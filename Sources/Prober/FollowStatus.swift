// The status line of `--follow`: what the last two seconds were like, and what has been found so far.
import Model
import Timing

struct FollowStatus: Sendable {
    private var net = RateMeter(window: .seconds(2))
    private var video = RateMeter(window: .seconds(2))
    private var audio = RateMeter(window: .seconds(2))
    private var pictures = RateMeter(window: .seconds(2))
    private var gop = GOPMeter()

    mutating func add(_ packet: Packet) {
        let bits = Double(packet.data.count * 8)
        net.add(bits, at: packet.arrival)
        if packet.kind == .audio { audio.add(bits, at: packet.arrival) }
        guard packet.kind == .video else { return }
        video.add(bits, at: packet.arrival)
        pictures.add(1, at: packet.arrival)
        if packet.isKeyframe, let time = packet.orderTime { gop.add(keyframeAt: time) }
    }

    mutating func event(
        _ observation: StreamObservation, _ measured: Measurements, findings: [Finding], now: HostTime
    ) -> Event {
        let newest = (observation.audio?.timeline.last, observation.video?.timeline.last)
        let interval = newest.0.flatMap { audio in newest.1.map { (audio - $0).milliseconds } }
        let main = observation.video ?? observation.audio
        let alarming = findings.filter { $0.severity > .info }.map(\.code)
        return Event(
            "status",
            [
                .init("time_s", .number(observation.observed(at: now).seconds)),
                .init("fps", .number(pictures.rate(at: now))),
                .init("video_bitrate_kbps", .number(video.rate(at: now) / 1000)),
                .init("audio_bitrate_kbps", .number(audio.rate(at: now) / 1000)),
                .init("net_kbps", .number(net.rate(at: now) / 1000)),
                .init("gop_s", .optional(gop.length?.seconds)),
                .init("jitter_ms", .optional(main?.arrival.jitter?.milliseconds)),
                .init("av_recv_interval_ms", .optional(interval)),
                .init("latency_ms", .optional(observation.video?.arrival.recentMark?.milliseconds)),
                .init("stalls", .int(observation.stalls.count)),
                .init("verdict", .string(Verdict(findings).rawValue)),
                .init("findings", .array(alarming.map(JSONValue.string))),
            ])
    }
}
