// Custom byte input and output for FFmpeg: one owner for an AVIOContext, its buffer and the closures
// behind it. Callbacks never throw; they answer with AVERROR numbers.
import CFFmpeg
import Glibc
import Model

/// Where a demuxer gets bytes from, or a muxer puts them.
final class ByteChannel {
    typealias Read = (UnsafeMutableRawBufferPointer) -> Int
    typealias Write = (UnsafeRawBufferPointer) -> Int
    /// (offset, whence) → new position or a negative AVERROR. AVSEEK_SIZE asks for the size.
    typealias Seek = (Int64, Int32) -> Int64

    private(set) var context: UnsafeMutablePointer<AVIOContext>
    private let callbacks: Callbacks

    /// - Parameter read: Bytes put into the buffer; 0 at the end; a negative AVERROR on failure.
    convenience init(reading read: @escaping Read, seek: Seek? = nil) throws(SluiceError) {
        try self.init(Callbacks(read: read, write: nil, seek: seek), size: 32 * 1024)
    }

    /// - Parameter write: Bytes taken (all of them), or a negative AVERROR.
    convenience init(writing write: @escaping Write, seek: Seek? = nil) throws(SluiceError) {
        try self.init(Callbacks(read: nil, write: write, seek: seek), size: 64 * 1024)
    }

    private init(_ callbacks: Callbacks, size: Int32) throws(SluiceError) {
        let what = "cannot prepare input or output"
        guard let memory = av_malloc(Int(size)) else { throw FFmpegFailure.outOfMemory(what) }
        let buffer = memory.assumingMemoryBound(to: UInt8.self)
        // Safe because `self` keeps `callbacks` alive for longer than the context.
        let opaque = Unmanaged.passUnretained(callbacks).toOpaque()
        let made =
            callbacks.write == nil
            ? avio_alloc_context(buffer, size, 0, opaque, readEntry, nil, nil)
            : sluice_avio_writer(buffer, size, opaque, writeEntry)
        guard let made else {
            av_free(memory)
            throw FFmpegFailure.outOfMemory(what)
        }
        if callbacks.seek != nil {
            made.pointee.seek = seekEntry
            made.pointee.seekable = AVIO_SEEKABLE_NORMAL
        } else {
            made.pointee.seekable = 0
        }
        context = made
        self.callbacks = callbacks
    }

    deinit {
        av_freep(&context.pointee.buffer)
        var pointer: UnsafeMutablePointer<AVIOContext>? = context
        avio_context_free(&pointer)
    }

    fileprivate final class Callbacks {
        let read: Read?
        let write: Write?
        let seek: Seek?
        init(read: Read?, write: Write?, seek: Seek?) {
            self.read = read
            self.write = write
            self.seek = seek
        }
    }
}

private func readEntry(_ opaque: UnsafeMutableRawPointer?, _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int32)
    -> Int32
{
    guard let opaque, let bytes, count > 0 else { return SLUICE_ERROR_EINVAL }
    // Safe because the ByteChannel holds the object for as long as the context exists.
    let callbacks = Unmanaged<ByteChannel.Callbacks>.fromOpaque(opaque).takeUnretainedValue()
    guard let read = callbacks.read else { return SLUICE_ERROR_NOSYS }
    let got = read(UnsafeMutableRawBufferPointer(start: bytes, count: Int(count)))
    if got == 0 { return SLUICE_ERROR_EOF }
    return got < 0 ? Int32(clamping: got) : Int32(clamping: min(got, Int(count)))
}

private func writeEntry(_ opaque: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<UInt8>?, _ count: Int32) -> Int32
{
    guard let opaque, let bytes, count > 0 else { return 0 }
    // Safe because the ByteChannel holds the object for as long as the context exists.
    let callbacks = Unmanaged<ByteChannel.Callbacks>.fromOpaque(opaque).takeUnretainedValue()
    guard let write = callbacks.write else { return SLUICE_ERROR_NOSYS }
    return Int32(clamping: write(UnsafeRawBufferPointer(start: bytes, count: Int(count))))
}

private func seekEntry(_ opaque: UnsafeMutableRawPointer?, _ offset: Int64, _ whence: Int32) -> Int64 {
    guard let opaque else { return Int64(SLUICE_ERROR_EINVAL) }
    // Safe because the ByteChannel holds the object for as long as the context exists.
    let callbacks = Unmanaged<ByteChannel.Callbacks>.fromOpaque(opaque).takeUnretainedValue()
    return callbacks.seek?(offset, whence) ?? Int64(SLUICE_ERROR_NOSYS)
}
