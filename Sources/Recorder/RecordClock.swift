// What time it was when a packet came. Files are not recorded as they come: for them the time of the start moves
// on with the media, so that the names of their pieces follow each other.
import Model

/// Used by one thread.
final class RecordClock {
    private let isLive: Bool
    private let given: (@Sendable (Packet) -> WallTime)?
    private var anchor: (media: MediaTime, wall: WallTime)?
    private var newest: MediaTime?

    init(isLive: Bool, wall: (@Sendable (Packet) -> WallTime)?) {
        self.isLive = isLive
        given = wall
    }

    /// Waiting is measured against arrival, also where a test makes days pass in a moment.
    func now(_ packet: Packet) -> HostTime { given == nil ? .now() : packet.arrival }

    func note(_ packet: Packet) {
        guard !isLive, given == nil, let time = packet.orderTime else { return }
        if let newest, (time - newest).magnitude > .seconds(10), let anchor {
            // Another timeline goes on where this one stopped.
            self.anchor = (time, anchor.wall + (newest - anchor.media))
            self.newest = time
        }
        if anchor == nil { anchor = (time, .now()) }
        newest = max(newest ?? time, time)
    }

    func wall(_ packet: Packet) -> WallTime {
        if let given { return given(packet) }
        guard !isLive, let anchor, let time = packet.orderTime else {
            return WallTime.now() - (HostTime.now() - packet.arrival)
        }
        return anchor.wall + (time - anchor.media)
    }
}
