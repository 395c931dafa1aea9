// Which tracks are looked at: all, or of a kind the one that `--video-track` or `--audio-track` names.
import Intake
import Model

struct TrackFilter: Sendable {
    private let numbers: [TrackKind: Int]
    private var left: Set<Int> = []
    /// A track that was asked for is not there, as far as tracks are known.
    private(set) var isMissing = false

    init(_ options: SourceOptions) {
        var numbers: [TrackKind: Int] = [:]
        numbers[.video] = options.videoTrack
        numbers[.audio] = options.audioTrack
        self.numbers = numbers
    }

    /// The event as the observation is to see it; nil: not at all.
    mutating func pass(_ event: SourceEvent) -> SourceEvent? {
        guard !numbers.isEmpty else { return event }
        switch event {
        case .tracks(let tracks):
            isMissing = false
            var kept: [Track] = []
            for (kind, number) in numbers where tracks.filter({ $0.kind == kind }).count <= number {
                isMissing = true
            }
            var counts: [TrackKind: Int] = [:]
            for track in tracks {
                let index = counts[track.kind, default: 0]
                counts[track.kind] = index + 1
                if index == numbers[track.kind, default: index] {
                    kept.append(track)
                } else {
                    left.insert(track.id)
                }
            }
            return .tracks(kept)
        case .packet(let packet) where left.contains(packet.track): return nil
        default: return event
        }
    }
}
