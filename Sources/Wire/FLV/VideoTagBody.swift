// The body of an FLV or RTMP video tag: legacy codec ids, id 12 for HEVC as Chinese CDNs use it, and
// enhanced RTMP FourCCs. It frames coded data and never looks into it.
public import Model
public import NIOCore

/// One video tag body. `data` is a slice that shares the tag's storage.
public struct VideoTagBody: Sendable, Equatable {
    /// The frame type field. Values that are reserved read as `.inter`.
    public enum FrameType: UInt8, Sendable {
        case keyframe = 1
        case inter = 2
        case disposableInter = 3
        case generatedKeyframe = 4
        case command = 5
    }

    /// What `data` holds.
    public enum Packet: Sendable, Equatable {
        /// A decoder configuration record (avcC, hvcC, av1C, vpcC).
        case sequenceHeader
        /// One access unit, length-prefixed for H.264 and HEVC.
        case coded
        /// Nothing follows for this sequence; `data` is empty.
        case endOfSequence
        /// AMF0 values that describe the picture (HDR colours); enhanced only.
        case metadata
        /// One byte for seeking players; to be ignored.
        case command
    }

    /// How the codec is named on the wire.
    public enum Form: Sendable, Equatable { case legacy, enhanced }

    public var codec: Codec
    public var frameType: FrameType
    public var packet: Packet
    /// pts − dts in milliseconds; fits 24 bits, signed.
    public var compositionOffset: Int32
    public var data: ByteBuffer
    public var form: Form

    public init(
        codec: Codec, frameType: FrameType, packet: Packet, compositionOffset: Int32 = 0, data: ByteBuffer,
        form: Form = .legacy
    ) {
        self.codec = codec
        self.frameType = frameType
        self.packet = packet
        self.compositionOffset = compositionOffset
        self.data = data
        self.form = form
    }

    /// A decoder can start here. True for sequence headers of most encoders too: look at `packet` as well.
    public var isKeyframe: Bool { frameType == .keyframe || frameType == .generatedKeyframe }
}

// MARK: - Parsing

extension VideoTagBody {
    /// Reads a whole tag body. Fails on truncated headers, unknown codecs and multitrack bodies.
    /// Some encoders send tags without a body; skip those before parsing, they fail here.
    public init(parsing body: ByteBuffer) throws(WireError) {
        var bytes = body
        guard let first: UInt8 = bytes.readInteger() else { throw WireError("empty video tag") }
        if first & 0x80 != 0 {
            try self.init(enhanced: first, bytes)
        } else {
            try self.init(legacy: first, bytes)
        }
    }

    private init(legacy first: UInt8, _ rest: ByteBuffer) throws(WireError) {
        var bytes = rest
        let id = first & 0x0F
        guard let codec = FLVCodecs.video(id: id) else { throw WireError("unsupported FLV video codec id \(id)") }
        let frameType = FrameType(rawValue: first >> 4) ?? .inter
        if frameType == .command {
            self.init(codec: codec, frameType: .command, packet: .command, data: bytes)
            return
        }
        guard codec == .h264 || codec == .hevc else {
            self.init(codec: codec, frameType: frameType, packet: .coded, data: bytes)
            return
        }
        guard let kind: UInt8 = bytes.readInteger(), let offset = bytes.readSigned24() else {
            throw WireError("video tag is cut short")
        }
        let packet: Packet
        switch kind {
        case 0: packet = .sequenceHeader
        case 1: packet = .coded
        case 2: packet = .endOfSequence
        default: throw WireError("unknown FLV video packet type \(kind)")
        }
        self.init(
            codec: codec, frameType: frameType, packet: packet, compositionOffset: packet == .coded ? offset : 0,
            data: bytes)
    }

