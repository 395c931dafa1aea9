// How the settings of a video encoder become FFmpeg's fields and options.
import CFFmpeg
import Model

extension VideoEncoder {
    static func open(_ settings: Settings, _ model: Frame?) throws(SluiceError) -> UnsafeMutablePointer<
        AVCodecContext
    > {
        let what = "cannot encode video"
        let isHEVC = settings.codec == .hevc
        let name = isHEVC ? "libx265" : "libx264"
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw SluiceError(.unsupportedCodec, what, why: "FFmpeg on this machine has no \(name)")
        }
        var made = avcodec_alloc_context3(codec)
        guard let context = made else { throw FFmpegFailure.outOfMemory(what) }
        do throws(SluiceError) {
            context.pointee.width = Int32(settings.width)
            context.pointee.height = Int32(settings.height)
            context.pointee.pix_fmt = PixelFormats.withoutRange(
                try PixelFormats.named(settings.pixelFormat, what: what))
            context.pointee.framerate = settings.frameRate.native ?? AVRational(num: 30, den: 1)
            // Nanoseconds through and through: what goes in as a time comes out as the same time.
            context.pointee.time_base = SLUICE_NANOSECONDS
            context.pointee.gop_size = Int32(clamping: settings.effectiveGOP)
            context.pointee.keyint_min = Int32(clamping: settings.effectiveGOP)
            context.pointee.max_b_frames = Int32(clamping: settings.bFrames)
            context.pointee.thread_count = settings.effectiveThreads
            if settings.tune?.contains("zerolatency") == true {
                context.pointee.thread_type = FF_THREAD_SLICE
            }
            if settings.globalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
            setRates(context, settings)
            setColours(context, settings, model)
            try setOptions(context, settings, what)
            let status = avcodec_open2(context, codec, nil)
            guard status >= 0 else {
                throw SluiceError(
                    .usage, what,
                    why: "\(name) refuses \(settings.width)x\(settings.height) \(settings.pixelFormat)"
                        + (settings.profile.map { " in profile \($0)" } ?? ""),
                    hint: "try another profile or pixel format", code: Int(status))
            }
        } catch {
            avcodec_free_context(&made)
            throw error
        }
        return context
    }

    /// Maximum and average are the same: a live link has no use for a rate that is exceeded.
    static func setRates(_ context: UnsafeMutablePointer<AVCodecContext>, _ settings: Settings) {
        context.pointee.bit_rate = Int64(settings.effectiveBitRate)
        guard settings.vbvBits > 0 else { return }
        context.pointee.rc_max_rate = Int64(settings.effectiveBitRate)
        context.pointee.rc_buffer_size = Int32(clamping: settings.vbvBits)
    }

    private static func setOptions(
        _ context: UnsafeMutablePointer<AVCodecContext>, _ settings: Settings, _ what: String
    ) throws(SluiceError) {
        var options = [("preset", settings.preset), ("forced-idr", "1")]
        if let tune = settings.tune { options.append(("tune", tune)) }
        if let profile = settings.profile { options.append(("profile", profile)) }
        if settings.codec == .hevc {
            // x265 prints to stderr by itself; an open GOP cannot be joined at its first picture.
            options.append(("x265-params", "log-level=none:scenecut=0:open-gop=0"))
        } else {
            options.append(("sc_threshold", "0"))
            // Announces the frame rate in the SPS instead of the nanosecond base.
            options.append(("x264-params", "force-cfr=1"))
        }
        for (name, value) in options {
            let status = av_opt_set(context, name, value, AV_OPT_SEARCH_CHILDREN)
            guard status >= 0 else {
                throw SluiceError(
                    .usage, what, why: "the encoder refuses \(name) \"\(value)\"", code: Int(status))
            }
        }
    }

    /// Says explicitly what a player would otherwise guess from the size.
    private static func setColours(
        _ context: UnsafeMutablePointer<AVCodecContext>, _ settings: Settings, _ model: Frame?
    ) {
        let raw = model?.raw.pointee
        let matrix = model?.matrix ?? (settings.height >= 720 || settings.width >= 1280 ? .bt709 : .bt601)
        let isFull = model?.isFullRange ?? false
        context.pointee.color_range = isFull ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
        let known = raw.map { $0.colorspace != AVCOL_SPC_UNSPECIFIED && $0.colorspace != AVCOL_SPC_RGB } ?? false
        switch matrix {
        case .bt709:
            context.pointee.colorspace = AVCOL_SPC_BT709
            context.pointee.color_primaries = AVCOL_PRI_BT709
            context.pointee.color_trc = AVCOL_TRC_BT709
        case .bt601:
            context.pointee.colorspace = AVCOL_SPC_SMPTE170M
            context.pointee.color_primaries = AVCOL_PRI_SMPTE170M
            context.pointee.color_trc = AVCOL_TRC_SMPTE170M
        case .bt2020:
            context.pointee.colorspace = AVCOL_SPC_BT2020_NCL
            context.pointee.color_primaries = AVCOL_PRI_BT2020
            context.pointee.color_trc = AVCOL_TRC_BT2020_10
        }
        if let raw, known {
            context.pointee.colorspace = raw.colorspace
            if raw.color_primaries != AVCOL_PRI_UNSPECIFIED {
                context.pointee.color_primaries = raw.color_primaries
            }
            if raw.color_trc != AVCOL_TRC_UNSPECIFIED { context.pointee.color_trc = raw.color_trc }
        }
        if let aspect = settings.sampleAspect?.native {
            context.pointee.sample_aspect_ratio = aspect
        } else if let raw, raw.sample_aspect_ratio.isUsable {
            context.pointee.sample_aspect_ratio = raw.sample_aspect_ratio
        }
    }
}
