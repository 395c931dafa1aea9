// One decoded picture or block of samples: the owner of one AVFrame. Immutable once it is handed on;
// only the stage that makes a frame writes to it.
import CFFmpeg
public import Model

public final class Frame: @unchecked Sendable, Picture {
    // Safe because the AVFrame is written only by the stage that creates the frame, before it is shared;
    // FFmpeg's buffers are reference-counted atomically.
    let raw: UnsafeMutablePointer<AVFrame>
    /// Presentation time; nil where unknown.
    public let pts: MediaTime?
    public let duration: Span?
    public let kind: TrackKind
    /// Generation of the timeline, copied from the packet it came from.
    public let epoch: Int

    /// Takes ownership of `raw`.
    init(
        owning raw: UnsafeMutablePointer<AVFrame>, kind: TrackKind, pts: MediaTime?, duration: Span? = nil,
        epoch: Int = 0
    ) {
        self.raw = raw
        self.kind = kind
        self.pts = pts
        self.duration = duration
        self.epoch = epoch
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = raw
        av_frame_free(&pointer)
    }

    /// The same content with another time; shares the memory.
    public func retimed(pts: MediaTime?, duration: Span?, epoch: Int? = nil) throws(SluiceError) -> Frame {
        guard let copy = av_frame_clone(raw) else { throw FFmpegFailure.outOfMemory("cannot copy a frame") }
        copy.pointee.pts = SLUICE_NOPTS
        return Frame(owning: copy, kind: kind, pts: pts, duration: duration, epoch: epoch ?? self.epoch)
    }

    // MARK: Making

    /// An unfilled picture; nil pixel format names are the caller's mistake and are refused.
    /// - Throws: `usage` for an unknown pixel format or an impossible size, `internal` without memory.
    static func video(
        width: Int, height: Int, format: AVPixelFormat, pts: MediaTime?, duration: Span? = nil, epoch: Int = 0
    ) throws(SluiceError) -> Frame {
        let what = "cannot make a picture of \(width)x\(height)"
        guard let frame = av_frame_alloc() else { throw FFmpegFailure.outOfMemory(what) }
        let owner = Frame(owning: frame, kind: .video, pts: pts, duration: duration, epoch: epoch)
        guard let w = Int32(exactly: width), let h = Int32(exactly: height), w > 0, h > 0, format != AV_PIX_FMT_NONE
        else { throw SluiceError(.usage, what, why: "no such picture size or pixel format") }
        frame.pointee.width = w
        frame.pointee.height = h
        frame.pointee.format = format.rawValue
        let status = av_frame_get_buffer(frame, 0)
        guard status >= 0 else { throw FFmpegFailure.error(status, what, phase: .codec) }
        return owner
    }

    /// Unfilled sound in FFmpeg's default layout for `channels`.
    static func audio(
        samples: Int, sampleRate: Int, channels: Int, format: AVSampleFormat, pts: MediaTime?,
        duration: Span? = nil, epoch: Int = 0
    ) throws(SluiceError) -> Frame {
        let what = "cannot make \(samples) samples of \(channels) channels"
        guard let frame = av_frame_alloc() else { throw FFmpegFailure.outOfMemory(what) }
        let owner = Frame(owning: frame, kind: .audio, pts: pts, duration: duration, epoch: epoch)
        guard let count = Int32(exactly: samples), let rate = Int32(exactly: sampleRate), count > 0, rate > 0,
            (1...64).contains(channels)
        else { throw SluiceError(.usage, what, why: "no such sound format") }
        frame.pointee.nb_samples = count
        frame.pointee.sample_rate = rate
        frame.pointee.format = format.rawValue
        av_channel_layout_default(&frame.pointee.ch_layout, Int32(channels))
        let status = av_frame_get_buffer(frame, 0)
        guard status >= 0 else { throw FFmpegFailure.error(status, what, phase: .codec) }
        return owner
    }

    // MARK: Video

