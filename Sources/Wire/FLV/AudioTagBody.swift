// The body of an FLV or RTMP audio tag: legacy sound formats and enhanced RTMP FourCCs.
// It frames coded data and never looks into it.
public import Model
public import NIOCore

/// One audio tag body. `data` is a slice that shares the tag's storage.
public struct AudioTagBody: Sendable, Equatable {
    /// What `data` holds.
    public enum Packet: Sendable, Equatable {
        /// AudioSpecificConfig, OpusHead, fLaC STREAMINFO …
        case sequenceHeader
        case coded
        /// Nothing follows for this sequence; enhanced only.
        case endOfSequence
        /// The speaker layout of enhanced RTMP; may be ignored.
        case multichannelConfig
    }

    /// How the codec is named on the wire.
    public enum Form: Sendable, Equatable { case legacy, enhanced }

    public var codec: Codec
    public var packet: Packet
    /// Hz as the tag header claims; 0 where it says nothing. For AAC it is always 44100: believe the
    /// sequence header instead.
    public var sampleRate: Int
    /// As the tag header claims; 0 where it says nothing. For AAC always 2.
    public var channels: Int
    public var data: ByteBuffer
    public var form: Form

    public init(
        codec: Codec, packet: Packet, sampleRate: Int = 44100, channels: Int = 2, data: ByteBuffer,
        form: Form = .legacy
    ) {
        self.codec = codec
        self.packet = packet
        self.sampleRate = sampleRate
        self.channels = channels
        self.data = data
        self.form = form
    }
}

// MARK: - Parsing

extension AudioTagBody {
    /// Reads a whole tag body. Fails on truncated headers, unknown codecs and multitrack bodies.
    /// Some encoders send tags without a body; skip those before parsing, they fail here.
    public init(parsing body: ByteBuffer) throws(WireError) {
        var bytes = body
        guard let first: UInt8 = bytes.readInteger() else { throw WireError("empty audio tag") }
        let format = first >> 4
        if format == FLVCodecs.enhancedAudio {
            try self.init(enhanced: first & 0x0F, bytes)
            return
        }
        guard let codec = FLVCodecs.audio(id: format, is16Bit: first & 0x02 != 0) else {
            throw WireError("unsupported FLV sound format \(format)")
        }
        var packet = Packet.coded
        if codec == .aac {
            guard let kind: UInt8 = bytes.readInteger() else { throw WireError("audio tag is cut short") }
            switch kind {
            case 0: packet = .sequenceHeader
            case 1: packet = .coded
            default: throw WireError("unknown FLV AAC packet type \(kind)")
            }
        }
        self.init(
            codec: codec, packet: packet,
            sampleRate: FLVCodecs.sampleRate(id: format, index: (first >> 2) & 3),
            channels: FLVCodecs.isMono(id: format) ? 1 : Int(first & 1) + 1, data: bytes)
    }

    private init(enhanced first: UInt8, _ rest: ByteBuffer) throws(WireError) {
        var bytes = rest
        let kind = try EnhancedPacketType.afterModifiers(first, &bytes)
        if kind == EnhancedPacketType.audioMultitrack {
            throw WireError("multitrack audio (enhanced RTMP) is not supported")
        }
        guard let fourCC = bytes.readFourCC() else { throw WireError("audio tag is cut short") }
        guard let codec = FLVCodecs.audio(fourCC: fourCC) else {
            throw WireError("unsupported FLV audio codec \"\(FLVCodecs.printable(fourCC))\"")
        }
        let packet: Packet
        switch kind {
        case EnhancedPacketType.sequenceStart: packet = .sequenceHeader
        case EnhancedPacketType.codedFrames: packet = .coded
        case EnhancedPacketType.sequenceEnd: packet = .endOfSequence
        case EnhancedPacketType.multichannelConfig: packet = .multichannelConfig
        default: throw WireError("unsupported enhanced audio packet type \(kind)")
        }
        self.init(
            codec: codec, packet: packet, sampleRate: codec == .opus ? 48000 : 0, channels: 0, data: bytes,
            form: .enhanced)
    }
}

// MARK: - Serialising

extension AudioTagBody {
    /// The bytes of a tag body. Fails where `form` has no name for the codec, the rate or the packet.
    public func serialised() throws(WireError) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: data.readableBytes + 5)
        switch form {
        case .legacy: try writeLegacy(&out)
        case .enhanced: try writeEnhanced(&out)
        }
        out.writeImmutableBuffer(data)
        return out
    }

    private func writeLegacy(_ out: inout ByteBuffer) throws(WireError) {
        switch (codec, packet) {
        case (.aac, .sequenceHeader), (.aac, .coded):
            // The FLV specification fixes the hints at 44 kHz stereo 16 bit, whatever the stream is.
            out.writeInteger(UInt8(0xAF))
            out.writeInteger(UInt8(packet == .coded ? 1 : 0))
        case (_, .coded):
            guard let head = FLVCodecs.audioHeader(codec, sampleRate: sampleRate, channels: channels) else {
                throw WireError("\(codec.rawValue) at \(sampleRate) Hz does not fit into a legacy FLV audio tag")
            }
            out.writeInteger(head)
        default: throw WireError("legacy FLV audio tags of \(codec.rawValue) carry coded data only")
        }
    }

    private func writeEnhanced(_ out: inout ByteBuffer) throws(WireError) {
        guard let fourCC = FLVCodecs.fourCC(audio: codec) else {
            throw WireError("\(codec.rawValue) has no FLV FourCC")
        }
        let kind: UInt8
        switch packet {
        case .sequenceHeader: kind = EnhancedPacketType.sequenceStart
        case .coded: kind = EnhancedPacketType.codedFrames
        case .endOfSequence: kind = EnhancedPacketType.sequenceEnd
        case .multichannelConfig: kind = EnhancedPacketType.multichannelConfig
        }
        out.writeInteger(FLVCodecs.enhancedAudio << 4 | kind)
        out.writeBytes(fourCC.utf8)
    }
}
