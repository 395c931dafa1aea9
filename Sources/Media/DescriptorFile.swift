// A file that its owner holds open, for a muxer that may go back in it.
import CFFmpeg
import Glibc

/// One thread at a time.
final class DescriptorFile {
    private let descriptor: Int32

    init(borrowing descriptor: Int32) { self.descriptor = descriptor }

    /// As ByteChannel.Write: all of `bytes`, or a negative AVERROR.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        var done = 0
        while done < bytes.count {
            let sent = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if sent >= 0 {
                done += sent
            } else if errno != EINTR {
                return Int(-errno)
            }
        }
        return done
    }

    /// As ByteChannel.Seek.
    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        if whence & AVSEEK_SIZE != 0 {
            var info = stat()
            return fstat(descriptor, &info) == 0 ? Int64(info.st_size) : Int64(-errno)
        }
        let position = lseek(descriptor, off_t(offset), whence & 3)
        return position < 0 ? Int64(-errno) : Int64(position)
    }
}
