// What other programs get: raw pictures and sound as WAV. A reader that closes its pipe ends the
// play cleanly; a full disk ends it with an error.
import Media
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Told once when the reader of a pipe has gone.
typealias ClosedHandler = @Sendable () -> Void

/// Pictures to a file or pipe. Belongs to the video thread.
final class RawOutput {
    private let writer: RawVideoWriter
    private let closed: ClosedHandler
    private var isGone = false

    /// - Parameter cancel: Ends a write whose reader stands still.
    init(
        _ settings: PlaySettings, address: MediaAddress, cancel: CancelFlag, closed: @escaping ClosedHandler
    ) throws(SluiceError) {
        writer = try RawVideoWriter(
            address, pixelFormat: settings.pixelFormat, size: settings.size, cancel: cancel)
        self.closed = closed
    }

    func write(_ frame: Frame) throws(SluiceError) {
        guard !isGone else { return }
        do throws(SluiceError) {
            try writer.write(frame)
        } catch {
            guard error.code == Int(EPIPE) else { throw error.midStream() }
            isGone = true
            closed()
        }
    }

    func finish() {}
}

/// Sound to a file or pipe, 16 bits. Belongs to the audio thread.
final class WAVOutput {
    private let address: MediaAddress
    private let closed: ClosedHandler
    private var writer: WAVWriter?
    private var resampler: Resampler?
    private var isGone = false

    private let cancel: CancelFlag

    /// - Parameter cancel: Ends a write whose reader stands still.
    init(_ address: MediaAddress, cancel: CancelFlag, closed: @escaping ClosedHandler) throws(SluiceError) {
        self.address = address
        self.cancel = cancel
        self.closed = closed
        // An unwritable file is said at the start, not when the first sound comes. A FIFO is opened once only:
        // its reader would take the first close for the end.
        var info = stat()
        let isFIFO = stat(address.path, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO
        if address.scheme != .standardStream, !isFIFO {
            _ = try WAVWriter(path: address.path, sampleRate: 48_000, channels: 2)
        }
    }

    func write(_ frame: Frame) throws(SluiceError) {
        guard !isGone else { return }
        do throws(SluiceError) {
            if writer == nil {
                let channels = min(2, max(1, frame.channels))
                writer =
                    address.scheme == .standardStream
                    ? try WAVWriter(
                        descriptor: 1, name: "standard output", sampleRate: frame.sampleRate, channels: channels,
                        cancel: cancel)
                    : try WAVWriter(
                        path: address.path, sampleRate: frame.sampleRate, channels: channels, cancel: cancel)
                resampler = try Resampler(
                    output: AudioFormat(sampleRate: frame.sampleRate, channels: channels, sample: .int16))
            }
            guard let writer, let resampler else { return }
            try writer.write(try resampler.int16s(frame))
        } catch {
            guard error.code == Int(EPIPE) else { throw error.midStream() }
            isGone = true
            closed()
        }
    }

    func finish() { writer?.finish() }
}

extension SluiceError {
    /// A full disk or a reader that has gone, which ends the play; what is wrong with the input does not.
    var isOfOutput: Bool { [.noSpace, .cannotCreate, .connectionLost].contains(reason) }
}
