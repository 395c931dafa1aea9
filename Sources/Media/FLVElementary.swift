// One track on its way into FLV tags: its name on the wire, its sequence header, its packets' form and time.
import Model
import NIOCore
import Wire

struct FLVElementary: Sendable {
    enum Form: Sendable { case legacy, enhanced }

    let track: Track
    var trackID: Int { track.id }
    private let form: Form
    /// What the sequence header carries; empty while unknown, or where the codec has none.
    private var configuration: [UInt8]
    /// The form in which packets come.
    private let framing: NALUnits.Framing
    private let isADTS: Bool
    /// Milliseconds of the last tag.
    var lastTime: Int64?

    private static let legacyVideo: [String: Double] = ["h264": 7, "flv1": 2]
    private static let enhancedVideo = ["hevc": "hvc1", "av1": "av01", "vp9": "vp09", "vp8": "vp08"]
    private static let legacyAudio: [String: Double] = [
        "aac": 10, "mp3": 2, "pcm_alaw": 7, "pcm_mulaw": 8, "pcm_s16le": 3,
    ]
    private static let enhancedAudio = ["opus": "Opus", "flac": "fLaC", "ac3": "ac-3", "eac3": "ec-3"]

    static func form(_ codec: Codec, _ kind: TrackKind, _ hevc: FLVTagWriter.HEVCForm) -> Form? {
        let name = codec.rawValue
        switch kind {
        case .video:
            if legacyVideo[name] != nil || (codec == .hevc && hevc == .legacy) { return .legacy }
            return enhancedVideo[name] != nil ? .enhanced : nil
        case .audio:
            if legacyAudio[name] != nil { return .legacy }
            return enhancedAudio[name] != nil ? .enhanced : nil
        case .data: return nil
        }
    }

    init(_ track: Track, _ hevc: FLVTagWriter.HEVCForm) throws(SluiceError) {
        guard let form = Self.form(track.codec, track.kind, hevc) else {
            throw SluiceError(
                .unsupportedCodec, "cannot send as FLV", why: "FLV has no place for \(track.codec.rawValue)",
                hint: "encode it: --video h264 --audio aac")
        }
        self.track = track
        self.form = form
        framing = NALUnits.Framing(configuration: track.configuration, codec: track.codec)
        isADTS = track.codec == .aac && track.configuration.isEmpty
        configuration = Self.configuration(of: track, framing)
    }

    /// The sequence header that the track's own configuration gives.
    private static func configuration(of track: Track, _ framing: NALUnits.Framing) -> [UInt8] {
        guard framing == .annexB else { return track.configuration }
        switch track.codec {
        case .h264: return (try? AVCConfiguration(annexB: track.configuration))?.serialised() ?? []
        case .hevc: return (try? HEVCConfiguration(annexB: track.configuration))?.serialised() ?? []
        default: return track.configuration
        }
    }

    private var hasNALUnits: Bool { track.codec == .h264 || track.codec == .hevc }
    /// Nobody can decode the packets without it.
    private var needsHeader: Bool { hasNALUnits || track.codec == .aac }

    /// As onMetaData names the codec: FLV's number, or the FourCC as a number.
    var codecNumber: Double {
        let name = track.codec.rawValue
        if form == .legacy {
            if track.codec == .hevc { return 12 }
            return (track.kind == .video ? Self.legacyVideo[name] : Self.legacyAudio[name]) ?? 0
        }
        let fourCC = (track.kind == .video ? Self.enhancedVideo[name] : Self.enhancedAudio[name]) ?? ""
        return Double(fourCC.utf8.reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }

    /// The body of the sequence header tag; nil where it is unknown or the codec has none.
    func sequenceHeader() -> ByteBuffer? {
        guard !configuration.isEmpty, needsHeader || form == .enhanced else { return nil }
        let data = ByteBuffer(bytes: configuration)
        if track.kind == .video {
            return try? VideoTagBody(
                codec: track.codec, frameType: .keyframe, packet: .sequenceHeader, data: data,
                form: form == .legacy ? .legacy : .enhanced
            ).serialised()
        }
        return try? AudioTagBody(
            codec: track.codec, packet: .sequenceHeader, data: data, form: form == .legacy ? .legacy : .enhanced
        ).serialised()
    }

    /// - Parameters:
    ///   - dts: Milliseconds ≥ 0.
    ///   - pts: Milliseconds on the same line.
    mutating func tags(_ packet: Packet, dts: Int64, pts: Int64) throws(WireError) -> [FLVTag] {
        guard !packet.data.isEmpty else { return [] }
        var time = dts
        if let lastTime, time <= lastTime { time = lastTime + 1 }
        let stamp = UInt32(truncatingIfNeeded: time)
        var tags: [FLVTag] = []
        let data = try adapt(packet)
        if let body = takeRevealed() { tags.append(FLVTag(kind: kind, timestamp: stamp, body: body)) }
        if needsHeader, configuration.isEmpty { return [] }
        let body =
            track.kind == .video
            ? try VideoTagBody(
                codec: track.codec, frameType: packet.isKeyframe ? .keyframe : .inter, packet: .coded,
                compositionOffset: Int32(clamping: pts - time), data: ByteBuffer(bytes: data),
                form: form == .legacy ? .legacy : .enhanced
            ).serialised()
            : try AudioTagBody(
                codec: track.codec, packet: .coded, sampleRate: track.audio?.sampleRate ?? 44100,
                channels: track.audio?.channels ?? 2, data: ByteBuffer(bytes: data),
                form: form == .legacy ? .legacy : .enhanced
            ).serialised()
        tags.append(FLVTag(kind: kind, timestamp: stamp, body: body))
        lastTime = time
        return tags
    }

    private var kind: FLVTag.Kind { track.kind == .video ? .video : .audio }

    /// The packet in FLV's form. Takes over a configuration that the packet itself reveals.
    private mutating func adapt(_ packet: Packet) throws(WireError) -> [UInt8] {
        if isADTS, let adts = ADTSHeader(packet.data) {
            try reveal(adts.configuration().serialised())
            return Array(packet.data.dropFirst(adts.headerSize))
        }
        guard hasNALUnits, framing == .annexB else { return packet.data }
        if packet.isKeyframe {
            // Parameter sets travel in band here, and may change at any key frame.
            let sets = NALUnits(packet.data, .annexB).parameterSets(track.codec)
            if !sets.sps.isEmpty, !sets.pps.isEmpty {
                let made =
                    track.codec == .h264
                    ? try AVCConfiguration(sps: sets.sps, pps: sets.pps).serialised()
                    : try HEVCConfiguration(vps: sets.vps, sps: sets.sps, pps: sets.pps).serialised()
                reveal(made)
            }
        }
        return try NALUnits.convert(packet.data, from: .annexB, to: .lengthPrefixed(4))
    }

    /// True while a new configuration has not been sent yet.
    private var hasRevealed = false

    private mutating func reveal(_ found: [UInt8]) {
        guard found != configuration else { return }
        configuration = found
        hasRevealed = true
    }

    private mutating func takeRevealed() -> ByteBuffer? {
        guard hasRevealed else { return nil }
        hasRevealed = false
        return sequenceHeader()
    }
}
