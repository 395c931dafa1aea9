// FLV tags (from RTMP or HTTP-FLV) → tracks and packets. Pure: no I/O, no clock, no FFmpeg. Damaged tags are
// counted and skipped; claims of headers and metadata are never believed against the bitstream.
public import Model
import NIOCore
public import Wire

public enum FLVItem: Sendable {
    /// The whole list; again whenever a track appears or its parameters change.
    case tracks([Track])
    case packet(Packet)
    /// onMetaData, as the sender wrote it.
    case metadata([AMF0Field])
    /// Coded media came without the configuration that decodes them; told once, until one comes.
    case missingHeader(TrackKind)
    /// A configuration that differs from the one before; the new tracks follow.
    case changedHeader(TrackKind)
    /// A tag that could not be read, and what is wrong with it.
    case damaged(String)
}

/// Reads the tags of one connection in their order.
public struct FLVTagReader: Sendable {
    /// In order of track number; grows as headers arrive.
    public var tracks: [Track] { [video, audio].compactMap { $0 } }
    /// Tags that could not be read.
    public private(set) var damagedTags = 0
    /// What was wrong with the last of them.
    public private(set) var lastProblem: String?

    private var video: Track?
    private var audio: Track?
    private var claims = FLVClaims()
    private var clock = UnwrappedClock()
    private var unsupportedTags = 0
    /// For each kind: how the configuration in use came, and whether its lack has been told.
    private var videoHeader = HeaderState()
    private var audioHeader = HeaderState()

    private struct HeaderState: Sendable {
        private var isSent = false
        private var isMissed = false

        /// - Parameter adopted: What a header that was sent has led to; nothing where it is only repeated.
        mutating func sent(_ kind: TrackKind, _ adopted: [FLVItem]) -> [FLVItem] {
            guard !adopted.isEmpty else { return [] }
            defer { (isSent, isMissed) = (true, false) }
            return isSent ? [.changedHeader(kind)] + adopted : adopted
        }

        /// Media of a codec came whose header is not there.
        mutating func missed(_ kind: TrackKind, _ codec: Codec) -> [FLVItem] {
            guard !isMissed, [.h264, .hevc, .av1, .aac, .flac].contains(codec) else { return [] }
            (isSent, isMissed) = (false, true)
            return [.missingHeader(kind)]
        }
    }

    public init() {}

    /// - Parameter arrival: When the tag's last byte reached this process.
    /// - Throws: `unsupported_codec`, once it is clear that nothing in the stream can be used.
    public mutating func read(_ tag: FLVTag, arrival: HostTime) throws(SluiceError) -> [FLVItem] {
        // Empty tags are sent to keep a connection alive.
        guard tag.body.readableBytes > 0 else { return [] }
        let time = clock.unwrap(tag.timestamp)
        do {
            switch tag.kind {
            case .video: return readVideo(try VideoTagBody(parsing: tag.body), time, arrival)
            case .audio: return readAudio(try AudioTagBody(parsing: tag.body), time, arrival)
            case .script: return readScript(tag.body)
            }
        } catch {
            damagedTags += 1
            lastProblem = error.message
            if error.message.contains("unsupported") { unsupportedTags += 1 }
            if unsupportedTags >= 50, video == nil, audio == nil {
                throw SluiceError(.unsupportedCodec, "cannot use the stream", why: error.message)
            }
            return [.damaged(error.message)]
        }
    }

    // MARK: Picture

    private mutating func readVideo(_ body: VideoTagBody, _ time: MediaTime, _ arrival: HostTime) -> [FLVItem] {
        switch body.packet {
        case .sequenceHeader:
            let adopted = adoptVideo(body.codec, body.data.array)
            return videoHeader.sent(.video, adopted)
        case .endOfSequence, .metadata, .command: return []
        case .coded: break
        }
        let data = body.data.array
        guard !data.isEmpty else { return [] }
        var items: [FLVItem] = []
        if video?.codec != body.codec {
            items = videoHeader.missed(.video, body.codec)
            items += adoptVideo(body.codec, Self.configurationInBand(body.codec, data))
            if video?.codec != body.codec { return items }
        }
        guard let track = video else { return items }
        var isKeyframe = body.isKeyframe
        if !isKeyframe, track.codec == .h264 || track.codec == .hevc {
            let framing = NALUnits.Framing(configuration: track.configuration, codec: track.codec)
            isKeyframe = NALUnits(data, framing).isKeyframe(track.codec)
        }
        let pts = time + Span.milliseconds(Double(body.compositionOffset))
        items.append(
            .packet(
                Packet(
                    track: FLVTrack.video, kind: .video, pts: pts, dts: time, isKeyframe: isKeyframe, data: data,
                    arrival: arrival)))
        return items
    }

    /// Parameter sets inside the first access unit, for senders that forget the sequence header.
    private static func configurationInBand(_ codec: Codec, _ data: [UInt8]) -> [UInt8] {
        let sets = NALUnits(data, .lengthPrefixed(4)).parameterSets(codec)
        switch codec {
        case .h264: return (try? AVCConfiguration(sps: sets.sps, pps: sets.pps))?.serialised() ?? []
        case .hevc:
            return (try? HEVCConfiguration(vps: sets.vps, sps: sets.sps, pps: sets.pps))?.serialised() ?? []
        default: return []
        }
    }

