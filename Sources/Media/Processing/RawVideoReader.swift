// Raw pictures from a pipe or file, without a demuxer between: bytes go straight into the picture, and it is
// there with its last byte. Stamps arrival; pacing and smoothing are others' work.
import CFFmpeg
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Reads tightly packed pictures of one size and format. One thread at a time; `CancelFlag` wakes it.
public final class RawVideoReader {
    /// What a read brought.
    public enum Result {
        /// One picture, and when its last byte was read.
        case frame(Frame, arrival: HostTime)
        /// The input is at its end; `leftover` bytes of an unfinished picture were thrown away.
        case endOfInput(leftover: Int)
        /// The deadline passed; a picture begun goes on with the next read.
        case timedOut
        /// The flag was set.
        case cancelled
    }

    /// Bytes of one picture.
    public var frameByteCount: Int { pool.byteCount }
    /// Pictures read so far.
    public private(set) var frameCount = 0

    private let descriptor: Int32
    private let frameRate: Rational
    private let name: String
    private let cancel: CancelFlag?
    private let wake: WakePipe?
    private let pool: PicturePool
    private var current: Frame?
    private var filled = 0

    /// - Parameters:
    ///   - descriptor: Stays open; it is read only when it has something, so it may be shared or blocking.
    ///   - pixelFormat: FFmpeg's name.
    ///   - frameRate: Gives frames their `pts` (count / rate).
    ///   - name: What error texts call it.
    /// - Throws: `usage` for an unknown pixel format or an impossible size.
    public init(
        descriptor: Int32, pixelFormat: String, width: Int, height: Int, frameRate: Rational,
        name: String = "standard input", cancel: CancelFlag? = nil
    ) throws(SluiceError) {
        let what = "cannot read raw video from \(name)"
        let format = try PixelFormats.named(pixelFormat, what: what)
        guard !PixelFormats.isHardware(format) else {
            throw SluiceError(
                .usage, what, why: "pixel format \"\(pixelFormat)\" has no bytes to read",
                hint: "use one of " + PixelFormats.common.joined(separator: ", "))
        }
        guard (1...16384).contains(width), (1...16384).contains(height) else {
            throw SluiceError(.usage, what, why: "a picture of \(width)x\(height) is not possible")
        }
        guard frameRate.positiveValue != nil else {
            throw SluiceError(.usage, what, why: "the frame rate is unknown or not positive")
        }
        self.descriptor = descriptor
        self.frameRate = frameRate
        self.name = name
        self.cancel = cancel
        pool = try PicturePool(width: width, height: height, format: format, align: 1)
        if let cancel {
            let pipe = try WakePipe(what)
            wake = pipe
            // Weak: the flag may live as long as the program.
            cancel.onSet { [weak pipe] in pipe?.wake() }
        } else {
            wake = nil
        }
    }

    /// Waits for one whole picture.
    ///
    /// The pipe's buffer is left at its 64 KiB: a larger one would hold pictures back where nobody sees them.
    /// - Parameter deadline: nil waits for ever.
    /// - Throws: `no_input` when the descriptor cannot be read.
    public func read(deadline: HostTime?) throws(SluiceError) -> Result {
        while true {
            if cancel?.isSet == true { return .cancelled }
            let frame = try begun()
            guard let base = frame.raw.pointee.data.0 else { throw FFmpegFailure.outOfMemory("cannot read video") }
            switch waitForInput(until: deadline) {
            case .readable: break
            case .timedOut: return .timedOut
            case .woken: continue
            }
            let count = Glibc.read(descriptor, base + filled, pool.byteCount - filled)
            if count == 0 {
                let leftover = filled
                filled = 0
                return .endOfInput(leftover: leftover)
            }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                throw SluiceError(
                    .noInput, "cannot read raw video from \(name)", why: OutputFailure.text(errno),
                    isMidStream: frameCount > 0, code: Int(errno))
            }
            filled += count
            guard filled == pool.byteCount else { continue }
            filled = 0
            current = nil
            frameCount += 1
            return .frame(frame, arrival: .now())
        }
    }

    private func begun() throws(SluiceError) -> Frame {
        if let current { return current }
        let pts = TestPattern.time(of: frameCount, frameRate)
        let made = Frame(
            owning: try pool.take(), kind: .video, pts: pts,
            duration: TestPattern.time(of: frameCount + 1, frameRate) - pts)
        current = made
        return made
    }

    private enum Wait { case readable, timedOut, woken }

    private func waitForInput(until deadline: HostTime?) -> Wait {
        var entries = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if let wake { entries.append(pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)) }
        var timeout: Int32 = -1
        if let deadline {
            // Rounded up, so that the last millisecond is not spent spinning.
            let left = (deadline - .now()).nanoseconds
            timeout = Int32(clamping: max(0, (left + 999_999) / 1_000_000))
        }
        let status = poll(&entries, nfds_t(entries.count), timeout)
        if status == 0 { return .timedOut }
        if status < 0 { return .woken }
        if entries.count > 1, entries[1].revents != 0 { return .woken }
        return .readable
    }
}

/// Two ends of a pipe by which a handler ends a poll.
private final class WakePipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init(_ what: String) throws(SluiceError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw SluiceError(.internal, what, why: OutputFailure.text(errno), code: Int(errno))
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func wake() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }
}
