// Packets → HLS segments of a few fragments each. A segment's sound ends where its pictures do, so it waits a moment for
// sound that comes later than the picture it belongs to. Every packet is in exactly one segment.
import Media
import Model
import NIOCore

struct SegmentAssembler: PacketAssembler {
    /// The first packet of the next segment has come.
    private struct Boundary {
        var time: MediaTime
        /// Where the segment's pictures end: here, or before a hole.
        var end: MediaTime
        /// Pictures that belong to the segment.
        var pictures: Int
    }

    /// Sound that is further behind its pictures goes to the next segment.
    private static let soundWait = Span.milliseconds(300)
    private static let fragmentLength = Span.milliseconds(200)
    private static let greatestSize = 64 << 20
    /// What the clocks of publisher and origin may differ before dates are corrected.
    private static let dateTolerance = Span.milliseconds(50)

    private var policy = SegmentCutPolicy()
    private var muxer: FragmentMuxer?
    private var fragments = FragmentPolicy(reorderDepth: nil)
    private var hasPictures = false
    private var hasBegun = false
    private var isDiscontinuity = false

    private var pictures: [Packet] = []
    private var sounds: [Packet] = []
    private var size = 0
    private var start: MediaTime?
    private var boundary: Boundary?
    /// Presentation of the epoch's first picture behind its decoding.
    private var offset = Span.zero
    /// Arrival − time of the packet that came soonest, of this segment; and that which dates are told by.
    private var soonest: Span?
    private var anchor: Span?

    init() {}

    mutating func begin(_ tracks: [Track]) throws(SluiceError) -> [PackagerOutput] {
        let earlier = try close(at: nil)
        let fresh = try FragmentMuxer(tracks: tracks, separatesTracks: false)
        muxer = fresh
        policy.begin()
        let video = tracks.first { $0.kind == .video }
        hasPictures = video != nil
        fragments = FragmentPolicy(reorderDepth: video?.video?.reorderDepth)
        isDiscontinuity = hasBegun
        hasBegun = true
        (start, boundary, anchor, offset) = (nil, nil, nil, .zero)
        let initialization = MediaInitialization(
            bytes: fresh.initialization, contentType: CodecNames.contentType(tracks))
        return earlier + [.initialization(initialization)]
    }

    mutating func add(_ packet: Packet) throws(SluiceError) -> [PackagerOutput] {
        guard let time = packet.orderTime else { return [] }
        let lead = packet.arrival.nanoseconds - time.nanoseconds
        soonest = min(soonest ?? Span(nanoseconds: lead), Span(nanoseconds: lead))
        size += packet.data.count
        return packet.kind == .video ? try addPicture(packet, time) : try addSound(packet, time)
    }

    mutating func finish() throws(SluiceError) -> [PackagerOutput] { try close(at: nil) }

    // MARK: - Packets

    private mutating func addPicture(_ packet: Packet, _ time: MediaTime) throws(SluiceError) -> [PackagerOutput] {
        var made: [PackagerOutput] = []
        if start == nil {
            start = time
            offset = (packet.pts ?? time) - time
        }
        let from = boundary?.time ?? start ?? time
        let cut = policy.cut(at: time, isKeyframe: packet.isKeyframe, start: from, hasPictures: true)
        let usual = pictures.last?.duration
        if let index = pictures.indices.last, let before = pictures[index].orderTime, cut != .hole {
            pictures[index].duration = time - before
        }
        if cut != .none, !pictures.isEmpty {
            if boundary != nil { made += try close(at: boundary) }
            let last = pictures.last?.orderTime ?? time
            let end = cut == .hole ? last + (usual ?? .milliseconds(40)) : time
            boundary = Boundary(time: time, end: end, pictures: pictures.count)
        }
        var packet = packet
        packet.duration = usual
        pictures.append(packet)
        if let boundary, !isAwaitingSound(boundary) || time - boundary.time > Self.soundWait || isTooLarge {
            made += try close(at: boundary)
        }
        return made
    }

    private var isTooLarge: Bool { size > Self.greatestSize }

    /// Sound may still come that belongs in front of the boundary.
    private func isAwaitingSound(_ boundary: Boundary) -> Bool {
        guard let last = sounds.last?.pts else { return false }
        return last < boundary.time + offset
    }

