// The table of planted faults: what is done to a clean recording, and the finding that it must lead to.
import Model
import TestSupport
import Testing

struct PlantedFault: Sendable, CustomTestStringConvertible {
    enum Road: Sendable { case httpFLV, rtmp }

    /// What is planted, in words.
    var name: String
    /// The finding's code.
    var code: String
    /// info, warn or fail; `--check` makes exit status 3 of the last.
    var severity: String
    var tape = ProbeTapes.Kind.plain
    var road = Road.httpFLV
    var options: [String] = []
    var seconds = 5
    /// Findings that come along with it by necessity.
    var along: Set<String> = []
    /// Two recordings are at hand: the one named by `tape`, and `.wide`.
    var plant: @Sendable (_ stream: inout PlantedStream, _ wide: [TapeTag]) -> Void

    var testDescription: String { "\(name)\(road == .rtmp ? " (rtmp)" : "")" }

    func over(_ road: Road) -> PlantedFault {
        var copy = self
        copy.road = road
        return copy
    }
}

extension PlantedFault {
    static let pictures: [PlantedFault] = [
        .init(name: "no key frame", code: "no_keyframe", severity: "fail", tape: .overlong, seconds: 6) {
            stream, _ in
            stream.remove { $0.isMedia && $0.isKeyframe }
            // As a server with a cache sends it, so that six seconds of watching show more than ten of media.
            stream.resend { max(0, $0.at - 6_000) }
        },
        .init(name: "no key frame for five seconds", code: "no_keyframe", severity: "warn", tape: .overlong) {
            stream, _ in
            stream.remove { $0.isMedia && $0.isKeyframe }
        },
        .init(name: "irregular GOP", code: "gop_irregular", severity: "info", tape: .irregular) { _, _ in },
        .init(name: "overlong GOP", code: "gop_long", severity: "warn", tape: .overlong, seconds: 6) { stream, _ in
            stream.resend { max(0, $0.at - 6_000) }
        },
        .init(name: "frame rate unlike declared", code: "frame_rate", severity: "warn") { stream, _ in
            stream.claim("framerate", 60)
        },
        .init(name: "bitrate collapse", code: "bitrate_collapse", severity: "warn", seconds: 7) { stream, _ in
            stream.edit(from: 4_000) { if $0.tag.isVideo { $0.tag.shrink() } }
        },
        .init(name: "bitrate burst", code: "bitrate_burst", severity: "warn", seconds: 6) { stream, _ in
            stream.edit(from: 3_000, to: 4_000) { if $0.tag.isVideo { $0.tag.pad(30_000) } }
        },
        .init(name: "missing sequence header", code: "missing_sequence_header", severity: "fail") { stream, _ in
            stream.remove { $0.isVideo && !$0.isMedia }
        },
        .init(name: "changed sequence header", code: "changed_sequence_header", severity: "warn") { stream, wide in
            stream.become(wide, at: 3_000)
        },
        .init(
            name: "B-frames", code: "b_frames", severity: "info", tape: .bFrames
        ) { _, _ in },
        .init(name: "B-frames where delay matters", code: "b_frames", severity: "warn", tape: .manyBFrames) {
            _, _ in
        },
        .init(name: "damaged tags", code: "damaged", severity: "warn") { stream, _ in
            // A length that leads out of the tag, in one picture of a GOP each second.
            stream.edit {
                if $0.tag.isVideo, Int($0.at) % 1_000 / 40 == 12 {
                    $0.tag.body.replaceSubrange(5..<9, with: [0x7F, 0xFF, 0xFF, 0xFF])
                }
            }
        },
    ]

    static let stamps: [PlantedFault] = [
        .init(name: "timestamp jump forward", code: "timestamp_jump", severity: "fail") { stream, _ in
            stream.shiftStamps(from: 2_500, by: 10_000)
        },
        .init(name: "timestamp rollback", code: "timestamp_rollback", severity: "fail") { stream, _ in
            stream.shiftStamps(from: 2_500, by: -2_000)
        },
        .init(name: "timestamp repeat", code: "timestamp_repeat", severity: "warn") { stream, _ in
            var last = 0
            stream.edit(from: 2_000, to: 2_600) { item in
                guard item.tag.isVideo else { return }
                if Int(item.at) / 40 % 2 == 1 { item.tag.timestamp = last } else { last = item.tag.timestamp }
            }
        },
        .init(name: "DTS above PTS", code: "dts_after_pts", severity: "fail") { stream, _ in
            stream.edit { if $0.tag.isVideo { $0.tag.setCompositionOffset(-80) } }
        },
        .init(name: "sound and picture drift apart", code: "av_drift", severity: "warn", seconds: 7) { stream, _ in
            stream.edit { if $0.tag.isAudio { $0.tag.timestamp += $0.tag.timestamp / 20 } }
        },
        .init(
            name: "clock of the marks ahead of ours", code: "foreign_clock", severity: "warn",
            options: ["--latency"]
        ) {
            stream, _ in
            stream.edit { if $0.tag.isVideo { $0.mark = .seconds(5) } }
        },
    ]

    static let arrivals: [PlantedFault] = [
        .init(name: "interleave offset", code: "interleave", severity: "warn") { stream, _ in
            stream.resend { $0.tag.isAudio ? $0.at + 900 : $0.at }
        },
        .init(name: "silent declared track", code: "silent_track", severity: "warn", along: ["wrong_header_flags"])
        { stream, _ in
            stream.remove(\.isAudio)
        },
        .init(name: "track that falls silent", code: "silent_track", severity: "warn", seconds: 6) { stream, _ in
            stream.items.removeAll { $0.tag.isAudio && $0.at > 2_000 }
        },
        .init(name: "FLV header without the sound", code: "wrong_header_flags", severity: "warn") { stream, _ in
            stream.flags = 1
        },
        .init(name: "FLV header without the picture", code: "wrong_header_flags", severity: "warn") { stream, _ in
            stream.flags = 4
        },
        .init(name: "stall", code: "stall", severity: "fail", seconds: 6, along: ["jitter"]) { stream, _ in
            stream.resend { (1_500..<5_000).contains($0.at) ? 5_000 : $0.at }
        },
        .init(name: "jitter above one second", code: "jitter", severity: "fail", seconds: 7) { stream, _ in
            // Falls 1.5 s behind at half the speed and catches up, without ever standing still.
            stream.resend { item in
                let behind = item.at - 1_000
                guard behind > 0 else { return item.at }
                return item.at + (behind < 2_000 ? behind * 0.9 : max(0, 1_800 - (behind - 2_000) * 0.9))
            }
        },
    ]

    static let all =
        pictures + stamps + arrivals
        + (pictures + stamps + arrivals).filter {
            ["timestamp_jump", "timestamp_rollback", "b_frames", "interleave"].contains($0.code)
        }.map { $0.over(.rtmp) }
}
