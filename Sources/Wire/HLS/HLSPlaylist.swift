// HLS playlists as values (RFC 8216, and the live-edge hints of its second edition). Parsing is in
// HLSParser; which segment to fetch when is decided elsewhere.
public import Model

/// A playlist of either kind.
public enum HLSPlaylist: Sendable, Equatable {
    case master(MasterPlaylist)
    case media(MediaPlaylist)
}

/// The choice of variants.
public struct MasterPlaylist: Sendable, Equatable {
    /// One EXT-X-STREAM-INF.
    public struct Variant: Sendable, Equatable {
        /// Absolute where the base address was.
        public var uri: String
        /// Peak bits per second; 0 where it is missing.
        public var bandwidth: Int = 0
        public var averageBandwidth: Int?
        /// Pixels.
        public var width: Int?
        public var height: Int?
        public var frameRate: Double?
        public var codecs: [String] = []
        /// GROUP-ID of the audio renditions that belong to it.
        public var audioGroup: String?
        public var subtitleGroup: String?
        public init(uri: String) { self.uri = uri }
    }

    /// One EXT-X-MEDIA.
    public struct Rendition: Sendable, Equatable {
        /// AUDIO, VIDEO, SUBTITLES or CLOSED-CAPTIONS.
        public var type: String
        public var groupID: String
        public var name: String
        /// Nil where its media are part of the variant itself.
        public var uri: String?
        public var language: String?
        public var isDefault = false
        public var isAutoselect = false
        public var channels: Int?
        public init(type: String, groupID: String, name: String) {
            self.type = type
            self.groupID = groupID
            self.name = name
        }
    }

    /// What to look for among the variants.
    public enum Selection: Sendable, Equatable {
        case best, worst
        /// The variant of this height, else the nearest below it, else the lowest above it.
        case height(Int)
    }

    public var variants: [Variant] = []
    public var renditions: [Rendition] = []
    public var hasIndependentSegments = false
    public init() {}

    /// Picks one variant. Variants that are plainly audio only are picked when there is nothing else.
    /// Equal heights are told apart by bandwidth: the higher one wins, for `worst` the lower one.
    public func variant(matching selection: Selection) -> Variant? {
        let withPicture = variants.filter { !$0.isAudioOnly }
        let candidates = withPicture.isEmpty ? variants : withPicture
        switch selection {
        case .best: return candidates.max { $0.rank < $1.rank }
        case .worst: return candidates.min { $0.rank < $1.rank }
        case .height(let wanted):
            let sized = candidates.filter { $0.height != nil }
            if let below = sized.filter({ ($0.height ?? 0) <= wanted }).max(by: { $0.rank < $1.rank }) {
                return below
            }
            let lowest = sized.compactMap(\.height).min()
            return sized.filter { $0.height == lowest }.max { $0.rank < $1.rank }
                ?? candidates.max { $0.rank < $1.rank }
        }
    }

    /// The audio rendition that a player plays with `variant` unasked; nil where sound is in the variant.
    public func audioRendition(for variant: Variant) -> Rendition? {
        guard let group = variant.audioGroup else { return nil }
        let members = renditions.filter { $0.type == "AUDIO" && $0.groupID == group }
        let chosen = members.first { $0.isDefault } ?? members.first { $0.isAutoselect } ?? members.first
        return chosen?.uri == nil ? nil : chosen
    }
}

extension MasterPlaylist.Variant {
    /// CODECS names only audio codecs, and there is no resolution.
    public var isAudioOnly: Bool {
        guard height == nil, !codecs.isEmpty else { return false }
        let audio = ["mp4a", "ac-3", "ec-3", "opus", "fLaC", "mp3", "Opus", "alac"]
        return codecs.allSatisfy { codec in audio.contains { codec.hasPrefix($0) } }
    }

    fileprivate var rank: (Int, Int) { (height ?? 0, bandwidth) }
}

/// A list of segments.
public struct MediaPlaylist: Sendable, Equatable {
    public enum Kind: String, Sendable { case vod = "VOD", event = "EVENT" }

    /// A part of a resource, in bytes.
    public struct ByteRange: Sendable, Hashable {
        public var length: Int
        public var offset: Int
        public init(length: Int, offset: Int) {
            self.length = length
            self.offset = offset
        }
    }

    /// EXT-X-MAP: what must precede the segments it applies to.
    public struct Map: Sendable, Hashable {
        public var uri: String
        public var byteRange: ByteRange?
        public init(uri: String, byteRange: ByteRange? = nil) {
            self.uri = uri
            self.byteRange = byteRange
        }
    }

    /// EXT-X-KEY with a method other than NONE.
    public struct Key: Sendable, Hashable {
        /// AES-128, SAMPLE-AES …
        public var method: String
        public var uri: String?
        /// 16 bytes; nil means the media sequence number.
        public var initializationVector: [UInt8]?
        /// "identity" where it is missing.
        public var format: String
        public init(
            method: String, uri: String?, initializationVector: [UInt8]? = nil, format: String = "identity"
        ) {
            self.method = method
            self.uri = uri
            self.initializationVector = initializationVector
            self.format = format
        }
    }

    /// One segment.
    public struct Segment: Sendable, Equatable {
        /// Absolute where the base address was.
        public var uri: String
        /// Media sequence number.
        public var sequence: Int
        /// Discontinuity sequence number.
        public var discontinuitySequence: Int
        public var duration: Span
        public var title: String?
        /// An EXT-X-DISCONTINUITY precedes it.
        public var isDiscontinuity = false
        /// The server says that it is missing.
        public var isGap = false
        public var byteRange: ByteRange?
        public var map: Map?
        public var key: Key?
        /// Wall clock of its first sample: stated, or counted on from the last statement in this playlist
        /// (never across a discontinuity).
        public var programDateTime: WallTime?
        /// True where the playlist states the time for this very segment.
        public var hasOwnDateTime = false
        public init(uri: String, sequence: Int, discontinuitySequence: Int, duration: Span) {
            self.uri = uri
            self.sequence = sequence
            self.discontinuitySequence = discontinuitySequence
            self.duration = duration
        }
    }

    /// EXT-X-SERVER-CONTROL.
    public struct ServerControl: Sendable, Equatable {
        public var canBlockReload = false
        public var holdBack: Span?
        public var partHoldBack: Span?
        public var canSkipUntil: Span?
        public init() {}
    }

    public var version: Int = 1
    public var targetDuration: Span = .zero
    /// EXT-X-PART-INF: the server also offers parts of segments.
    public var partTarget: Span?
    public var mediaSequence = 0
    public var discontinuitySequence = 0
    public var kind: Kind?
    public var isEnded = false
    public var isIFramesOnly = false
    public var hasIndependentSegments = false
    /// EXT-X-START TIME-OFFSET: from the beginning, or from the end where negative.
    public var startOffset: Span?
    public var serverControl: ServerControl?
    /// EXT-X-PART lines after the last whole segment: how far the live edge is ahead of it.
    public var trailingPartsDuration: Span = .zero
    public var segments: [Segment] = []
    public init() {}

    /// More segments may still come.
    public var isLive: Bool { !isEnded && kind != .vod }
    /// Of the listed segments together.
    public var duration: Span { segments.reduce(.zero) { $0 + $1.duration } }
    /// Sequence number of the segment that the next reload may bring.
    public var nextSequence: Int { mediaSequence + segments.count }
}
