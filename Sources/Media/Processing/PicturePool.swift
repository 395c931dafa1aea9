// Memory for pictures, taken from a pool: at 60 pictures a second of 1080p, allocating each anew costs
// more in page faults than drawing it. Buffers return by themselves when the last frame lets go.
import CFFmpeg
import Model

/// Hands out empty pictures of one size and format. One thread at a time; the pictures may live on and
/// end on any thread, also after the pool.
final class PicturePool {
    let width: Int
    let height: Int
    let format: AVPixelFormat
    /// Bytes of one picture in the pool's own line packing.
    let byteCount: Int
    private let align: Int32
    private var pool: OpaquePointer?

    /// - Parameter align: Bytes that each line is a multiple of; 1 packs the lines tightly.
    init(width: Int, height: Int, format: AVPixelFormat, align: Int32 = 64) throws(SluiceError) {
        self.width = width
        self.height = height
        self.format = format
        self.align = align
        let size = av_image_get_buffer_size(format, Int32(clamping: width), Int32(clamping: height), align)
        guard size > 0, width > 0, height > 0 else {
            byteCount = 0
            throw SluiceError(.usage, "cannot make a picture", why: "\(width)x\(height) is not a possible size")
        }
        byteCount = Int(size)
        // The scaler's and the encoder's vector code reads some bytes past the last line.
        pool = av_buffer_pool_init(byteCount + 128, nil)
    }

    deinit { av_buffer_pool_uninit(&pool) }

    func matches(width: Int, height: Int, format: AVPixelFormat) -> Bool {
        self.width == width && self.height == height && self.format == format
    }

    /// An empty picture; its content is undefined. The caller owns it.
    func take() throws(SluiceError) -> UnsafeMutablePointer<AVFrame> {
        guard let buffer = av_buffer_pool_get(pool), let base = buffer.pointee.data else {
            throw FFmpegFailure.outOfMemory("cannot make a picture")
        }
        var made = av_frame_alloc()
        guard let frame = made else {
            var unused: UnsafeMutablePointer<AVBufferRef>? = buffer
            av_buffer_unref(&unused)
            throw FFmpegFailure.outOfMemory("cannot make a picture")
        }
        frame.pointee.width = Int32(width)
        frame.pointee.height = Int32(height)
        frame.pointee.format = format.rawValue
        frame.pointee.buf.0 = buffer
        guard processing_fill_arrays(frame, base, align) >= 0 else {
            av_frame_free(&made)
            throw FFmpegFailure.outOfMemory("cannot make a picture")
        }
        return frame
    }
}
