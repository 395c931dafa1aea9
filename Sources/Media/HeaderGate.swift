// Holds packets back until every track has the decoder configuration that a container's header needs. Tracks
// from a transport stream bring theirs inside their packets.
import Model
import Wire

struct HeaderGate {
    private(set) var tracks: [Track]
    private(set) var waiting: [Packet] = []
    private var waitingBytes = 0
    private let needsConfiguration: Bool

    /// Bounds of what is held: a track that tells nothing for so long is left out.
    private static let patience = Span.seconds(5)
    private static let greatestSize = 32 << 20

    init(_ tracks: [Track], needsConfiguration: Bool) {
        self.tracks = tracks
        self.needsConfiguration = needsConfiguration
    }

    /// Everything is known: the header can be written.
    var isOpen: Bool { tracks.allSatisfy(isComplete) }

    private func isComplete(_ track: Track) -> Bool {
        guard needsConfiguration else { return true }
        switch track.kind {
        case .video:
            guard let video = track.video, video.width > 0, video.height > 0 else { return false }
            return track.codec != .h264 && track.codec != .hevc || !track.configuration.isEmpty
        case .audio:
            guard let audio = track.audio, audio.sampleRate > 0, audio.channels > 0 else { return false }
            return track.codec != .aac || !track.configuration.isEmpty
        case .data: return true
        }
    }

    /// Learns from `packet` and keeps it. Returns true once the header can be written.
    mutating func admit(_ packet: Packet) -> Bool {
        if let index = tracks.firstIndex(where: { $0.id == packet.track }), !isComplete(tracks[index]) {
            learn(packet, at: index)
        }
        waiting.append(packet)
        waitingBytes += packet.data.count
        if isOpen { return true }
        guard isExhausted else { return false }
        giveUpWaiting()
        return !tracks.isEmpty
    }

    private var isExhausted: Bool {
        if waitingBytes > Self.greatestSize { return true }
        guard let first = waiting.first?.orderTime, let last = waiting.last?.orderTime else { return false }
        return last - first > Self.patience
    }

    /// Leaves out the tracks that have not told enough.
    mutating func giveUpWaiting() { tracks = tracks.filter(isComplete) }

    mutating func takeWaiting() -> [Packet] {
        defer { waiting = [] }
        return waiting
    }

    private mutating func learn(_ packet: Packet, at index: Int) {
        var track = tracks[index]
        defer { tracks[index] = track }
        switch track.codec {
        case .h264:
            let sets = NALUnits(packet.data, .annexB).parameterSets(.h264)
            guard let unit = sets.sps.first, !sets.pps.isEmpty else { return }
            // Annex B as it came: the configuration also tells the packets' form.
            if track.configuration.isEmpty { track.configuration = Self.annexB(sets.sps + sets.pps) }
            if let parsed = try? H264SPS(unit: unit) { track.video = parsed.parameters }
        case .hevc:
            let sets = NALUnits(packet.data, .annexB).parameterSets(.hevc)
            guard let unit = sets.sps.first, !sets.pps.isEmpty, !sets.vps.isEmpty else { return }
            if track.configuration.isEmpty { track.configuration = Self.annexB(sets.vps + sets.sps + sets.pps) }
            if let parsed = try? HEVCSPS(unit: unit) { track.video = parsed.parameters }
        case .aac:
            guard let made = try? ADTSHeader(packet.data)?.configuration() else { return }
            track.configuration = (try? made.serialised()) ?? []
            track.audio = made.parameters
        default: return
        }
    }

    private static func annexB(_ units: [[UInt8]]) -> [UInt8] {
        units.flatMap { [0, 0, 0, 1] + $0 }
    }
}