    private mutating func adoptVideo(_ codec: Codec, _ configuration: [UInt8]) -> [FLVItem] {
        let needsConfiguration = codec == .h264 || codec == .hevc
        if needsConfiguration, NALUnits.Framing(configuration: configuration, codec: codec) == .annexB { return [] }
        // Many senders repeat the header before each key frame.
        if let video, video.codec == codec, video.configuration == configuration { return [] }
        var track = Track(id: FLVTrack.video, kind: .video, codec: codec, configuration: configuration)
        track.video = FLVParameters.video(codec, configuration) ?? VideoParameters()
        video = track
        applyClaims()
        return [.tracks(tracks)]
    }

    // MARK: Sound

    private mutating func readAudio(_ body: AudioTagBody, _ time: MediaTime, _ arrival: HostTime) -> [FLVItem] {
        switch body.packet {
        case .sequenceHeader:
            let adopted = adoptAudio(body.codec, body.data.array, body)
            return audioHeader.sent(.audio, adopted)
        case .endOfSequence, .multichannelConfig: return []
        case .coded: break
        }
        var data = body.data.array
        guard !data.isEmpty else { return [] }
        var items: [FLVItem] = []
        // Some senders put whole ADTS frames where raw AAC belongs, and then send no header either.
        let adts = body.codec == .aac && audio?.configuration.isEmpty != false ? ADTSHeader(data) : nil
        if audio?.codec != body.codec || adts != nil {
            let configuration = adts.flatMap { try? $0.configuration().serialised() } ?? []
            items = audioHeader.missed(.audio, body.codec)
            items += adoptAudio(body.codec, configuration, body, firstFrame: data)
            if audio?.codec != body.codec { return items }
        }
        if isADTS, let header = ADTSHeader(data) { data.removeFirst(min(header.headerSize, data.count)) }
        guard !data.isEmpty else { return items }
        items.append(
            .packet(
                Packet(
                    track: FLVTrack.audio, kind: .audio, pts: time, dts: time, isKeyframe: true, data: data,
                    arrival: arrival)))
        return items
    }

    /// Whether AAC came without a header, in ADTS frames.
    private var isADTS = false

    private mutating func adoptAudio(
        _ codec: Codec, _ configuration: [UInt8], _ body: AudioTagBody, firstFrame: [UInt8] = []
    ) -> [FLVItem] {
        // Raw AAC is noise without its header: wait for one.
        if codec == .aac, (try? AudioSpecificConfig(parsing: configuration)) == nil { return [] }
        isADTS = codec == .aac && !firstFrame.isEmpty
        if let audio, audio.codec == codec, audio.configuration == configuration { return [] }
        var track = Track(id: FLVTrack.audio, kind: .audio, codec: codec, configuration: configuration)
        track.audio =
            FLVParameters.audio(codec, configuration) ?? (codec == .mp3 ? FLVParameters.mp3(firstFrame) : nil)
            ?? AudioParameters(sampleRate: body.sampleRate, channels: body.channels)
        audio = track
        applyClaims()
        return [.tracks(tracks)]
    }

    // MARK: Metadata

    private mutating func readScript(_ body: ByteBuffer) -> [FLVItem] {
        var bytes = body
        // Whatever else comes in script tags is the business of others; so are damaged ones.
        guard let values = try? AMF0Value.decodeAll(from: &bytes, stopAtAMF3: true) else { return [] }
        guard let place = values.prefix(2).firstIndex(of: .string("onMetaData")),
            let fields = values.dropFirst(place + 1).first?.fields
        else { return [] }
        claims = FLVClaims(fields)
        let before = tracks
        applyClaims()
        let changed = zip(before, tracks).contains { $0.video != $1.video || $0.bitRate != $1.bitRate }
        return changed ? [.metadata(fields), .tracks(tracks)] : [.metadata(fields)]
    }

    /// Fills only what the bitstream leaves open.
    private mutating func applyClaims() {
        if var picture = video?.video {
            if picture.width <= 0 || picture.height <= 0, let width = claims.width, let height = claims.height {
                picture.width = width
                picture.height = height
            }
            if picture.frameRate == nil { picture.frameRate = claims.frameRate }
            video?.video = picture
        }
        video?.bitRate = claims.videoBitRate
        audio?.bitRate = claims.audioBitRate
    }
}

/// FLV's 32-bit milliseconds on a line that never wraps. Serial arithmetic: half the range is "backwards".
struct UnwrappedClock: Sendable {
    private var last: (raw: UInt32, milliseconds: Int64)?

    mutating func unwrap(_ raw: UInt32) -> MediaTime {
        var milliseconds = Int64(raw)
        if let last { milliseconds = last.milliseconds &+ Int64(Int32(bitPattern: raw &- last.raw)) }
        last = (raw, milliseconds)
        return MediaTime(milliseconds: milliseconds)
    }
}
