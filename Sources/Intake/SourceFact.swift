// What a source notices about a stream besides its packets: for whoever judges the stream. Readers that only
// want media ignore all of it.
public import Model

/// Delivered in order with the packets, as it is noticed.
public enum SourceFact: Sendable, Equatable {
    /// The server's socket answered; `since`: when this attempt began. Where FFmpeg speaks the protocol: it had
    /// read the header as well, so this is late by as much as that took.
    case reached(at: HostTime, since: HostTime)
    /// The first byte of the stream came: of FLV, of the first segment, of the first RTMP message that belongs to
    /// the stream (when it was complete). Where FFmpeg reads: the first packet.
    case firstByte(at: HostTime)
    /// HTTP-FLV: the flags of the FLV header.
    case headerFlags(hasAudio: Bool, hasVideo: Bool)
    /// onMetaData, as far as it matters.
    case claims(StreamClaims)
    /// Coded pictures or sound came before, or without, the configuration that decodes them.
    case missingSequenceHeader(TrackKind)
    /// A configuration that differs from the one before came.
    case changedSequenceHeader(TrackKind)
    /// A tag or packet that could not be read.
    case damaged(String)
    /// HLS: a playlist was loaded.
    case playlist(PlaylistFacts)
    /// HLS: the variants of the master playlist.
    case variants([VariantFacts])
    /// HLS: EXT-X-PROGRAM-DATE-TIME of a segment, stated or counted on from an earlier segment, and the pts of
    /// the segment's first picture (sound, where there is no picture); in front of that packet.
    case programDate(media: MediaTime, wall: WallTime)
    /// HLS: the server has a cut here (EXT-X-DISCONTINUITY).
    case cut
    /// Packets lost because this process read too slowly, since the last such fact.
    case lostHere(packets: Int)
}

/// What onMetaData says; nil where it says nothing.
public struct StreamClaims: Sendable, Equatable {
    public var width: Int?
    public var height: Int?
    public var frameRate: Double?
    public var videoKbps: Double?
    public var audioKbps: Double?
    /// videocodecid and audiocodecid are there.
    public var hasVideo: Bool?
    public var hasAudio: Bool?
    public init() {}
}

public struct PlaylistFacts: Sendable, Equatable {
    public var targetDuration: Span
    public var segmentDurations: [Span]
    public var discontinuities: Int
    public var isEnded: Bool
    /// Wall clock at loading − (date of the last segment + its duration); nil without dates.
    public var edgeAge: Span?
    public var isNew: Bool
    public init(
        targetDuration: Span, segmentDurations: [Span], discontinuities: Int, isEnded: Bool, edgeAge: Span?,
        isNew: Bool
    ) {
        self.targetDuration = targetDuration
        self.segmentDurations = segmentDurations
        self.discontinuities = discontinuities
        self.isEnded = isEnded
        self.edgeAge = edgeAge
        self.isNew = isNew
    }
}

public struct VariantFacts: Sendable, Equatable {
    public var bandwidth: Int?
    public var width: Int?
    public var height: Int?
    public var codecs: String?
    public init(bandwidth: Int?, width: Int?, height: Int?, codecs: String?) {
        self.bandwidth = bandwidth
        self.width = width
        self.height = height
        self.codecs = codecs
    }
}
