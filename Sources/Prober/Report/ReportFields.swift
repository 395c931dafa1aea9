// The result line: the fields of the contract first, in its order, then what was added.
import Model

enum ReportFields {
    static func of(_ measured: Measurements, _ hls: HLSValues?, findings: [Finding], verdict: Verdict?)
        -> [JSONValue.Field]
    {
        [
            .init("url", measured.url.isEmpty ? .null : .string(measured.url)),
            .init("protocol", .optional(measured.transport)),
            .init("server", .optional(measured.server)),
            .init("connect_ms", .optional(measured.connect?.milliseconds)),
            .init("first_byte_ms", .optional(measured.firstByte?.milliseconds)),
            .init("first_keyframe_ms", .optional(measured.firstKeyframe?.milliseconds)),
            .init("observed_s", .number(measured.observed.seconds)),
            .init("tracks", .array(measured.tracks.map(track))),
            .init("interleave_ms", .optional(measured.interleave?.milliseconds)),
            .init("jitter_ms", measured.jitter.map(jitter) ?? .null),
            .init("stalls", .optional(measured.stalls)),
            .init("latency_ms", measured.latency.map(latency) ?? .null),
            .init("verdict", .optional(verdict?.rawValue)),
            .init("findings", .array(findings.map(\.json))),
            .init("hls", hls?.json ?? .null),
        ]
    }

    private static func track(_ track: Measurements.TrackValues) -> JSONValue {
        let gop = track.gop.map { gop -> JSONValue in
            .object([
                .init("min", .number(gop.least.seconds)), .init("median", .number(gop.median.seconds)),
                .init("max", .number(gop.most.seconds)),
            ])
        }
        return .object([
            .init("index", .int(track.index)),
            .init("type", .string(track.kind.rawValue)),
            .init("codec", .string(track.codec)),
            .init("profile", .optional(track.profile)),
            .init("width", .optional(track.width)),
            .init("height", .optional(track.height)),
            .init("fps", .optional(track.frameRate)),
            .init("pixel_format", .optional(track.pixelFormat)),
            .init("sample_rate_hz", .optional(track.sampleRate)),
            .init("channels", .optional(track.channels)),
            .init("bitrate_kbps", .optional(track.bitRate.map { $0 / 1000 })),
            .init("gop_s", gop ?? .null),
            .init("b_frames", track.bFrames.map(JSONValue.bool) ?? .null),
            .init("declared_fps", .optional(track.declaredFrameRate)),
            .init("declared_bitrate_kbps", .optional(track.declaredBitRate.map { Double($0) / 1000 })),
            .init("packets", .int(track.packets)),
        ])
    }

    private static func jitter(_ jitter: Measurements.Jitter) -> JSONValue {
        .object([
            .init("rfc3550", .number(jitter.rfc3550.milliseconds)), .init("p50", .number(jitter.p50.milliseconds)),
            .init("p95", .number(jitter.p95.milliseconds)), .init("p99", .number(jitter.p99.milliseconds)),
            .init("max", .number(jitter.most.milliseconds)),
        ])
    }

    private static func latency(_ latency: LatencyValues) -> JSONValue {
        .object([
            .init("method", .string(latency.method.rawValue)),
            .init("p50", .number(latency.p50.milliseconds)), .init("p95", .number(latency.p95.milliseconds)),
            .init("p99", .number(latency.p99.milliseconds)),
            .init("error_ms", .optional(latency.error?.milliseconds)),
            .init("clock", .optional(latency.clock?.rawValue)),
            .init("marks", .optional(latency.marks?.rawValue)),
            .init("samples", .int(latency.samples)),
        ])
    }
}
