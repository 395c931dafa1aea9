// One compressed unit on its way through the floors, and the protocol by which a floor hands it on.

/// One coded picture or a run of coded audio samples.
public struct Packet: Sendable {
    /// `Track.id` of the track it belongs to.
    public var track: Int
    public var kind: TrackKind
    /// Presentation time; nil where the source does not say.
    public var pts: MediaTime?
    /// Decoding time; nil where the source does not say.
    public var dts: MediaTime?
    public var duration: Span?
    public var isKeyframe: Bool
    /// H.264 and HEVC: in the form that the track's configuration announces.
    public var data: [UInt8]
    /// When its last byte reached this process.
    public var arrival: HostTime
    /// Generation of the timeline: bumped by every seek, skip and reconnect; older packets are thrown away.
    public var epoch: Int

    public init(
        track: Int, kind: TrackKind, pts: MediaTime?, dts: MediaTime?, duration: Span? = nil,
        isKeyframe: Bool, data: [UInt8], arrival: HostTime, epoch: Int = 0
    ) {
        self.track = track
        self.kind = kind
        self.pts = pts
        self.dts = dts
        self.duration = duration
        self.isKeyframe = isKeyframe
        self.data = data
        self.arrival = arrival
        self.epoch = epoch
    }

    /// The time that orders packets: dts, else pts.
    public var orderTime: MediaTime? { dts ?? pts }
}

/// Takes packets in order and keeps or sends them. The recorder and every publishing target are sinks.
/// Called from one thread; may block, bounded by its own deadline.
public protocol PacketSink: AnyObject {
    /// Announces the tracks; called again when they change (late track, new parameters).
    func begin(tracks: [Track]) throws(SluiceError)
    func write(_ packet: Packet) throws(SluiceError)
    /// Ends cleanly: unpublish, write trailers, flush. Called once; nothing may follow.
    func finish() throws(SluiceError)
}
