// Decoded pictures as a plain stream of bytes, for other programs. Converts to one size and pixel format,
// so that a reader can count on the length of a frame.
import CFFmpeg
public import Model

/// Writes raw pictures to a file or a pipe. One thread at a time; blocks as long as the reader of a pipe does,
/// but not for long after a cancel.
public final class RawVideoWriter {
    private let target: PatientOutput
    private let name: String
    private let pixelFormat: String?
    private var size: PictureSize?
    private var scaler: Scaler?
    private var buffer: [UInt8] = []
    /// The format that is written; known after the first picture.
    public private(set) var writtenFormat: String?
    public private(set) var frameCount = 0

    /// - Parameters:
    ///   - address: A file or "-".
    ///   - pixelFormat: FFmpeg's name; nil keeps that of the first picture.
    ///   - size: nil: that of the first picture, also when the stream's changes later.
    ///   - cancel: Once set, opening and writing wait for no reader any more, and return without an error.
    /// - Throws: `cannot_create`, `no_space`, `usage` for an unknown pixel format.
    public init(
        _ address: MediaAddress, pixelFormat: String?, size: PictureSize?, cancel: CancelFlag? = nil
    ) throws(SluiceError) {
        if let pixelFormat { _ = try Scaler(pixelFormat: pixelFormat) }
        self.pixelFormat = pixelFormat
        self.size = size
        if address.scheme == .standardStream {
            name = "standard output"
            target = PatientOutput(borrowing: 1, name: name, cancel: cancel)
        } else {
            name = address.path
            target = try PatientOutput(path: name, cancel: cancel)
        }
    }

    /// - Throws: `no_space`, or `cannot_create` with code EPIPE when the reader has gone.
    public func write(_ frame: Frame) throws(SluiceError) {
        if scaler == nil {
            let fitted = size.map { fit($0, frame) } ?? PictureSize(width: frame.width, height: frame.height)
            size = fitted
            writtenFormat = pixelFormat ?? frame.pixelFormat
            scaler = try Scaler(width: fitted.width, height: fitted.height, pixelFormat: writtenFormat)
        }
        guard let picture = try scaler?.scale(frame) else { return }
        try pack(picture)
        let isWhole = try buffer.withUnsafeBufferPointer { bytes throws(SluiceError) in
            try target.write(UnsafeRawBufferPointer(bytes))
        }
        if isWhole { frameCount += 1 }
    }

    /// A side of 0 follows from the other.
    private func fit(_ wanted: PictureSize, _ frame: Frame) -> PictureSize {
        var fitted = wanted
        if fitted.width == 0 { fitted.width = max(2, wanted.height * frame.width / frame.height & ~1) }
        if fitted.height == 0 { fitted.height = max(2, wanted.width * frame.height / frame.width & ~1) }
        return fitted
    }

    private func pack(_ picture: Frame) throws(SluiceError) {
        let raw = picture.raw
        let format = picture.pixelFormatValue
        let count = av_image_get_buffer_size(format, raw.pointee.width, raw.pointee.height, 1)
        try FFmpegFailure.check(count, "cannot write \(name)", phase: .codec)
        if buffer.count != Int(count) { buffer = [UInt8](repeating: 0, count: Int(count)) }
        let status = buffer.withUnsafeMutableBufferPointer { out in
            processing_copy_picture(out.baseAddress, count, raw)
        }
        try FFmpegFailure.check(status, "cannot write \(name)", phase: .codec)
    }
}
