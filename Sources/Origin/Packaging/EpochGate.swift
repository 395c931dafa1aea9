// What stays the same within one initialisation: which tracks there are, their parameters, an unbroken clock. When
// that changes a new epoch begins, with a key frame where there are pictures. Pure; makes no bytes.
import Model

/// Between the packets of a stream and whoever must know its tracks before the first of them.
struct EpochGate {
    enum Output {
        /// What follows belongs to a new epoch with these tracks, each of which has brought a packet.
        case begin([Track])
        case packet(Packet)
    }

    /// How long an epoch waits for a track that has brought nothing yet: longer than publishers take for their
    /// second header, and not to be noticed as a delay.
    static let patience = Span.milliseconds(500)
    /// For so long sound that comes first waits for the first picture: another publisher's GOP may have to end.
    static let soundPatience = Span.seconds(2)
    /// A track that brings nothing for so long is gone: declared, it would freeze players. Pictures may be rare.
    static let soundSilence = Span.seconds(2)
    static let pictureSilence = Span.seconds(5)
    /// Times that go back by more, or leave out more, are those of another clock.
    static let stepBack = Span.milliseconds(500)
    static let leap = Span.seconds(10)
    static let heldBytes = 32 << 20

    /// What the stream says it has.
    private var known: [TrackKind: Track] = [:]
    /// Said to be there, but nothing comes.
    private var absent: Set<TrackKind> = []
    /// The tracks of the epoch; empty while none is open.
    private var declared: [TrackKind: Track] = [:]
    private var last: [TrackKind: MediaTime] = [:]
    /// How far the other track has gone on since the last packet of this one.
    private var alone: [TrackKind: Span] = [:]
    /// The next packet that can begin an epoch does.
    private var isDue = false
    private var held: [Packet] = []
    private var heldSize = 0
    /// Packets that fitted into no epoch, since the start.
    private(set) var dropped = 0

    init() {}

    /// Takes the stream's list of tracks, whenever it changes; without those that cannot be used.
    mutating func take(_ tracks: [Track]) {
        known = [:]
        for track in tracks where known[track.kind] == nil { known[track.kind] = track }
        absent.formIntersection(known.keys)
        if declared.isEmpty {
            // What is held was coded with other parameters.
            if held.contains(where: { $0.kind == .video }) { dropHeld() }
        } else if declared.contains(where: { !Self.isSame($1, known[$0]) }) {
            isDue = true
        }
    }

    /// Packets were lost in front of what follows.
    mutating func gap() {
        if declared.isEmpty { dropHeld() } else { isDue = true }
    }

    mutating func take(_ packet: Packet) -> [Output] {
        guard let track = known[packet.kind], let time = packet.orderTime else { return drop() }
        absent.remove(packet.kind)
        guard !declared.isEmpty else { return hold(packet, time) }
        let isContinuous = last[packet.kind].map { time >= $0 - Self.stepBack && time <= $0 + Self.leap } ?? true
        if !isContinuous || declared[packet.kind] == nil { isDue = true }
        if isContinuous { noteProgress(of: packet.kind, to: time) }
        // Pictures begin at a key frame; so does sound where there are pictures.
        let canBegin = packet.kind == .video ? packet.isKeyframe : expected == [.audio]
        if isDue, canBegin {
            (declared, last, alone, isDue) = ([:], [:], [:], false)
            return hold(packet, time)
        }
        // What the epoch cannot carry is lost until the next one begins.
        guard isContinuous, Self.isSame(track, declared[packet.kind]) else { return drop() }
        last[packet.kind] = time
        return [.packet(packet)]
    }

    /// The stream is over: what is held goes out as it is.
    mutating func finish() -> [Output] { declared.isEmpty && !held.isEmpty ? open() : [] }

    /// The tracks that an epoch is to have.
    private var expected: Set<TrackKind> { Set(known.keys).subtracting(absent) }

    /// A hole in both tracks makes neither of them silent.
    private mutating func noteProgress(of kind: TrackKind, to time: MediaTime) {
        let other: TrackKind = kind == .video ? .audio : .video
        alone[kind] = .zero
        guard declared[other] != nil, let before = last[kind], time > before else { return }
        alone[other, default: .zero] += min(time - before, .seconds(1))
        guard alone[other, default: .zero] > (other == .video ? Self.pictureSilence : Self.soundSilence) else {
            return
        }
        absent.insert(other)
        isDue = true
    }

    // MARK: - Before an epoch

    private mutating func hold(_ packet: Packet, _ time: MediaTime) -> [Output] {
        let hasPicture = held.contains { $0.kind == .video }
        if packet.kind == .video, !hasPicture {
            guard packet.isKeyframe else { return drop() }
            // Sound that is over before the first picture is shown belongs to nothing; nor does that of another clock.
            let start = packet.pts ?? time
            let before = held.count
            held.removeAll {
                ($0.pts ?? start) + .milliseconds(25) < start || ($0.pts ?? start) > start + Self.leap
            }
            dropped += before - held.count
        } else if let first = held.first?.orderTime, (time - first).magnitude > Self.leap {
            return drop()
        }
        held.append(packet)
        heldSize += packet.data.count
        let kinds = Set(held.map(\.kind))
        // One track alone may yet get company: its header comes with its first packet.
        let isComplete = expected.isSubset(of: kinds) && known.count > 1
        let isForPictures = expected.contains(.video) && !kinds.contains(.video)
        let span = time - (held.first?.orderTime ?? time)
        let wait = isForPictures ? Self.soundPatience : Self.patience
        return isComplete || span > wait || heldSize > Self.heldBytes ? open() : []
    }

    private mutating func open() -> [Output] {
        let kinds = Set(held.map(\.kind))
        declared = known.filter { kinds.contains($0.key) }
        absent.formUnion(Set(known.keys).subtracting(kinds))
        let packets = held
        (held, heldSize) = ([], 0)
        for packet in packets { last[packet.kind] = packet.orderTime }
        return [.begin(declared.values.sorted { $0.id < $1.id })] + packets.map { .packet($0) }
    }

    private mutating func drop() -> [Output] {
        dropped += 1
        return []
    }

    private mutating func dropHeld() {
        dropped += held.count
        (held, heldSize) = ([], 0)
    }

    private static func isSame(_ a: Track, _ b: Track?) -> Bool {
        a.codec == b?.codec && a.configuration == b?.configuration
    }
}