    private mutating func addSound(_ packet: Packet, _ time: MediaTime) throws(SluiceError) -> [PackagerOutput] {
        if !hasPictures {
            if start == nil { start = time }
            let cut = policy.cut(at: time, isKeyframe: true, start: start ?? time, hasPictures: false)
            let made =
                cut == .none ? [] : try close(at: Boundary(time: time, end: time, pictures: 0))
            sounds.append(packet)
            return made
        }
        sounds.append(packet)
        guard let boundary, !isAwaitingSound(boundary) else { return [] }
        return try close(at: boundary)
    }

    // MARK: - Segments

    /// - Parameter end: nil: everything that is there ends here.
    private mutating func close(at end: Boundary?) throws(SluiceError) -> [PackagerOutput] {
        guard let muxer, let from = start, !pictures.isEmpty || !sounds.isEmpty else { return [] }
        let count = min(end?.pictures ?? pictures.count, pictures.count)
        let soundEnd = end.map { $0.time + (hasPictures ? offset : .zero) }
        let mine = sounds.filter { sound in soundEnd.map { (sound.pts ?? $0) < $0 } ?? true }
        let isIndependent = !hasPictures || pictures.first?.isKeyframe == true
        let bytes = try Self.mux(Array(pictures.prefix(count)), mine, muxer, fragments)
        let finish = end?.end ?? lastEnd ?? from
        pictures.removeFirst(count)
        sounds.removeAll { sound in soundEnd.map { (sound.pts ?? $0) < $0 } ?? true }
        size = (pictures + sounds).reduce(0) { $0 + $1.data.count }
        defer {
            (start, boundary, soonest, isDiscontinuity) = (end?.time, nil, nil, false)
        }
        guard bytes.readableBytes > 0 else { return [] }
        let duration = max(finish - from, .milliseconds(1))
        policy.ended(duration, hasPictures: hasPictures)
        return [
            .segment(
                MediaSegment(
                    bytes: bytes, duration: duration, start: date(of: from + offset),
                    isDiscontinuity: isDiscontinuity, isIndependent: isIndependent,
                    targetDuration: policy.target.seconds))
        ]
    }

    /// Sound and pictures of the same time stand close to each other, so that a player can begin with the first of it.
    private static func mux(
        _ pictures: [Packet], _ sounds: [Packet], _ muxer: FragmentMuxer, _ policy: FragmentPolicy
    ) throws(SluiceError) -> ByteBuffer {
        var policy = policy
        var bytes = ByteBuffer()
        var begun: MediaTime?
        var (picture, sound) = (pictures.startIndex, sounds.startIndex)
        while picture < pictures.endIndex || sound < sounds.endIndex {
            let isPicture =
                sound == sounds.endIndex
                || picture < pictures.endIndex
                    && pictures[picture].orderTime ?? .zero <= sounds[sound].orderTime ?? .zero
            let packet = isPicture ? pictures[picture] : sounds[sound]
            if isPicture { picture += 1 } else { sound += 1 }
            let time = packet.orderTime ?? .zero
            if isPicture, policy.endsBefore(packet) { policy.end() }
            if let start = begun, time - start >= fragmentLength, !policy.isOpen {
                bytes.writeImmutableBuffer(try muxer.takeFragment())
                begun = time
            }
            if begun == nil { begun = time }
            try muxer.write(packet)
            if isPicture { _ = policy.endsAfter(packet) }
        }
        bytes.writeImmutableBuffer(try muxer.takeFragment())
        return bytes
    }

    /// Where the last of what is there ends.
    private var lastEnd: MediaTime? {
        let last = hasPictures ? pictures.last : sounds.last
        return last.flatMap { packet in
            packet.orderTime.map { $0 + (packet.duration ?? .milliseconds(40)) }
        }
    }

    /// When that moment of the stream came in. Of all packets the one that came soonest tells it: what a publisher
    /// or a cache sends in a burst is late, never early.
    private mutating func date(of time: MediaTime) -> WallTime {
        let told = soonest ?? anchor ?? .zero
        if anchor.map({ ($0 - told).magnitude > Self.dateTolerance }) ?? true { anchor = told }
        let host = time.nanoseconds + (anchor ?? told).nanoseconds
        return WallTime.now() + Span(nanoseconds: host - HostTime.now().nanoseconds)
    }
}
