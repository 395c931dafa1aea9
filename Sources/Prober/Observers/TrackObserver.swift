// All that is observed of one track: hands each packet to the observers that it concerns.
import Model
import Wire

struct TrackObserver: Sendable {
    private(set) var track: Track
    private(set) var timeline: TimelineObserver
    private(set) var gop = GOPObserver()
    private(set) var rate: RateObserver
    private(set) var reorder = ReorderObserver()
    private(set) var arrival: ArrivalObserver
    private(set) var packets = 0
    /// Packets whose NAL units do not fit into them.
    private(set) var damaged = 0
    private(set) var firstArrival: HostTime?
    private(set) var lastArrival: HostTime?
    /// What the bitstream itself declares: containers and FFmpeg only guess at some of it.
    private(set) var declared: VideoParameters?
    /// Where the marks come from.
    private(set) var markSource: CaptureMark.Source?
    private let measuresArrival: Bool

    /// - Parameters:
    ///   - isLive: Comes at its own pace.
    ///   - measuresArrival: Arrival says something: not for files.
    ///   - isSegmented: Packets arrive by the segment.
    init(_ track: Track, isLive: Bool, measuresArrival: Bool, isSegmented: Bool = false) {
        arrival = ArrivalObserver(isSegmented: isSegmented)
        self.track = track
        self.measuresArrival = measuresArrival
        timeline = TimelineObserver(isLive: isLive)
        rate = RateObserver(isVideo: track.kind == .video)
    }

    mutating func update(_ track: Track) {
        if track.configuration != self.track.configuration { declared = nil }
        self.track = track
    }

    /// - Parameters:
    ///   - toWall: What turns the host's clock into the wall clock.
    ///   - programDate: Wall time of a media time, where the playlist says it.
    /// - Returns: How its stamp follows the one before; nil without a stamp.
    mutating func add(_ packet: Packet, toWall: Span, programDate: (MediaTime) -> WallTime?) -> TimelineObserver
        .Step?
    {
        packets += 1
        firstArrival = firstArrival ?? packet.arrival
        lastArrival = packet.arrival
        let mark = readMark(packet)
        let step = timeline.add(packet)
        switch step {
        case .jump, .rollback: restartMeasures()
        case .gap:
            // Missing media are no GOP and no rate; their arrival is in time.
            gop.restart()
            rate.restart()
        default: break
        }
        guard let time = timeline.last else { return step }
        rate.add(bytes: packet.data.count, at: time, isKeyframe: packet.isKeyframe)
        if packet.kind == .video {
            gop.add(time, isKeyframe: packet.isKeyframe)
            reorder.add(packet)
        }
        guard measuresArrival else { return step }
        let wall = WallTime(nanoseconds: packet.arrival.nanoseconds &+ toWall.nanoseconds)
        arrival.add(
            arrival: packet.arrival, media: time,
            delays: .init(
                mark: mark.map { wall - $0.time },
                programDate: packet.pts.flatMap(programDate).map { wall - $0 }))
        return step
    }

    /// A break that the source has announced.
    mutating func restart() {
        timeline.restart()
        restartMeasures()
    }

    mutating func finish() { arrival.finish() }

    private mutating func restartMeasures() {
        gop.restart()
        rate.restart()
        reorder.restart()
        arrival.restart()
    }

    private mutating func readMark(_ packet: Packet) -> CaptureMark? {
        guard packet.kind == .video, track.codec == .h264 || track.codec == .hevc else { return nil }
        let framing = NALUnits.Framing(configuration: track.configuration, codec: track.codec)
        let access = NALUnits(packet.data, framing)
        if declared == nil, packet.isKeyframe { declared = Self.declaration(in: access, track) }
        if Self.isDamaged(access) { damaged += 1 }
        let mark = CaptureMark.find(in: access, track.codec, isKeyframe: packet.isKeyframe)
        markSource = mark?.source ?? markSource
        return mark
    }

    /// The sequence parameter set in front of a key frame, else the one of the track's header.
    private static func declaration(in access: NALUnits, _ track: Track) -> VideoParameters? {
        let inBand = access.parameterSets(track.codec).sps.first
        if track.codec == .hevc {
            let unit = inBand ?? (try? HEVCConfiguration(parsing: track.configuration))?.sps.first
            return unit.flatMap { try? HEVCSPS(unit: $0) }?.parameters
        }
        let unit = inBand ?? (try? AVCConfiguration(parsing: track.configuration))?.sps.first
        return unit.flatMap { try? H264SPS(unit: $0) }?.parameters
    }

    private static func isDamaged(_ access: NALUnits) -> Bool {
        var units = access.makeIterator()
        var count = 0
        while units.next() != nil { count += 1 }
        return units.isDamaged || count == 0
    }
}

/// The wall clock of a picture's capture, as the stream tells it.
struct CaptureMark: Sendable, Equatable {
    enum Source: String, Sendable {
        /// MISB ST 0604.
        case precisionTimeStamp = "misb_st_0604"
        /// OBS Studio, at key frames only, to the millisecond.
        case broadcastMetrics = "obs_broadcast_metrics"

        var resolution: Span { self == .precisionTimeStamp ? .microseconds(1) : .milliseconds(1) }
    }
    var time: WallTime
    var source: Source

    static func find(in access: NALUnits, _ codec: Codec, isKeyframe: Bool) -> CaptureMark? {
        if let mark = PrecisionTimeStamp.find(in: access, codec) {
            return CaptureMark(time: mark.time, source: .precisionTimeStamp)
        }
        guard isKeyframe, let time = BroadcastMetrics.find(in: access, codec)?.capture else { return nil }
        return CaptureMark(time: time, source: .broadcastMetrics)
    }
}
