// Which of a source's tracks are played: the first of each kind, or the one that was asked for.
import Model

struct TrackSelection {
    private let settings: PlaySettings
    private var video: Track?
    private var audio: Track?

    init(_ settings: PlaySettings) { self.settings = settings }

    /// Tracks that are to be played and are new or have changed.
    mutating func update(_ tracks: [Track]) -> [Track] {
        var changed: [Track] = []
        if settings.showsVideo {
            // A cover picture is shown beside its sound when there is nothing else to see; alone it is no media.
            let hasSound = tracks.contains { $0.kind == .audio }
            let videos = tracks.filter { $0.kind == .video && (!$0.isAttachedPicture || hasSound) }
            let moving = videos.filter { !$0.isAttachedPicture }
            if let chosen = pick(settings.options.videoTrack, of: moving.isEmpty ? videos : moving),
                differs(chosen, video)
            {
                video = chosen
                changed.append(chosen)
            }
        }
        if settings.playsAudio,
            let chosen = pick(settings.options.audioTrack, of: tracks.filter { $0.kind == .audio }),
            differs(chosen, audio)
        {
            audio = chosen
            changed.append(chosen)
        }
        return changed
    }

    /// What is played, as far as it is known.
    var tracks: [Track] { [video, audio].compactMap(\.self) }

    func wants(_ id: Int) -> Bool { id == video?.id || id == audio?.id }

    private func pick(_ index: Int?, of tracks: [Track]) -> Track? {
        guard let index else { return tracks.first }
        return tracks.indices.contains(index) ? tracks[index] : nil
    }

    private func differs(_ new: Track, _ old: Track?) -> Bool {
        guard let old else { return true }
        return new.id != old.id || new.codec != old.codec || new.configuration != old.configuration
    }
}

extension Track {
    /// "h264 1280x720 25 fps", for the log.
    var summary: String {
        var words = [codec.rawValue]
        if let video {
            words.append("\(video.width)x\(video.height)")
            if let rate = video.frameRate?.positiveValue { words.append("\((rate * 100).rounded() / 100) fps") }
        }
        if let audio { words.append("\(audio.sampleRate) Hz \(audio.channels) ch") }
        return words.joined(separator: " ")
    }
}