    public var width: Int { Int(raw.pointee.width) }
    public var height: Int { Int(raw.pointee.height) }
    public var isKeyframe: Bool { sluice_frame_is_key(raw) != 0 }
    public var isInterlaced: Bool { sluice_frame_is_interlaced(raw) != 0 }
    /// The decoder noticed damage in this picture.
    public var isDamaged: Bool {
        raw.pointee.decode_error_flags != 0 || raw.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
    }
    var pixelFormatValue: AVPixelFormat { AVPixelFormat(rawValue: raw.pointee.format) }
    /// FFmpeg's name, e.g. "yuv420p"; empty for sound.
    public var pixelFormat: String {
        kind == .video ? text(av_get_pix_fmt_name(pixelFormatValue)) ?? "" : ""
    }

    public var layout: PictureLayout {
        switch pixelFormatValue {
        case AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P: .i420
        case AV_PIX_FMT_NV12: .nv12
        case AV_PIX_FMT_BGR0, AV_PIX_FMT_BGRA: .bgrx
        default: .other
        }
    }

    /// As the stream says; where it does not, by size as is usual: 720 lines and more are BT.709.
    public var matrix: ColourMatrix {
        switch raw.pointee.colorspace {
        case AVCOL_SPC_BT709: .bt709
        case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: .bt2020
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M, AVCOL_SPC_FCC: .bt601
        default: height >= 720 || width >= 1280 ? .bt709 : .bt601
        }
    }

    public var isFullRange: Bool {
        switch raw.pointee.color_range {
        case AVCOL_RANGE_JPEG: return true
        case AVCOL_RANGE_MPEG: return false
        default:
            let format = pixelFormatValue
            return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P
                || layout == .bgrx
        }
    }

    public var sampleAspect: Rational? {
        let value = raw.pointee.sample_aspect_ratio
        guard value.isUsable, value.num != value.den else { return nil }
        return Rational(value)
    }

    /// Lends the planes; a plane with a negative stride is lent as it is.
    public func withPlanes<R>(_ body: (PicturePlanes) -> R) -> R {
        var planes: [(base: UnsafePointer<UInt8>, stride: Int)] = []
        planes.reserveCapacity(3)
        let data = raw.pointee.data
        let strides = raw.pointee.linesize
        for (plane, stride) in [
            (data.0, strides.0), (data.1, strides.1), (data.2, strides.2), (data.3, strides.3),
        ] {
            guard let plane else { break }
            planes.append((UnsafePointer(plane), Int(stride)))
        }
        return withExtendedLifetime(self) { body(PicturePlanes(planes: planes)) }
    }

    /// H.264/HEVC user data SEI of this picture: 16 bytes UUID, then the payload.
    public var userDataSEI: [[UInt8]] {
        var found: [[UInt8]] = []
        for index in 0..<Int(raw.pointee.nb_side_data) {
            guard let entry = raw.pointee.side_data?[index],
                entry.pointee.type == AV_FRAME_DATA_SEI_UNREGISTERED
            else { continue }
            found.append(bytes(entry.pointee.data, entry.pointee.size))
        }
        return found
    }

    // MARK: Audio

    /// Hz; 0 for pictures.
    public var sampleRate: Int { Int(raw.pointee.sample_rate) }
    public var channels: Int { Int(raw.pointee.ch_layout.nb_channels) }
    /// Samples of each channel.
    public var sampleCount: Int { Int(raw.pointee.nb_samples) }
    var sampleFormatValue: AVSampleFormat { AVSampleFormat(rawValue: raw.pointee.format) }
    /// FFmpeg's name of the sample format, e.g. "fltp"; empty for pictures.
    public var sampleFormat: String {
        kind == .audio ? text(av_get_sample_fmt_name(sampleFormatValue)) ?? "" : ""
    }
    /// Pixel or sample format, whichever it has.
    public var formatName: String { kind == .video ? pixelFormat : sampleFormat }
}