    private init(enhanced first: UInt8, _ rest: ByteBuffer) throws(WireError) {
        var bytes = rest
        let frameType = FrameType(rawValue: (first >> 4) & 0x07) ?? .inter
        let kind = try EnhancedPacketType.afterModifiers(first & 0x0F, &bytes)
        // A command names no codec; only its one byte follows.
        if frameType == .command && kind != EnhancedPacketType.metadata {
            self.init(
                codec: FLVCodecs.none, frameType: .command, packet: .command, data: bytes, form: .enhanced)
            return
        }
        if kind == EnhancedPacketType.videoMultitrack {
            throw WireError("multitrack video (enhanced RTMP) is not supported")
        }
        guard let fourCC = bytes.readFourCC() else { throw WireError("video tag is cut short") }
        guard let codec = FLVCodecs.video(fourCC: fourCC) else {
            throw WireError("unsupported FLV video codec \"\(FLVCodecs.printable(fourCC))\"")
        }
        var packet = Packet.coded
        var offset: Int32 = 0
        switch kind {
        case EnhancedPacketType.sequenceStart: packet = .sequenceHeader
        case EnhancedPacketType.codedFrames:
            if FLVCodecs.carriesCompositionOffset(codec) {
                guard let value = bytes.readSigned24() else { throw WireError("video tag is cut short") }
                offset = value
            }
        case EnhancedPacketType.codedFramesX: break
        case EnhancedPacketType.sequenceEnd: packet = .endOfSequence
        case EnhancedPacketType.metadata: packet = .metadata
        default: throw WireError("unsupported enhanced video packet type \(kind)")
        }
        self.init(
            codec: codec, frameType: frameType, packet: packet, compositionOffset: offset, data: bytes,
            form: .enhanced)
    }
}

// MARK: - Serialising

extension VideoTagBody {
    /// The bytes of a tag body. Fails where `form` has no name for the codec or the packet.
    /// A composition offset beyond 24 bits (over 2 h 19 min) is clamped.
    public func serialised() throws(WireError) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: data.readableBytes + 8)
        switch form {
        case .legacy: try writeLegacy(&out)
        case .enhanced: try writeEnhanced(&out)
        }
        out.writeImmutableBuffer(data)
        return out
    }

    private func writeLegacy(_ out: inout ByteBuffer) throws(WireError) {
        guard let id = FLVCodecs.videoID(codec) else {
            throw WireError("\(codec.rawValue) has no legacy FLV codec id")
        }
        out.writeInteger(frameType.rawValue << 4 | id)
        guard packet != .command, codec == .h264 || codec == .hevc else { return }
        let kind: UInt8
        switch packet {
        case .sequenceHeader: kind = 0
        case .coded: kind = 1
        case .endOfSequence: kind = 2
        case .metadata, .command: throw WireError("legacy FLV video tags carry no metadata")
        }
        out.writeInteger(kind)
        out.writeSigned24(packet == .coded ? compositionOffset : 0)
    }

    private func writeEnhanced(_ out: inout ByteBuffer) throws(WireError) {
        let head = 0x80 | frameType.rawValue << 4
        if packet == .command {
            out.writeInteger(head)
            return
        }
        guard let fourCC = FLVCodecs.fourCC(video: codec) else {
            throw WireError("\(codec.rawValue) has no FLV FourCC")
        }
        let withOffset = packet == .coded && compositionOffset != 0 && FLVCodecs.carriesCompositionOffset(codec)
        let kind: UInt8
        switch packet {
        case .sequenceHeader: kind = EnhancedPacketType.sequenceStart
        // Three bytes fewer for each frame that needs no offset.
        case .coded where FLVCodecs.carriesCompositionOffset(codec) && !withOffset:
            kind = EnhancedPacketType.codedFramesX
        case .coded, .command: kind = EnhancedPacketType.codedFrames
        case .endOfSequence: kind = EnhancedPacketType.sequenceEnd
        case .metadata: kind = EnhancedPacketType.metadata
        }
        out.writeInteger(head | kind)
        out.writeBytes(fourCC.utf8)
        if withOffset { out.writeSigned24(compositionOffset) }
    }
}
