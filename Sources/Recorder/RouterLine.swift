// What the router knows of one track: where it is, how it is coded, whether its clock has jumped. Pure.
import Model
import Wire

struct RouterLine {
    /// As the next file is to know it.
    private(set) var track: Track
    /// The file that its packets go to; nil: none yet.
    var segment: Int?
    var generation = 0
    private(set) var epoch: Int?
    /// Pictures: nothing can be shown before a key frame.
    var needsKey: Bool
    /// Coded anew: the next packet begins a file.
    var mustMove = false
    /// Not announced any more.
    var isGone = false
    private var last: (order: MediaTime, arrival: HostTime)?
    /// Parameter sets, or the fixed part of the ADTS header, as they were last.
    private var inBand: [UInt8] = []

    init(_ track: Track) {
        self.track = track
        needsKey = track.kind == .video
    }

    // MARK: How it is coded

    /// Takes over what is announced. True where what was known before is known otherwise now.
    mutating func adopt(_ fresh: Track) -> Bool {
        let old = track
        track = fresh
        if old.codec != fresh.codec { return true }
        if !old.configuration.isEmpty, !fresh.configuration.isEmpty, old.configuration != fresh.configuration {
            return true
        }
        if let a = old.video, let b = fresh.video, a.width > 0, b.width > 0,
            (a.width, a.height) != (b.width, b.height)
        {
            return true
        }
        if let a = old.audio, let b = fresh.audio, a.sampleRate > 0, b.sampleRate > 0, a.channels > 0,
            b.channels > 0, (a.sampleRate, a.channels) != (b.sampleRate, b.channels)
        {
            return true
        }
        return false
    }

    /// Transport streams tell their parameters inside the packets. True where they are others than before; the
    /// muxer then reads them from the packets of the new file.
    mutating func noteParameters(in packet: Packet) -> Bool {
        guard let found = Self.parameters(in: packet, of: track), !found.isEmpty else { return false }
        defer { inBand = found }
        guard !inBand.isEmpty, inBand != found else { return false }
        track.configuration = []
        track.video = nil
        track.audio = nil
        track.native = nil
        return true
    }

    private static func parameters(in packet: Packet, of track: Track) -> [UInt8]? {
        switch track.codec {
        case .h264, .hevc:
            guard packet.isKeyframe, track.configuration.first != 1 else { return nil }
            return NALUnits(packet.data, .annexB).parameterSets(track.codec).sps.first
        case .aac:
            // ISO 13818-7, 6.2: profile, sampling frequency and channels of adts_fixed_header.
            guard packet.data.count > 7, packet.data[0] == 0xFF, packet.data[1] & 0xF6 == 0xF0 else { return nil }
            return [packet.data[2] & 0xFD, packet.data[3] & 0xC0]
        default: return nil
        }
    }

    // MARK: Its clock

    mutating func begin(epoch: Int, generation: Int) {
        self.epoch = epoch
        self.generation = generation
        last = nil
        needsKey = track.kind == .video
    }

    /// Belongs to no file any more.
    mutating func leave() {
        segment = nil
        last = nil
        mustMove = false
        needsKey = track.kind == .video
    }

    mutating func note(_ packet: Packet) {
        if let order = packet.orderTime { last = (order, packet.arrival) }
    }

    /// The stamps do not go on where they were: set back, or ahead without the time having passed.
    func jumps(to packet: Packet) -> Bool {
        guard let last, let order = packet.orderTime else { return false }
        let step = order - last.order
        // Without dts, pictures come out of order by as much as their decoder can hold.
        if step < (packet.dts == nil ? -.seconds(2) : -.seconds(1)) { return true }
        return step > .seconds(10) && step > packet.arrival - last.arrival + .seconds(10)
    }
}

/// The packets of a timeline that has no file yet.
struct Gathering {
    let generation: Int
    let since: HostTime
    private(set) var packets: [Packet] = []
    private var bytes = 0

    init(generation: Int, since: HostTime) {
        self.generation = generation
        self.since = since
    }

    mutating func add(_ packet: Packet) {
        packets.append(packet)
        bytes += packet.data.count
    }

    /// The least time of any packet.
    var origin: MediaTime? { packets.compactMap { min($0.dts ?? $0.pts, $0.pts ?? $0.dts) }.min() }

    /// A stream that has announced one kind only may still announce the other.
    private static let courtesy = Span.seconds(1)
    /// For a track that is announced but silent, or whose key frame is yet to come.
    private static let patience = Span.seconds(3)

    func isReady(_ lines: [Int: RouterLine], isLive: Bool, now: HostTime) -> Bool {
        guard let first = packets.first?.orderTime, let last = packets.last?.orderTime else { return false }
        let waited = max(now - since, last - first)
        if waited >= Self.patience || bytes > 16 << 20 { return true }
        let running = lines.values.filter { !$0.isGone }
        let isComplete = running.allSatisfy { line in packets.contains { $0.track == line.track.id } }
        let hasBoth = Set(running.map(\.track.kind)).isSuperset(of: [.video, .audio])
        return isComplete && (hasBoth || !isLive || waited >= Self.courtesy)
    }

    private func min(_ a: MediaTime?, _ b: MediaTime?) -> MediaTime? {
        guard let a, let b else { return a ?? b }
        return Swift.min(a, b)
    }
}
