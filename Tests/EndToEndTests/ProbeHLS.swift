// A live HLS stream whose playlist says what a test wants: segments are made once, the playlist grows by the clock,
// and when each segment was captured is known.
import Model
import TestSupport

struct HLSLab: Sendable {
    /// Seconds of a segment.
    var length = 1
    /// What EXT-X-TARGETDURATION says.
    var target: Int?
    /// Capture to publication of a segment's end; told by EXT-X-PROGRAM-DATE-TIME.
    var lag = Span.zero
    var isDated = true
    /// Each segment after this many begins with EXT-X-DISCONTINUITY.
    var cutEvery: Int?
    /// The playlist does not grow from here on.
    var frozenAfter: Span?

    static let window = 4
    private static let made = Recordings()

    /// Segments of this many seconds, made by ffmpeg once a test run.
    private actor Recordings {
        private var tasks: [Int: Task<[[UInt8]], any Error>] = [:]

        func segments(_ length: Int) async throws -> [[UInt8]] {
            let task = tasks[length] ?? Task { try await Self.record(length) }
            tasks[length] = task
            return try await task.value
        }

        private static func record(_ length: Int) async throws -> [[UInt8]] {
            let directory = try TempDirectory("hls")
            let seconds = 20 * length
            try await Clips.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=\(seconds)", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=44100:d=\(seconds)", "-c:v", "libx264", "-preset", "ultrafast",
                "-g",
                "25", "-sc_threshold", "0", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "hls",
                "-hls_time", "\(length)", "-hls_list_size", "0", directory.file("a.m3u8"),
            ])
            return (0..<20).compactMap { contents(ofFile: directory.file("a\($0).ts")) }
        }
    }

    /// The stream is as old as its window when this returns.
    func serve() async throws -> TimedServer {
        let segments = try await Self.made.segments(length)
        guard segments.count > 15 else { throw LabError("too few segments: \(segments.count)") }
        let lab = self
        let start = HostTime.now()
        let wall = WallTime.now()
        return try TimedServer { path, _ in
            if path.hasSuffix(".m3u8") {
                var age = HostTime.now() - start
                if let frozen = lab.frozenAfter { age = min(age, frozen) }
                return .body(
                    Array(lab.playlist(age, wall, segments.count).utf8), type: "application/vnd.apple.mpegurl")
            }
            guard let number = Int(path.filter(\.isNumber)), segments.indices.contains(number) else {
                return .missing
            }
            return .body(segments[number], type: "video/mp2t")
        }
    }

    private func playlist(_ age: Span, _ start: WallTime, _ count: Int) -> String {
        let newest = min(Self.window + Int(age.seconds) / length, count)
        let first = newest - Self.window
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:\(target ?? length)",
            "#EXT-X-MEDIA-SEQUENCE:\(first)",
        ]
        if let cutEvery { lines.append("#EXT-X-DISCONTINUITY-SEQUENCE:\(first / cutEvery)") }
        for number in first..<newest {
            if let cutEvery, number > 0, number % cutEvery == 0 { lines.append("#EXT-X-DISCONTINUITY") }
            if isDated {
                let captured = start + .seconds(Double((number - Self.window) * length)) - lag
                lines.append("#EXT-X-PROGRAM-DATE-TIME:\(Self.date(captured))")
            }
            lines += ["#EXTINF:\(length).000,", "\(number).ts"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// RFC 3339 in UTC, by the civil calendar's own arithmetic.
    static func date(_ time: WallTime) -> String {
        let total = time.wholeMilliseconds
        let (day, rest) = (total / 86_400_000, total % 86_400_000)
        // Howard Hinnant, "chrono-compatible low-level date algorithms": days to year, month and day.
        let z = day + 719_468
        let era = z / 146_097
        let ofEra = z - era * 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let m = (5 * ofYear + 2) / 153
        let month = m < 10 ? m + 3 : m - 9
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = "\(1_000 + rest % 1_000)".dropFirst()
        return "\(year + era * 400 + (month <= 2 ? 1 : 0))-\(two(month))-\(two(ofYear - (153 * m + 2) / 5 + 1))"
            + "T\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1_000 % 60)).\(milliseconds)Z"
    }
}
