// Passes on what the source delivers to whoever keeps it, beside the playback. Belongs to the feed thread.
import Model

struct PacketTap {
    /// nil once it has failed.
    private var sink: (any PacketSink & Sendable)?
    /// Media after this long are not played and so not kept; nil: all are. Only for input that is read ahead of
    /// what is played: live input ends by the clock.
    private var limit: Span?
    private var start: MediaTime?
    private var epoch = 0

    init(_ settings: PlaySettings) { sink = settings.packetSink }

    /// - Parameter duration: How much is played of an input that can wait.
    mutating func opened(readsAhead duration: Span?) { limit = duration }

    mutating func begin(_ tracks: [Track]) {
        guard let sink else { return }
        do throws(SluiceError) { try sink.begin(tracks: tracks) } catch { self.sink = nil }
    }

    mutating func take(_ packet: Packet) {
        guard let sink, isWithin(packet) else { return }
        do throws(SluiceError) { try sink.write(packet) } catch { self.sink = nil }
    }

    /// A seek begins the count anew, as it does for the playback.
    private mutating func isWithin(_ packet: Packet) -> Bool {
        guard let limit, let time = packet.orderTime else { return true }
        if packet.epoch != epoch { start = nil }
        epoch = packet.epoch
        let first = start ?? time
        start = first
        return time - first < limit
    }
}
