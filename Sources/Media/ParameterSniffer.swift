// Learns a track's parameters from its packets as they pass, so that live input needs no probing pause.
import CFFmpeg
import Model

/// One for each track whose container did not say everything. One thread.
final class ParameterSniffer {
    private var parser: UnsafeMutablePointer<AVCodecParserContext>
    private var context: UnsafeMutablePointer<AVCodecContext>
    private var packetsLeft = 500

    /// nil where FFmpeg has no parser for the codec.
    init?(_ parameters: UnsafePointer<AVCodecParameters>) {
        guard let parser = av_parser_init(Int32(bitPattern: parameters.pointee.codec_id.rawValue)) else {
            return nil
        }
        guard let context = avcodec_alloc_context3(nil) else {
            av_parser_close(parser)
            return nil
        }
        self.parser = parser
        self.context = context
        parser.pointee.flags |= Int32(PARSER_FLAG_COMPLETE_FRAMES)
        if avcodec_parameters_to_context(context, parameters) < 0 { return nil }
    }

    deinit {
        av_parser_close(parser)
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
        from data: UnsafePointer<UInt8>?, count: Int32, into parameters: UnsafeMutablePointer<AVCodecParameters>
    )
        -> Bool
    {
        guard let data, count > 0, packetsLeft > 0 else { return false }
        packetsLeft -= 1
        var out: UnsafeMutablePointer<UInt8>?
        var outCount: Int32 = 0
        _ = av_parser_parse2(parser, context, &out, &outCount, data, count, SLUICE_NOPTS, SLUICE_NOPTS, 0)
        let seen = context.pointee
        switch parameters.pointee.codec_type {
        case AVMEDIA_TYPE_VIDEO:
            let width = parser.pointee.width > 0 ? parser.pointee.width : seen.width
            let height = parser.pointee.height > 0 ? parser.pointee.height : seen.height
            guard width > 0, height > 0 else { return false }
            parameters.pointee.width = width
            parameters.pointee.height = height
            if parser.pointee.format >= 0 { parameters.pointee.format = parser.pointee.format }
            if seen.profile != SLUICE_PROFILE_UNKNOWN { parameters.pointee.profile = seen.profile }
            if seen.level > 0 { parameters.pointee.level = seen.level }
            parameters.pointee.video_delay = max(parameters.pointee.video_delay, seen.has_b_frames)
            if seen.sample_aspect_ratio.isUsable {
                parameters.pointee.sample_aspect_ratio = seen.sample_aspect_ratio
            }
            return true
        case AVMEDIA_TYPE_AUDIO:
            guard seen.sample_rate > 0, seen.ch_layout.nb_channels > 0 else { return false }
            parameters.pointee.sample_rate = seen.sample_rate
            av_channel_layout_copy(&parameters.pointee.ch_layout, &context.pointee.ch_layout)
            if seen.profile != SLUICE_PROFILE_UNKNOWN { parameters.pointee.profile = seen.profile }
            if seen.frame_size > 0 { parameters.pointee.frame_size = seen.frame_size }
            return true
        default: return false
        }
    }

    /// Frame rate from the bitstream, where it says one.
    var frameRate: Rational? { Rational.positive(context.pointee.framerate) }
}
