// What is in a closed file: its tracks and its length, by reading it.
import Media
import Model

struct MediaFacts {
    private(set) var duration = Span.zero
    private(set) var tracks: [RecordedTrack] = []
    /// nil: it could not be read.
    private(set) var packets: Int?

    /// Reads headers, and packets where the header tells no length. Blocks.
    init(of path: String) {
        do throws(SluiceError) {
            let demuxer = try Demuxer(.address(try MediaAddress("file://" + path)))
            tracks = demuxer.tracks.filter { $0.kind != .data }.map(RecordedTrack.init)
            packets = 0
            var first: MediaTime?
            var last: MediaTime?
            reading: while true {
                let read = try demuxer.read()
                if case .endOfInput = read { break reading }
                guard case .packet(let packet) = read else { continue }
                packets = (packets ?? 0) + 1
                guard let time = packet.pts ?? packet.dts else { continue }
                first = min(first ?? time, time)
                let end = time + (packet.duration ?? .zero)
                last = max(last ?? end, end)
                if let known = demuxer.duration {
                    duration = known
                    return
                }
            }
            if let first, let last { duration = last - first }
        } catch {
            // A torn tail has been cut off before; what was read counts.
        }
    }
}
