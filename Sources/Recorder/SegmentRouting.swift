// The router's cuts: pictures cut at key frames, everything else follows by its time; what may belong to the
// next file waits a moment, and a file stays open until every track has passed its end.
import Model

extension SegmentRouter {
    /// Bounds of what waits for the pictures, and of a file that waits for a track.
    private static let heldBytesLimit = 8 << 20
    private static let heldLimitLive = Span.milliseconds(400)
    private static let heldLimit = Span.seconds(5)
    private static let passLimit = (host: Span.seconds(3), media: Span.seconds(10))
    private static let gopLimit = Span.seconds(30)
    private static let openLimit = 6

    /// The track that cuts: the first picture, else the first sound, of those in the newest file.
    var primary: Int? {
        // Asked for with every packet: no lists.
        var picture: Int?
        var any: Int?
        for (id, line) in lines where line.segment != nil && !line.isGone {
            any = min(any ?? id, id)
            if line.track.kind == .video { picture = min(picture ?? id, id) }
        }
        return picture ?? any
    }

    mutating func route(_ packet: Packet, _ time: MediaTime, now: HostTime) {
        guard let line = lines[packet.track], let newest = segments.last else { return }
        if line.segment == nil || line.mustMove {
            moveIn(packet, line)
            return
        }
        advance(packet.track, packet, time)
        let isInNewest = lines[packet.track]?.segment == newest.number
        guard packet.track == primary else {
            // The clock's moment is that of arrival, and sound may arrive before the pictures it belongs to.
            let margin = settings.isLive ? Self.heldLimitLive : .zero
            if isInNewest && isDue(packet, time, margin: margin)
                || held.contains(where: { $0.track == packet.track })
            {
                held.append(packet)
                heldBytes += packet.data.count
            } else {
                write(packet)
            }
            return
        }
        let mayCut = isInNewest && (packet.isKeyframe || packet.kind == .audio)
        if mayCut, isDue(packet, time) {
            cut(at: packet)
        } else {
            // No cut comes before the next picture in decoding order.
            releaseHeld(before: packet.orderTime ?? time)
        }
        write(packet)
    }

    private mutating func write(_ packet: Packet) {
        guard let number = lines[packet.track]?.segment else { return }
        actions.append(.write(number: number, packet))
        if number == segments.last?.number { noteNewest(packet) }
    }

    private mutating func cut(at packet: Packet) {
        cutIsDue = false
        let origin = packet.orderTime ?? segments.last?.start ?? .zero
        let number = begin(
            at: packet, origin: origin, generation: segments.last?.generation ?? generation)
        lines[packet.track]?.segment = number
        releaseHeld(before: nil)
    }

    /// A track that is not in the file, or cannot stay in it: a new one begins with it.
    private mutating func moveIn(_ packet: Packet, _ line: RouterLine) {
        let isPicture = line.track.kind == .video
        releaseHeld(before: nil)
        cutIsDue = false
        // Pictures that join later may be decoded, not shown, before the sound that made the cut.
        let slack = isPicture ? Span.zero : .seconds(2)
        let origin = (packet.orderTime ?? .zero) - slack
        lines[packet.track]?.mustMove = false
        let number = begin(at: packet, origin: origin, generation: line.generation)
        if !isPicture, segments.count > 1 { segments[segments.count - 2].isEarlyForPictures = true }
        lines[packet.track]?.segment = number
        write(packet)
    }

    /// Takes the track to the file that the packet belongs to.
    private mutating func advance(_ track: Int, _ packet: Packet, _ time: MediaTime) {
        // As a rule it is in the newest.
        if let newest = segments.last?.number, lines[track]?.segment == newest { return }
        while let line = lines[track], let index = segments.firstIndex(where: { $0.number == line.segment }),
            let end = segments[index].end, index + 1 < segments.count
        {
            let next = segments[index + 1]
            let isPast =
                next.generation == segments[index].generation ? time >= end : line.generation >= next.generation
            guard isPast, packet.kind != .video || packet.isKeyframe else { return }
            lines[track]?.segment = next.number
        }
        // Its file was closed before it: the oldest that is left.
        if let line = lines[track], !segments.contains(where: { $0.number == line.segment }) {
            lines[track]?.segment = segments.first?.number
        }
    }

    // MARK: What waits

    /// Writes what was held, each packet where it belongs.
    /// - Parameter limit: Only what is before this time; nil: everything.
    mutating func releaseHeld(before limit: MediaTime?) {
        guard !held.isEmpty else { return }
        var rest: [Packet] = []
        var stopped: Set<Int> = []
        for packet in held {
            let time = packet.pts ?? packet.dts ?? .zero
            if let limit, time >= limit || stopped.contains(packet.track) {
                // A track keeps its order.
                stopped.insert(packet.track)
                rest.append(packet)
                continue
            }
            advance(packet.track, packet, time)
            write(packet)
        }
        held = rest
        heldBytes = rest.reduce(0) { $0 + $1.data.count }
    }

    mutating func releaseOverdue(now: HostTime) {
        guard let first = held.first, let last = held.last else { return }
        if heldBytes > Self.heldBytesLimit { return releaseHeld(before: nil) }
        if settings.isLive {
            guard now - first.arrival > Self.heldLimitLive else { return }
            let split = held.firstIndex { now - $0.arrival <= Self.heldLimitLive } ?? held.count
            let fresh = Array(held[split...])
            held = Array(held[..<split])
            releaseHeld(before: nil)
            held = fresh
            heldBytes = fresh.reduce(0) { $0 + $1.data.count }
        } else if let a = first.orderTime, let b = last.orderTime, b - a > Self.heldLimit {
            releaseHeld(before: nil)
        }
    }

    /// Closes the files that no track is in any more, or that have waited long enough.
    mutating func closePassed() {
        while segments.count > 1, let oldest = segments.first, let newest = segments.last {
            let members = lines.values.filter { $0.segment == oldest.number }
            if !members.isEmpty {
                let host = oldest.isEarlyForPictures ? Self.gopLimit : Self.passLimit.host
                let media = oldest.isEarlyForPictures ? Self.gopLimit : Self.passLimit.media
                let hasWaited =
                    oldest.cutAt.map { settings.isLive && watched - $0 > host } ?? false
                    || newest.newest - newest.start > media || segments.count > Self.openLimit
                guard hasWaited else { return }
                for line in members {
                    lines[line.track.id]?.segment = segments[1].number
                    // In the next file it cannot be decoded without one.
                    if line.track.kind == .video { lines[line.track.id]?.needsKey = true }
                }
            }
            segments.removeFirst()
            actions.append(.close(number: oldest.number))
        }
    }
}
