// Pictures in another size or pixel format. Does not crop, turn or touch time: that is the filter graph's.
import CFFmpeg
public import Model

/// Converts pictures one after the other; adapts itself when the input changes. One thread at a time.
public final class Scaler {
    /// What to spend.
    public enum Quality: Sendable {
        /// For the screen and for raw output: as fast as possible.
        case fast
        /// For what is encoded: sharp, still real-time.
        case sharp
        /// For single pictures: the best there is.
        case best
    }

    private let width: Int?
    private let height: Int?
    private let target: AVPixelFormat?
    private let quality: Quality
    private var context: OpaquePointer?
    private var configured: Configuration?
    private var pool: PicturePool?

    /// - Parameters:
    ///   - width: Pixels; nil keeps the input's (or its proportion, when only the other one is given).
    ///   - height: As `width`.
    ///   - pixelFormat: FFmpeg's name; nil keeps the input's.
    /// - Throws: `usage` for an unknown pixel format, one that cannot be made, or a size that is not positive.
    public init(
        width: Int? = nil, height: Int? = nil, pixelFormat: String? = nil, quality: Quality = .fast
    ) throws(SluiceError) {
        let what = "cannot convert pictures"
        for side in [width, height].compactMap(\.self) where !(1...16384).contains(side) {
            throw SluiceError(.usage, what, why: "a side of \(side) pixels is not possible")
        }
        if let name = pixelFormat {
            let format = try PixelFormats.named(name, what: what)
            guard sws_isSupportedOutput(format) != 0 else {
                throw SluiceError(
                    .usage, what, why: "pixel format \"\(name)\" cannot be made",
                    hint: "use one of " + PixelFormats.common.joined(separator: ", "))
            }
            target = format
        } else {
            target = nil
        }
        self.width = width
        self.height = height
        self.quality = quality
    }

    deinit { sws_freeContext(context) }

    /// The same picture in the wanted size and format; the very same object where nothing is to be done.
    ///
    /// Time, epoch, colour description and side data are kept; the shape of a pixel is adjusted so that the
    /// picture is shown in its old proportions.
    /// - Throws: `unsupported_codec` when the input's format cannot be read, `internal` without memory.
    public func scale(_ frame: Frame) throws(SluiceError) -> Frame {
        let wanted = try configuration(for: frame)
        if wanted.isIdentity { return frame }
        let context = try context(for: wanted)
        let pool = try pool(for: wanted)
        let output = try pool.take()
        let owner = Frame(
            owning: output, kind: .video, pts: frame.pts, duration: frame.duration, epoch: frame.epoch)
        try FFmpegFailure.check(
            av_frame_copy_props(output, frame.raw), "cannot convert a picture", phase: .codec)
        tag(output, frame, wanted)
        try FFmpegFailure.check(
            processing_sws_scale(context, frame.raw, output), "cannot convert a picture", phase: .codec)
        return owner
    }

    // MARK: Configuration

    private struct Configuration: Equatable {
        var source: Side
        var target: Side
        struct Side: Equatable {
            var width: Int
            var height: Int
            var format: AVPixelFormat
            var matrix: Int32
            var isFullRange: Bool
        }
        /// A difference in range alone is left as it is: the tags say it.
        var isIdentity: Bool { source == target }
    }

    private func configuration(for frame: Frame) throws(SluiceError) -> Configuration {
        guard frame.kind == .video, frame.width > 0, frame.height > 0 else {
            throw SluiceError(.internal, "cannot convert a picture", why: "the frame holds no picture")
        }
        let format = PixelFormats.withoutRange(frame.pixelFormatValue)
        let isRGB = PixelFormats.isRGB(format)
        let source = Configuration.Side(
            width: frame.width, height: frame.height, format: format,
            matrix: ColourTags.scalerMatrix(of: frame), isFullRange: isRGB || frame.isFullRange)
        var target = source
        (target.width, target.height) = size(for: frame)
        if let wanted = self.target {
            target.format = PixelFormats.withoutRange(wanted)
            let wantsRGB = PixelFormats.isRGB(wanted)
            if wanted != target.format || wantsRGB {
                target.isFullRange = true
            } else if isRGB {
                target.isFullRange = false
                target.matrix = target.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601
            }
        }
        return Configuration(source: source, target: target)
    }

