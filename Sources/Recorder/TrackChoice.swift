// Which tracks of a source are recorded: one picture and one sound, as `--video-track` and `--audio-track` say. Pure.
import Model

struct TrackChoice {
    private let options: SourceOptions
    private var chosen: Set<Int> = []

    init(_ options: SourceOptions) { self.options = options }

    mutating func choose(_ tracks: [Track]) -> [Track] {
        let picked = [
            Self.pick(tracks, .video, options.videoTrack), Self.pick(tracks, .audio, options.audioTrack),
        ].compactMap { $0 }
        chosen = Set(picked.map(\.id))
        return picked
    }

    func contains(_ track: Int) -> Bool { chosen.contains(track) }

    private static func pick(_ tracks: [Track], _ kind: TrackKind, _ number: Int?) -> Track? {
        let all = tracks.filter { $0.kind == kind && !$0.isAttachedPicture }
        let wanted = number ?? 0
        return all.indices.contains(wanted) ? all[wanted] : nil
    }
}
