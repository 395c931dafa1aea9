// The owner of one AVCodecParameters, and the translation between it and `Track`.
import CFFmpeg
import Model

/// Immutable once it is part of a `Track`.
final class CodecParameters: NativeParameters, @unchecked Sendable {
    // Safe because nobody writes to the parameters after `init` or the making function has returned.
    let raw: UnsafeMutablePointer<AVCodecParameters>

    init() throws(SluiceError) {
        guard let made = avcodec_parameters_alloc() else {
            throw FFmpegFailure.outOfMemory("cannot describe a track")
        }
        raw = made
    }

    convenience init(copying other: UnsafePointer<AVCodecParameters>) throws(SluiceError) {
        try self.init()
        try FFmpegFailure.check(avcodec_parameters_copy(raw, other), "cannot describe a track", phase: .codec)
    }

    /// From an opened encoder or decoder.
    convenience init(of context: UnsafePointer<AVCodecContext>) throws(SluiceError) {
        try self.init()
        try FFmpegFailure.check(
            avcodec_parameters_from_context(raw, context), "cannot describe a track", phase: .codec)
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecParameters>? = raw
        avcodec_parameters_free(&pointer)
    }

    /// What `track` says, in FFmpeg's form: its native parameters, where it has some, overlaid with its fields.
    /// - Throws: `unsupported_codec` for a codec that FFmpeg does not know.
    convenience init(track: Track) throws(SluiceError) {
        try self.init()
        if let native = track.native as? CodecParameters {
            try FFmpegFailure.check(
                avcodec_parameters_copy(raw, native.raw), "cannot describe a track", phase: .codec)
        }
        guard let descriptor = avcodec_descriptor_get_by_name(track.codec.rawValue) else {
            throw SluiceError(
                .unsupportedCodec, "cannot handle \(track.kind.rawValue) track \(track.id)",
                why: "unknown codec \"\(track.codec.rawValue)\"")
        }
        raw.pointee.codec_id = descriptor.pointee.id
        raw.pointee.codec_type = descriptor.pointee.type
        try setConfiguration(track.configuration)
        if let rate = track.bitRate, rate > 0 { raw.pointee.bit_rate = Int64(rate) }
        if let video = track.video { set(video) }
        if let audio = track.audio { set(audio) }
    }

    func setConfiguration(_ configuration: [UInt8]) throws(SluiceError) {
        guard bytes(raw.pointee.extradata, Int(raw.pointee.extradata_size)) != configuration else { return }
        av_freep(&raw.pointee.extradata)
        raw.pointee.extradata_size = 0
        guard !configuration.isEmpty else { return }
        let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
        guard let memory = av_mallocz(configuration.count + padding) else {
            throw FFmpegFailure.outOfMemory("cannot describe a track")
        }
        memory.copyMemory(from: configuration, byteCount: configuration.count)
        raw.pointee.extradata = memory.assumingMemoryBound(to: UInt8.self)
        raw.pointee.extradata_size = Int32(clamping: configuration.count)
    }

    private func set(_ video: VideoParameters) {
        if video.width > 0, video.height > 0 {
            raw.pointee.width = Int32(clamping: video.width)
            raw.pointee.height = Int32(clamping: video.height)
        }
        if let aspect = video.sampleAspect?.native { raw.pointee.sample_aspect_ratio = aspect }
        if let name = video.pixelFormat {
            let format = av_get_pix_fmt(name)
            if format != AV_PIX_FMT_NONE { raw.pointee.format = format.rawValue }
        }
        if let depth = video.reorderDepth { raw.pointee.video_delay = Int32(clamping: depth) }
    }

    private func set(_ audio: AudioParameters) {
        if audio.sampleRate > 0 { raw.pointee.sample_rate = Int32(clamping: audio.sampleRate) }
        if audio.channels > 0, Int(raw.pointee.ch_layout.nb_channels) != audio.channels {
            av_channel_layout_uninit(&raw.pointee.ch_layout)
            if let name = audio.channelLayout, av_channel_layout_from_string(&raw.pointee.ch_layout, name) >= 0,
                Int(raw.pointee.ch_layout.nb_channels) == audio.channels
            {
                return
            }
            av_channel_layout_uninit(&raw.pointee.ch_layout)
            av_channel_layout_default(&raw.pointee.ch_layout, Int32(clamping: audio.channels))
        }
    }

    // MARK: To a track

    var kind: TrackKind {
        switch raw.pointee.codec_type {
        case AVMEDIA_TYPE_VIDEO: .video
        case AVMEDIA_TYPE_AUDIO: .audio
        default: .data
        }
    }

    /// FFmpeg's short name; "none" for unknown codecs.
    var codec: Codec { Codec(rawValue: text(avcodec_get_name(raw.pointee.codec_id)) ?? "none") }
    var configuration: [UInt8] { bytes(raw.pointee.extradata, Int(raw.pointee.extradata_size)) }
    var profile: String? { text(avcodec_profile_name(raw.pointee.codec_id, raw.pointee.profile)) }

    /// The track these parameters describe; `self` becomes its native parameters.
    func track(id: Int, frameRate: Rational? = nil) -> Track {
        var track = Track(id: id, kind: kind, codec: codec, configuration: configuration, native: self)
        if raw.pointee.bit_rate > 0 { track.bitRate = Int(raw.pointee.bit_rate) }
        switch kind {
        case .video:
            let aspect = Rational.positive(raw.pointee.sample_aspect_ratio)
            track.video = VideoParameters(
                width: Int(raw.pointee.width), height: Int(raw.pointee.height), frameRate: frameRate,
                sampleAspect: aspect.flatMap { $0.numerator == $0.denominator ? nil : $0 },
                pixelFormat: text(av_get_pix_fmt_name(AVPixelFormat(rawValue: raw.pointee.format))),
                profile: profile, reorderDepth: raw.pointee.width > 0 ? Int(raw.pointee.video_delay) : nil)
        case .audio:
            track.audio = AudioParameters(
                sampleRate: Int(raw.pointee.sample_rate), channels: Int(raw.pointee.ch_layout.nb_channels),
                channelLayout: layoutName, profile: profile)
        case .data: break
        }
        return track
    }

    private var layoutName: String? {
        guard raw.pointee.ch_layout.nb_channels > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress,
                av_channel_layout_describe(&raw.pointee.ch_layout, base, 128) > 0
            else { return nil }
            return text(base)
        }
    }
}
