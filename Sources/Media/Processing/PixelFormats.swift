// Pixel formats by name, and what the scaler and encoders need to know about them.
import CFFmpeg
import Model

enum PixelFormats {
    /// The formats that users reach for, in the order of an error text.
    static let common = [
        "yuv420p", "nv12", "yuv422p", "yuyv422", "uyvy422", "yuv444p", "rgb24", "bgr24", "rgba", "bgra", "gray",
    ]

    /// - Throws: `usage` for an unknown name.
    static func named(_ name: String, what: String) throws(SluiceError) -> AVPixelFormat {
        let format = av_get_pix_fmt(name)
        guard format != AV_PIX_FMT_NONE else {
            throw SluiceError(
                .usage, what, why: "unknown pixel format \"\(name)\"",
                hint: "use one of " + common.joined(separator: ", "))
        }
        return format
    }

    static func name(_ format: AVPixelFormat) -> String { text(av_get_pix_fmt_name(format)) ?? "none" }

    static func isRGB(_ format: AVPixelFormat) -> Bool { has(format, UInt64(AV_PIX_FMT_FLAG_RGB)) }

    /// Lives in the memory of a graphics card.
    static func isHardware(_ format: AVPixelFormat) -> Bool { has(format, UInt64(AV_PIX_FMT_FLAG_HWACCEL)) }

    /// The "J" formats are the ordinary ones with full range; the scaler warns of them at each use.
    static func withoutRange(_ format: AVPixelFormat) -> AVPixelFormat {
        switch format {
        case AV_PIX_FMT_YUVJ420P: AV_PIX_FMT_YUV420P
        case AV_PIX_FMT_YUVJ422P: AV_PIX_FMT_YUV422P
        case AV_PIX_FMT_YUVJ444P: AV_PIX_FMT_YUV444P
        case AV_PIX_FMT_YUVJ440P: AV_PIX_FMT_YUV440P
        case AV_PIX_FMT_YUVJ411P: AV_PIX_FMT_YUV411P
        default: format
        }
    }

    /// How many pixels one chroma sample covers, as powers of two.
    static func chromaShift(_ format: AVPixelFormat) -> (horizontal: Int, vertical: Int) {
        guard let descriptor = av_pix_fmt_desc_get(format) else { return (0, 0) }
        return (Int(descriptor.pointee.log2_chroma_w), Int(descriptor.pointee.log2_chroma_h))
    }

    private static func has(_ format: AVPixelFormat, _ flag: UInt64) -> Bool {
        guard let descriptor = av_pix_fmt_desc_get(format) else { return false }
        return descriptor.pointee.flags & flag != 0
    }
}
