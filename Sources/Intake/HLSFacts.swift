// What playlists and their answers say about a stream, for whoever judges it. Pure but for the wall clock that
// the age of the edge is told by.
import Model
import Net
import Wire

/// Keeps what one source has told already.
struct HLSFacts {
    /// When the attempt began; nil once the server has answered.
    var began: HostTime?
    private var newest: Int?
    private var hasLoaded = false

    init() {}

    mutating func reached(_ body: HTTPBody) -> SourceFact? {
        guard let since = began, let time = body.connected else { return nil }
        began = nil
        return .reached(at: time, since: since)
    }

    mutating func loaded(_ playlist: MediaPlaylist, at now: WallTime) -> SourceFact {
        let last = playlist.segments.last
        defer { (newest, hasLoaded) = (last?.sequence, true) }
        return .playlist(
            PlaylistFacts(
                targetDuration: playlist.targetDuration, segmentDurations: playlist.segments.map(\.duration),
                discontinuities: playlist.segments.count(where: \.isDiscontinuity), isEnded: playlist.isEnded,
                edgeAge: last.flatMap { last in last.programDateTime.map { now - ($0 + last.duration) } },
                isNew: !hasLoaded || newest != last?.sequence))
    }
}

extension VariantFacts {
    init(_ variant: MasterPlaylist.Variant) {
        self.init(
            bandwidth: variant.bandwidth > 0 ? variant.bandwidth : nil, width: variant.width,
            height: variant.height, codecs: variant.codecs.isEmpty ? nil : variant.codecs.joined(separator: ","))
    }
}
