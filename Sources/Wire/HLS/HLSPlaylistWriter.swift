// Media playlists as text: the counterpart of HLSParser, for the same values. Which segments are in the list is
// decided by whoever makes it.
import Model

/// Writes media playlists (RFC 8216). Pure.
public enum HLSPlaylistWriter {
    /// The text of a playlist, with a line feed behind each line.
    ///
    /// Of a segment it writes URI, duration, title, discontinuity, gap, byte range, map (where it changes) and
    /// date. Keys and live-edge hints, which no playlist of ours has, are not written. URIs are written as they are;
    /// one with a line break is left out with its segment, as it would be read as something else.
    public static func text(of playlist: MediaPlaylist) -> String {
        let segments = playlist.segments.filter { isPlain($0.uri) && isPlain($0.map?.uri ?? "") }
        var lines = ["#EXTM3U", "#EXT-X-VERSION:\(max(playlist.version, leastVersion(segments)))"]
        lines.append("#EXT-X-TARGETDURATION:\(targetSeconds(playlist))")
        if playlist.mediaSequence > 0 { lines.append("#EXT-X-MEDIA-SEQUENCE:\(playlist.mediaSequence)") }
        if playlist.discontinuitySequence > 0 {
            lines.append("#EXT-X-DISCONTINUITY-SEQUENCE:\(playlist.discontinuitySequence)")
        }
        if let kind = playlist.kind { lines.append("#EXT-X-PLAYLIST-TYPE:\(kind.rawValue)") }
        if playlist.hasIndependentSegments { lines.append("#EXT-X-INDEPENDENT-SEGMENTS") }
        if let offset = playlist.startOffset { lines.append("#EXT-X-START:TIME-OFFSET=\(decimal(offset))") }
        var map: MediaPlaylist.Map?
        for segment in segments {
            if segment.map != map, let next = segment.map { lines.append(tag(next)) }
            map = segment.map ?? map
            lines += tags(segment)
        }
        if playlist.isEnded { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func tags(_ segment: MediaPlaylist.Segment) -> [String] {
        var lines: [String] = []
        if segment.isDiscontinuity { lines.append("#EXT-X-DISCONTINUITY") }
        if let date = segment.programDateTime { lines.append("#EXT-X-PROGRAM-DATE-TIME:\(date.iso8601)") }
        if segment.isGap { lines.append("#EXT-X-GAP") }
        if let range = segment.byteRange { lines.append("#EXT-X-BYTERANGE:\(range.length)@\(range.offset)") }
        let title = segment.title.flatMap { isPlain($0) ? $0 : nil } ?? ""
        return lines + ["#EXTINF:\(decimal(segment.duration)),\(title)", segment.uri]
    }

    private static func tag(_ map: MediaPlaylist.Map) -> String {
        let range = map.byteRange.map { ",BYTERANGE=\"\($0.length)@\($0.offset)\"" } ?? ""
        return "#EXT-X-MAP:URI=\"\(map.uri)\"\(range)"
    }

    /// EXTINF with a fraction needs 3, a byte range 4, a map without I-frames-only 6.
    private static func leastVersion(_ segments: [MediaPlaylist.Segment]) -> Int {
        if segments.contains(where: { $0.map != nil }) { return 6 }
        return segments.contains { $0.byteRange != nil } ? 4 : 3
    }

    /// Whole seconds; no segment, rounded, may be longer (section 4.3.3.1).
    private static func targetSeconds(_ playlist: MediaPlaylist) -> Int {
        let longest = playlist.segments.map { $0.duration.seconds.rounded() }.max() ?? 0
        return Int(max(playlist.targetDuration.seconds.rounded(.up), longest, 1))
    }

    /// Seconds with six digits, never in exponents.
    private static func decimal(_ span: Span) -> String {
        let micros = (span.nanoseconds.magnitude + 500) / 1000
        let fraction = String(micros % 1_000_000)
        let sign = span.nanoseconds < 0 && micros > 0 ? "-" : ""
        return "\(sign)\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }

    /// A quotation mark would end an attribute, a line break the line.
    private static func isPlain(_ text: String) -> Bool {
        !text.unicodeScalars.contains { $0.value < 0x20 || $0 == "\"" || $0.value == 0x7F }
    }
}
