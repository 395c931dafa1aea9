// Single pictures as PNG files. A file appears under its name only when it is complete.
import CFFmpeg
public import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Writes snapshots. Any thread; takes some tens of milliseconds for a large picture.
public enum PNGWriter {
    /// Writes `frame`, with square pixels, to `path`; an older file there is replaced.
    ///
    /// - Throws: `cannot_create`, `no_space`; `unsupported_codec` for a picture that cannot be read.
    public static func write(_ frame: Frame, to path: String) throws(SluiceError) {
        let bytes = try encode(frame)
        let draft = "\(path).\(getpid())-\(drafts.wrappingAdd(1, ordering: .relaxed).newValue).part"
        // O_EXCL: never write into what somebody else laid there.
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw OutputFailure.creating(path, errno) }
        do throws(SluiceError) {
            do throws(SluiceError) {
                try bytes.withUnsafeBufferPointer { buffer throws(SluiceError) in
                    try OutputFailure.writeAll(UnsafeRawBufferPointer(buffer), to: file, name: path)
                }
            } catch {
                close(file)
                throw error
            }
            guard close(file) == 0 else { throw OutputFailure.writing(path, errno) }
            guard rename(draft, path) == 0 else { throw OutputFailure.creating(path, errno) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    private static let drafts = Atomic<Int>(0)

    /// The picture as the bytes of a PNG file, with square pixels.
    public static func encode(_ frame: Frame) throws(SluiceError) -> [UInt8] {
        let what = "cannot make a PNG"
        let (width, height) = squareSize(frame)
        let picture = try Scaler(width: width, height: height, pixelFormat: "rgb24", quality: .best).scale(frame)
        guard let codec = avcodec_find_encoder(AV_CODEC_ID_PNG) else {
            throw FFmpegFailure.error(SLUICE_ERROR_ENCODER_NOT_FOUND, what, phase: .codec)
        }
        var context = avcodec_alloc_context3(codec)
        var packet = av_packet_alloc()
        defer {
            avcodec_free_context(&context)
            av_packet_free(&packet)
        }
        guard let context, let packet else { throw FFmpegFailure.outOfMemory(what) }
        context.pointee.width = Int32(width)
        context.pointee.height = Int32(height)
        context.pointee.pix_fmt = AV_PIX_FMT_RGB24
        context.pointee.time_base = AVRational(num: 1, den: 1)
        context.pointee.thread_count = 1
        // Level 1 is three times as fast as the default for a tenth more bytes: a snapshot must not stall a player.
        context.pointee.compression_level = 1
        av_opt_set(context.pointee.priv_data, "pred", "up", 0)
        try FFmpegFailure.check(avcodec_open2(context, codec, nil), what, phase: .codec)
        try FFmpegFailure.check(avcodec_send_frame(context, picture.raw), what, phase: .codec)
        try FFmpegFailure.check(avcodec_receive_packet(context, packet), what, phase: .codec)
        return bytes(packet.pointee.data, Int(packet.pointee.size))
    }

    /// The size at which the picture has its proportions with square pixels; the longer side grows.
    static func squareSize(_ frame: Frame) -> (width: Int, height: Int) {
        guard let aspect = frame.sampleAspect?.positiveValue, (0.05...20).contains(aspect) else {
            return (frame.width, frame.height)
        }
        if aspect > 1 { return (min(16384, Int((Double(frame.width) * aspect).rounded())), frame.height) }
        return (frame.width, min(16384, Int((Double(frame.height) / aspect).rounded())))
    }
}
