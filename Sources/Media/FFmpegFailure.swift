// AVERROR numbers in words for people. Nobody ever sees "Input/output error".
import CFFmpeg
import Glibc
import Model

/// What was being done when FFmpeg failed; the same number means different things.
enum FFmpegPhase {
    case openInput, read, openOutput, write, codec, filter
}

enum FFmpegFailure {
    /// The error for `code` (negative, as FFmpeg returns it).
    /// - Parameters:
    ///   - what: "cannot open clip.mp4": what failed, already redacted.
    ///   - isNetwork: Whether a network was involved: end of data is then a lost connection.
    static func error(
        _ code: Int32, _ what: String, phase: FFmpegPhase, isNetwork: Bool = false
    ) -> SluiceError {
        let (reason, why, hint) = words(code, phase, isNetwork)
        return SluiceError(
            reason, what, why: why, hint: hint, isMidStream: phase == .read || phase == .write, code: Int(code))
    }

    /// Returns `code` where it is not an error, else throws.
    @discardableResult
    static func check(
        _ code: Int32, _ what: @autoclosure () -> String, phase: FFmpegPhase, isNetwork: Bool = false
    ) throws(SluiceError) -> Int32 {
        if code < 0 { throw error(code, what(), phase: phase, isNetwork: isNetwork) }
        return code
    }

    /// Not enough memory for a C object.
    static func outOfMemory(_ what: String) -> SluiceError {
        SluiceError(.internal, what, why: "out of memory", code: Int(SLUICE_ERROR_NOMEM))
    }

    private typealias Words = (reason: Reason, why: String, hint: String?)

    private static func words(_ code: Int32, _ phase: FFmpegPhase, _ isNetwork: Bool) -> Words {
        let isOutput = phase == .openOutput || phase == .write
        if let words = libraryWords(code, phase, isNetwork) { return words }
        let number = -code
        if isNetwork, phase == .openInput || phase == .openOutput,
            [ECONNRESET, ECONNABORTED, EPIPE].contains(number)
        {
            return (.refused, "the other side closed the connection at once", nil)
        }
        switch number {
        case ENOENT:
            return isOutput ? (.cannotCreate, "no such directory", nil) : (.noInput, "no such file", nil)
        case ENOTDIR:
            return (isOutput ? .cannotCreate : .noInput, "a part of the path is not a directory", nil)
        case EISDIR:
            return (isOutput ? .cannotCreate : .noInput, "it is a directory", nil)
        case EACCES, EPERM:
            if isNetwork { return (.denied, "the other side does not permit it", nil) }
            return (isOutput ? .cannotCreate : .noInput, "permission denied", nil)
        case ELOOP: return (isOutput ? .cannotCreate : .noInput, "too many symbolic links", nil)
        case EROFS: return (.cannotCreate, "the file system is read-only", nil)
        case ENOSPC: return (.noSpace, "no space left on the device", nil)
        case EDQUOT: return (.noSpace, "the disk quota is used up", nil)
        case EFBIG: return (.noSpace, "the file would be too large for the file system", nil)
        case ENAMETOOLONG: return (isOutput ? .cannotCreate : .noInput, "the name is too long", nil)
        case EMFILE, ENFILE: return (.internal, "too many open files", "raise the limit with ulimit -n")
        case ECONNREFUSED: return (.refused, "connection refused", nil)
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN:
            return (.unreachable, "the network cannot reach the host", nil)
        case ETIMEDOUT: return (.timeout, "no answer in time", nil)
        case ECONNRESET, ECONNABORTED, ENOTCONN:
            return (.connectionLost, "the other side closed the connection", nil)
        case EPIPE:
            return (
                .connectionLost, isNetwork ? "the other side closed the connection" : "the reader went away", nil
            )
        case EADDRINUSE: return (.portInUse, "the port is in use", nil)
        case EADDRNOTAVAIL: return (.config, "this machine does not have that address", nil)
        case ENOMEM: return (.internal, "out of memory", nil)
        case EIO: return inputOutputWords(phase, isNetwork)
        case EINVAL: return refusalWords(phase)
        case EAGAIN: return (.timeout, "no data at the moment", nil)
        case ENXIO, ENODEV: return (isOutput ? .cannotCreate : .noInput, "no such device", nil)
        case EBUSY: return (isOutput ? .cannotCreate : .noInput, "the device is busy", nil)
        case ENOSYS:
            return (isOutput ? .cannotCreate : .noInput, "this kind of input or output cannot do that", nil)
        case EPROTO: return (.serverError, "the other side broke the protocol", nil)
        case ERANGE, EOVERFLOW, EDOM: return (.corrupt, "a number in the data is out of range", nil)
        default: return (.internal, describe(code), nil)
        }
    }