    private func size(for frame: Frame) -> (Int, Int) {
        switch (width, height) {
        case (let width?, let height?): (width, height)
        case (let width?, nil):
            (width, max(2, (frame.height * width / max(1, frame.width) + 1) & ~1))
        case (nil, let height?):
            (max(2, (frame.width * height / max(1, frame.height) + 1) & ~1), height)
        case (nil, nil): (frame.width, frame.height)
        }
    }

    private func context(for wanted: Configuration) throws(SluiceError) -> OpaquePointer {
        if configured == wanted, let context { return context }
        configured = nil
        let what = "cannot convert a picture"
        guard !PixelFormats.isHardware(wanted.source.format), sws_isSupportedInput(wanted.source.format) != 0 else {
            throw SluiceError(
                .unsupportedCodec, what,
                why: "pixel format \"\(PixelFormats.name(wanted.source.format))\" cannot be read")
        }
        let source = wanted.source
        let target = wanted.target
        sws_freeContext(context)
        context = sws_getContext(
            Int32(source.width), Int32(source.height), source.format, Int32(target.width), Int32(target.height),
            target.format, flags(wanted), nil, nil, nil)
        guard let context else {
            throw SluiceError(
                .unsupportedCodec, what,
                why: "no way from \(PixelFormats.name(source.format)) \(source.width)x\(source.height) to "
                    + "\(PixelFormats.name(target.format)) \(target.width)x\(target.height)")
        }
        // Refused (-1) between formats without colour, e.g. gray to gray: there is nothing to set then.
        _ = processing_set_colours(
            context, source.matrix, source.isFullRange ? 1 : 0, target.matrix, target.isFullRange ? 1 : 0)
        configured = wanted
        return context
    }

    private func flags(_ wanted: Configuration) -> Int32 {
        switch quality {
        case .fast: SWS_BILINEAR
        case .sharp: SWS_BICUBIC
        case .best: SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP
        }
    }

    private func pool(for wanted: Configuration) throws(SluiceError) -> PicturePool {
        let target = wanted.target
        if let pool, pool.matches(width: target.width, height: target.height, format: target.format) { return pool }
        let made = try PicturePool(width: target.width, height: target.height, format: target.format)
        pool = made
        return made
    }

    private func tag(_ output: UnsafeMutablePointer<AVFrame>, _ frame: Frame, _ wanted: Configuration) {
        let aspect = frame.raw.pointee.sample_aspect_ratio
        if aspect.isUsable
            || wanted.source.width * wanted.target.height != wanted.source.height * wanted.target.width
        {
            let num = Int64(aspect.isUsable ? aspect.num : 1) * Int64(wanted.source.width * wanted.target.height)
            let den = Int64(aspect.isUsable ? aspect.den : 1) * Int64(wanted.source.height * wanted.target.width)
            var reduced = AVRational()
            av_reduce(&reduced.num, &reduced.den, num, den, Int64(Int32.max))
            // Asked for both sides, a rounding of the proportion by a pixel is not worth a tag that
            // makes every player resample.
            let isNearlySquare = abs(num * 200 - den * 200) <= den
            output.pointee.sample_aspect_ratio = isNearlySquare ? AVRational(num: 1, den: 1) : reduced
        }
        let target = wanted.target
        output.pointee.color_range = target.isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
        if PixelFormats.isRGB(target.format) {
            output.pointee.colorspace = AVCOL_SPC_RGB
        } else if PixelFormats.isRGB(wanted.source.format) || output.pointee.colorspace == AVCOL_SPC_UNSPECIFIED {
            // Said now, because the guess by size may be another one after scaling.
            output.pointee.colorspace = target.matrix == SWS_CS_ITU709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
        }
        // Cropping marks belong to the input's buffers.
        output.pointee.crop_left = 0
        output.pointee.crop_right = 0
        output.pointee.crop_top = 0
        output.pointee.crop_bottom = 0
    }
}

enum ColourTags {
    /// The matrix that is guessed for a frame without one, as FFmpeg's value.
    static func guessed(for frame: Frame) -> AVColorSpace {
        if PixelFormats.isRGB(frame.pixelFormatValue) { return AVCOL_SPC_RGB }
        return frame.matrix == .bt709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
    }

    /// The scaler's number for the frame's matrix; by size where the stream does not say.
    static func scalerMatrix(of frame: Frame) -> Int32 {
        switch frame.raw.pointee.colorspace {
        case AVCOL_SPC_FCC: return SWS_CS_FCC
        case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M
        default: break
        }
        return switch frame.matrix {
        case .bt601: SWS_CS_ITU601
        case .bt709: SWS_CS_ITU709
        case .bt2020: SWS_CS_BT2020
        }
    }
}
