// Learns a track's parameters from its packets as they pass, so that live input needs no probing pause.
import CFFmpeg
import Model

/// One for each track whose container did not say everything. One thread.
/// Pictures are only parsed; sound is decoded, which is cheap and the only way to know what HE-AAC or LATM hold.
final class ParameterSniffer {
    private let parser: UnsafeMutablePointer<AVCodecParserContext>?
    private let context: UnsafeMutablePointer<AVCodecContext>
    private var packetsLeft = 500

    /// nil where FFmpeg has no parser or decoder for the codec.
    init?(_ parameters: UnsafePointer<AVCodecParameters>) {
        let isAudio = parameters.pointee.codec_type == AVMEDIA_TYPE_AUDIO
        let codec = isAudio ? avcodec_find_decoder(parameters.pointee.codec_id) : nil
        guard let made = avcodec_alloc_context3(codec) else { return nil }
        context = made
        parser = isAudio ? nil : av_parser_init(Int32(bitPattern: parameters.pointee.codec_id.rawValue))
        parser?.pointee.flags |= Int32(PARSER_FLAG_COMPLETE_FRAMES)
        made.pointee.thread_count = 1
        guard codec != nil || parser != nil, avcodec_parameters_to_context(made, parameters) >= 0 else {
            return nil
        }
        if isAudio, avcodec_open2(made, codec, nil) < 0 { return nil }
    }

    deinit {
        if let parser { av_parser_close(parser) }
        var pointer: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&pointer)
    }

    var isExhausted: Bool { packetsLeft <= 0 }

    /// Whether `parameters` lack what a decoder or a muxer needs.
    static func isIncomplete(_ parameters: AVCodecParameters) -> Bool {
        guard parameters.codec_id != AV_CODEC_ID_NONE else { return false }
        switch parameters.codec_type {
        case AVMEDIA_TYPE_VIDEO: return parameters.width <= 0 || parameters.height <= 0
        case AVMEDIA_TYPE_AUDIO: return parameters.sample_rate <= 0 || parameters.ch_layout.nb_channels <= 0
        default: return false
        }
    }

    /// Looks at one packet. Returns true once all that was missing has been filled into `parameters`.
    func learn(
        from packet: UnsafeMutablePointer<AVPacket>, into parameters: UnsafeMutablePointer<AVCodecParameters>
    ) -> Bool {
        guard packet.pointee.data != nil, packet.pointee.size > 0, packetsLeft > 0 else { return false }
        packetsLeft -= 1
        return if let parser { learnPicture(parser, packet, parameters) } else { learnSound(packet, parameters) }
    }

    private func learnPicture(
        _ parser: UnsafeMutablePointer<AVCodecParserContext>, _ packet: UnsafeMutablePointer<AVPacket>,
        _ parameters: UnsafeMutablePointer<AVCodecParameters>
    ) -> Bool {
        var out: UnsafeMutablePointer<UInt8>?
        var outCount: Int32 = 0
        _ = av_parser_parse2(
            parser, context, &out, &outCount, packet.pointee.data, packet.pointee.size, SLUICE_NOPTS, SLUICE_NOPTS,
            0)
        let seen = context.pointee
        let width = parser.pointee.width > 0 ? parser.pointee.width : seen.width
        let height = parser.pointee.height > 0 ? parser.pointee.height : seen.height
        guard width > 0, height > 0 else { return false }
        parameters.pointee.width = width
        parameters.pointee.height = height
        if parser.pointee.format >= 0 { parameters.pointee.format = parser.pointee.format }
        if seen.profile != SLUICE_PROFILE_UNKNOWN { parameters.pointee.profile = seen.profile }
        if seen.level > 0 { parameters.pointee.level = seen.level }
        parameters.pointee.video_delay = max(parameters.pointee.video_delay, seen.has_b_frames)
        if seen.sample_aspect_ratio.isUsable { parameters.pointee.sample_aspect_ratio = seen.sample_aspect_ratio }
        return true
    }

    private func learnSound(
        _ packet: UnsafeMutablePointer<AVPacket>, _ parameters: UnsafeMutablePointer<AVCodecParameters>
    ) -> Bool {
        guard avcodec_send_packet(context, packet) >= 0 else { return false }
        var frame = av_frame_alloc()
        defer { av_frame_free(&frame) }
        guard avcodec_receive_frame(context, frame) >= 0 else { return false }
        let seen = context.pointee
        guard seen.sample_rate > 0, seen.ch_layout.nb_channels > 0 else { return false }
        parameters.pointee.sample_rate = seen.sample_rate
        av_channel_layout_copy(&parameters.pointee.ch_layout, &context.pointee.ch_layout)
        if seen.profile != SLUICE_PROFILE_UNKNOWN { parameters.pointee.profile = seen.profile }
        if seen.frame_size > 0 { parameters.pointee.frame_size = seen.frame_size }
        return true
    }

    /// Frame rate from the bitstream, where it says one.
    var frameRate: Rational? { Rational.positive(context.pointee.framerate) }
}