    /// Numbers of FFmpeg's own.
    private static func libraryWords(_ code: Int32, _ phase: FFmpegPhase, _ isNetwork: Bool) -> Words? {
        switch code {
        case SLUICE_ERROR_EOF:
            if isNetwork, phase == .openInput || phase == .openOutput {
                return (.refused, "the other side closed the connection at once", nil)
            }
            if isNetwork { return (.connectionLost, "the other side closed the connection", nil) }
            return phase == .openInput
                ? (.corrupt, "the data ends too early", nil) : (.corrupt, "no more data", nil)
        case SLUICE_ERROR_EXIT: return (.timeout, "interrupted", nil)
        case SLUICE_ERROR_INVALIDDATA: return (.corrupt, invalidDataText(phase), nil)
        case SLUICE_ERROR_DEMUXER_NOT_FOUND: return (.usage, "unknown input format", nil)
        case SLUICE_ERROR_MUXER_NOT_FOUND: return (.usage, "unknown output format", nil)
        case SLUICE_ERROR_DECODER_NOT_FOUND: return (.unsupportedCodec, "no decoder for this codec", nil)
        case SLUICE_ERROR_ENCODER_NOT_FOUND: return (.unsupportedCodec, "no encoder for this codec", nil)
        case SLUICE_ERROR_BSF_NOT_FOUND: return (.internal, "a bitstream filter is missing", nil)
        case SLUICE_ERROR_FILTER_NOT_FOUND: return (.usage, "unknown filter", nil)
        case SLUICE_ERROR_OPTION_NOT_FOUND: return (.usage, "unknown option", nil)
        case SLUICE_ERROR_PROTOCOL_NOT_FOUND:
            return (.usage, "FFmpeg on this machine does not speak this protocol", nil)
        case SLUICE_ERROR_STREAM_NOT_FOUND: return (.noMedia, "no such track", nil)
        case SLUICE_ERROR_PATCHWELCOME:
            return (.unsupportedCodec, "FFmpeg does not support this kind of media", nil)
        case SLUICE_ERROR_HTTP_BAD_REQUEST:
            return (.notLive, "the server did not accept the request (HTTP 400)", nil)
        case SLUICE_ERROR_HTTP_UNAUTHORIZED: return (.denied, "the server wants a login (HTTP 401)", nil)
        case SLUICE_ERROR_HTTP_FORBIDDEN: return (.denied, "the server does not permit it (HTTP 403)", nil)
        case SLUICE_ERROR_HTTP_NOT_FOUND: return (.notLive, "there is nothing at this address (HTTP 404)", nil)
        case SLUICE_ERROR_HTTP_OTHER_4XX: return (.notLive, "the server refused the request (HTTP 4xx)", nil)
        case SLUICE_ERROR_HTTP_SERVER_ERROR: return (.serverError, "the server failed (HTTP 5xx)", nil)
        case SLUICE_ERROR_BUG, SLUICE_ERROR_EXTERNAL, SLUICE_ERROR_UNKNOWN:
            if isNetwork { return inputOutputWords(phase, isNetwork) }
            return (.internal, "the media library failed without saying why", nil)
        default: return nil
        }
    }

    private static func invalidDataText(_ phase: FFmpegPhase) -> String {
        switch phase {
        case .openInput: "not a media file that can be read, or damaged"
        case .read: "the data is damaged"
        case .openOutput, .write: "the container cannot hold this media"
        case .codec: "the coded data is damaged"
        case .filter: "the filter cannot work with this media"
        }
    }

    private static func inputOutputWords(_ phase: FFmpegPhase, _ isNetwork: Bool) -> Words {
        switch (phase, isNetwork) {
        case (.openInput, true), (.openOutput, true): (.unreachable, "no connection could be made", nil)
        case (_, true): (.connectionLost, "the connection broke", nil)
        case (.openOutput, false): (.cannotCreate, "the device cannot be written", nil)
        case (.write, false): (.cannotCreate, "the device cannot be written", nil)
        default: (.noInput, "the device cannot be read", nil)
        }
    }

    private static func refusalWords(_ phase: FFmpegPhase) -> Words {
        switch phase {
        case .openInput, .read: (.corrupt, "the data makes no sense to its reader", nil)
        case .openOutput, .write: (.cannotCreate, "the container cannot hold this media", nil)
        case .codec: (.unsupportedCodec, "the codec refuses these settings", nil)
        case .filter: (.usage, "the filter refuses these settings", nil)
        }
    }

    /// FFmpeg's or the system's own words; the last resort.
    static func describe(_ code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, av_strerror(code, base, 256) >= 0 else {
                return "unknown error \(code)"
            }
            return String(cString: base).lowercased()
        }
    }
}
