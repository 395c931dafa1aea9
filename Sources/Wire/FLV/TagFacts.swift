// What a server has to know of a tag to pass it on: told from its first bytes, classic or enhanced. Nothing is
// parsed further, nothing is refused: a tag that cannot be read is `.unknown`, and still passed on.
public import Model
import NIOCore

/// The part that a tag plays in its stream.
public struct TagFacts: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        /// Decoder configuration: what a viewer needs before anything else of the track.
        case videoHeader, audioHeader
        /// A picture at which decoding can start.
        case keyFrame
        case interFrame
        case sound
        /// `onMetaData`: width, height, codecs …
        case metadata
        /// Colours of the picture or a speaker layout (enhanced only): holds until the next one, like a header.
        case videoInfo, audioInfo
        /// Other script data, e.g. captions.
        case script
        /// Nothing follows for this sequence.
        case endOfSequence
        /// Commands to seeking players, reserved values, tags without a body or with half a header.
        case unknown
    }

    public var role: Role
    /// nil where the codec is not known here, and for script data.
    public var codec: Codec?
    /// 0 is the track of every player; others come with multitrack of enhanced RTMP. `manyTracks`: several in
    /// one tag.
    public var track = 0
    public static let manyTracks = 256
    /// By FourCC, not by a number of the FLV specification.
    public var isEnhanced = false

    public init(_ role: Role, codec: Codec? = nil) {
        self.role = role
        self.codec = codec
    }

    public init(_ tag: FLVTag) {
        switch tag.kind {
        case .script:
            let isMetadata = RTMPClientSession.scriptName(tag.body) == "onMetaData"
            self.init(tag.body.readableBytes == 0 ? .unknown : isMetadata ? .metadata : .script)
        case .video: self = Self.video(tag.body)
        case .audio: self = Self.audio(tag.body)
        }
    }

    /// A key frame of the track that every player shows: where a viewer may begin.
    public var startsGOP: Bool { role == .keyFrame && (track == 0 || track == Self.manyTracks) }
    public var isKeyFrame: Bool { role == .keyFrame }
    /// The video decoder configuration.
    public var isSequenceHeader: Bool { role == .videoHeader }
    public var isAudioHeader: Bool { role == .audioHeader }
    public var isMetadata: Bool { role == .metadata }
    /// To be kept for later viewers, the newest of each role and track, and never part of a GOP.
    public var isKept: Bool {
        switch role {
        case .videoHeader, .audioHeader, .metadata, .videoInfo, .audioInfo: true
        default: false
        }
    }

    // MARK: Pictures

    private static func video(_ body: ByteBuffer) -> TagFacts {
        var bytes = body
        guard let first: UInt8 = bytes.readInteger() else { return TagFacts(.unknown) }
        let frame = VideoTagBody.FrameType(rawValue: first >> 4 & 7) ?? .inter
        let picture: Role = frame == .keyframe || frame == .generatedKeyframe ? .keyFrame : .interFrame
        if first & 0x80 != 0 { return enhancedVideo(first & 0x0F, frame, picture, &bytes) }
        let codec = FLVCodecs.video(id: first & 0x0F)
        if frame == .command { return TagFacts(.unknown, codec: codec) }
        guard codec == .h264 || codec == .hevc else { return TagFacts(picture, codec: codec) }
        let kind: UInt8? = bytes.readInteger()
        let role: Role =
            switch kind {
            case 0: .videoHeader
            case 1: picture
            case 2: .endOfSequence
            default: .unknown
            }
        return TagFacts(role, codec: codec)
    }

    private static func enhancedVideo(
        _ first: UInt8, _ frame: VideoTagBody.FrameType, _ picture: Role, _ bytes: inout ByteBuffer
    ) -> TagFacts {
        guard let head = Head(first, multitrack: EnhancedPacketType.videoMultitrack, &bytes) else {
            return enhanced(.unknown, nil, 0)
        }
        // By the outer type: behind a command comes no multitrack.
        if frame == .command, head.outerKind != EnhancedPacketType.metadata { return enhanced(.unknown, nil, 0) }
        guard head.isWhole else { return enhanced(.unknown, nil, 0) }
        let role: Role =
            switch head.kind {
            case EnhancedPacketType.sequenceStart, EnhancedPacketType.transportSequenceStart: .videoHeader
            case EnhancedPacketType.codedFrames, EnhancedPacketType.codedFramesX: picture
            case EnhancedPacketType.sequenceEnd: .endOfSequence
            case EnhancedPacketType.metadata: .videoInfo
            default: .unknown
            }
        return enhanced(role, head.fourCC.flatMap { FLVCodecs.video(fourCC: $0) }, head.track)
    }

    // MARK: Sound

    private static func audio(_ body: ByteBuffer) -> TagFacts {
        var bytes = body
        guard let first: UInt8 = bytes.readInteger() else { return TagFacts(.unknown) }
        let format = first >> 4
        if format == FLVCodecs.enhancedAudio { return enhancedAudio(first & 0x0F, &bytes) }
        let codec = FLVCodecs.audio(id: format, is16Bit: first & 0x02 != 0)
        guard codec == .aac else { return TagFacts(codec == nil ? .unknown : .sound, codec: codec) }
        let kind: UInt8? = bytes.readInteger()
        return TagFacts(kind == 0 ? .audioHeader : kind == 1 ? .sound : .unknown, codec: codec)
    }

    private static func enhancedAudio(_ first: UInt8, _ bytes: inout ByteBuffer) -> TagFacts {
        guard let head = Head(first, multitrack: EnhancedPacketType.audioMultitrack, &bytes), head.isWhole else {
            return enhanced(.unknown, nil, 0)
        }
        let role: Role =
            switch head.kind {
            case EnhancedPacketType.sequenceStart: .audioHeader
            case EnhancedPacketType.codedFrames: .sound
            case EnhancedPacketType.sequenceEnd: .endOfSequence
            case EnhancedPacketType.multichannelConfig: .audioInfo
            default: .unknown
            }
        return enhanced(role, head.fourCC.flatMap { FLVCodecs.audio(fourCC: $0) }, head.track)
    }

    private static func enhanced(_ role: Role, _ codec: Codec?, _ track: Int) -> TagFacts {
        var facts = TagFacts(role, codec: codec)
        facts.track = track
        facts.isEnhanced = true
        return facts
    }

    /// Packet type, codec and track, behind modifiers and within multitrack. nil: cut short.
    private struct Head {
        var kind: UInt8
        /// The type of the whole tag: `kind`, or multitrack.
        let outerKind: UInt8
        /// nil where each track names its own.
        var fourCC: String?
        var track = 0
        var isWhole: Bool { fourCC != nil || track == TagFacts.manyTracks }

        init?(_ first: UInt8, multitrack: UInt8, _ bytes: inout ByteBuffer) {
            guard let kind = try? EnhancedPacketType.afterModifiers(first, &bytes) else { return nil }
            self.kind = kind
            outerKind = kind
            guard kind == multitrack else {
                fourCC = bytes.readFourCC()
                return
            }
            guard let inner: UInt8 = bytes.readInteger() else { return nil }
            self.kind = inner & 0x0F
            track = TagFacts.manyTracks
            // 0 one track, 1 several of one codec, 2 several of several codecs.
            if inner >> 4 < 2 { fourCC = bytes.readFourCC() }
            if inner >> 4 == 0 {
                guard let number: UInt8 = bytes.readInteger() else { return nil }
                track = Int(number)
            }
        }
    }
}
