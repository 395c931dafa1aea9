// The statistics as the status line of `--json` and as the overlay.
import Model
import Timing

extension PlayStatistics {
    /// - Parameter videoCache: Compressed pictures waiting for the decoder.
    func statusEvent(videoCache: Span, audioCache: Span, now: HostTime) -> Event {
        read { values in
            let recvInterval = values.newestAudio.flatMap { audio in
                values.newestVideo.map { (audio - $0).milliseconds }
            }
            return Event(
                "status",
                [
                    .init("video_width", .int(values.width)),
                    .init("video_height", .int(values.height)),
                    .init("fps", .number(values.pictureRate.rate(at: now))),
                    .init("video_bitrate_kbps", .number(values.videoRate.rate(at: now) / 1000)),
                    .init("audio_bitrate_kbps", .number(values.audioRate.rate(at: now) / 1000)),
                    .init("net_kbps", .number(values.netRate.rate(at: now) / 1000)),
                    .init("gop_s", .optional(values.gop.length?.seconds)),
                    .init("jitter_ms", .number(values.jitter.jitter.milliseconds)),
                    .init("target_delay_ms", .number((values.targetDelay ?? .zero).milliseconds)),
                    .init("delay_ms", .optional(values.delay?.milliseconds)),
                    .init("latency_ms", .optional(values.lastLatency?.milliseconds)),
                    .init("video_cache_ms", .number(videoCache.milliseconds)),
                    .init("audio_cache_ms", .number((audioCache + (values.audioQueued ?? .zero)).milliseconds)),
                    .init("av_recv_interval_ms", .optional(recvInterval)),
                    .init("av_play_interval_ms", .optional(values.lastOffset?.milliseconds)),
                    .init("rate", .number(values.rate)),
                    .init("dropped_frames", .int(values.dropped)),
                    .init("skips", .int(values.skips)),
                    .init("stalls", .int(values.stalls)),
                    .init("stall_ms", .number(values.stallTime.milliseconds)),
                    .init("reconnects", .int(values.reconnects)),
                    .init("damaged_frames", .int(values.damaged)),
                ])
        }
    }

    /// Lines for the picture's corner: where the delay comes from.
    func overlayLines(videoCache: Span, now: HostTime) -> [String] {
        read { values in
            func ms(_ span: Span?) -> String { span.map { "\(Int($0.milliseconds.rounded())) ms" } ?? "-" }
            let fps = (values.pictureRate.rate(at: now) * 10).rounded() / 10
            return [
                "\(values.width)x\(values.height) \(fps) fps",
                "video \(Int(values.videoRate.rate(at: now) / 1000)) kbps  audio "
                    + "\(Int(values.audioRate.rate(at: now) / 1000)) kbps",
                "latency \(ms(values.lastLatency))  behind live edge \(ms(values.delay))"
                    + (values.targetDelay.map { "  aim \(ms($0))" } ?? ""),
                "network jitter \(ms(values.jitter.jitter))  waiting \(ms(videoCache))  decoder "
                    + "\(ms(values.decodeTime))",
                "sound queued \(ms(values.audioQueued))  audio-video \(ms(values.lastOffset))",
                "gop \(ms(values.gop.length))  dropped \(values.dropped)  stalls \(values.stalls)  skips \(values.skips)",
            ]
                + (values.isLed ? ["rate \(values.rate)  \(values.reason)"] : [])
        }
    }
}
