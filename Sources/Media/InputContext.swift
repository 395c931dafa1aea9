// The owner of one AVFormatContext for reading, with everything it was opened from. Opening and its errors
// are here; turning its packets into the project's is the Demuxer's task.
import CFFmpeg
import Glibc
import Model

final class InputContext {
    let raw: UnsafeMutablePointer<AVFormatContext>
    private let channel: ByteChannel?
    private let descriptor: DescriptorInput?
    // The context's interrupt callback points to it.
    private let interrupt: InterruptFlag
    private let policy: TLSPolicy
    let isNetwork: Bool
    private let isHTTP: Bool
    /// Of a network address.
    let host: String?
    let canSeek: Bool

    /// Opens `input` and reads as far as its header goes. Blocks; on failure all is freed again.
    init(_ input: Demuxer.Input, _ options: Demuxer.Options, what: String, interrupt: InterruptFlag)
        throws(SluiceError)
    {
        self.interrupt = interrupt
        policy = TLSPolicy(options)
        var url = ""
        var format = options.format
        var address: MediaAddress?
        switch input {
        case .address(let given) where given.scheme == .standardStream:
            descriptor = DescriptorInput(borrowing: STDIN_FILENO, interrupt: interrupt)
        case .standardInput:
            descriptor = DescriptorInput(borrowing: STDIN_FILENO, interrupt: interrupt)
        case .address(let given):
            address = given
            url = given.isNetwork ? given.raw : "file:" + given.path
            descriptor = try given.isNetwork ? nil : Self.inspect(given.path, what: what, interrupt: interrupt)
        case .bytes(let name, _):
            descriptor = nil
            format = format ?? name
        }
        isNetwork = address?.isNetwork ?? false
        isHTTP = address?.scheme == .http || address?.scheme == .https
        host = isNetwork ? address?.host : nil
        if case .bytes(_, let read) = input {
            channel = try ByteChannel(reading: { read($0) })
        } else if let descriptor {
            channel = try ByteChannel(
                reading: { descriptor.read($0) }, seek: descriptor.isSeekable ? { descriptor.seek($0, $1) } : nil)
        } else {
            channel = nil
        }
        let demuxer = try Self.find(format, what: what)
        guard let made = avformat_alloc_context() else { throw FFmpegFailure.outOfMemory(what) }
        interrupt.watch(made)
        policy.govern(made)
        if let channel {
            made.pointee.pb = channel.context
            url = ""
        }
        // The frame rate is no reason to hold input back: 40 frames are FFmpeg's default.
        made.pointee.fps_probe_size = 0
        var dictionary = OptionDictionary(options.av)
        Self.setDefaults(&dictionary, options, address)
        if isNetwork { policy.apply(to: &dictionary.raw) }
        var context: UnsafeMutablePointer<AVFormatContext>? = made
        FFmpegLog.watchTLS()
        var status: Int32 = 0
        if let address { status = policy.check(address, interrupt: interrupt) }
        if status < 0 {
            avformat_free_context(made)
            context = nil
        } else {
            // On failure FFmpeg frees the context, but never a byte channel of ours.
            status = avformat_open_input(&context, url, demuxer, &dictionary.raw)
        }
        guard status >= 0, let context else {
            if let cause = interrupt.cause, status == SLUICE_ERROR_EXIT || isNetwork {
                throw Self.interrupted(cause, what, options)
            }
            if let refusal = TLSPolicy.failure(what, host: host) { throw refusal }
            throw Self.openError(status, what, address, channel)
        }
        raw = context
        let found = text(context.pointee.iformat?.pointee.name) ?? ""
        if format == nil, Self.guesses.contains(found) {
            throw SluiceError(
                .corrupt, what, why: "the data is in no media format that FFmpeg knows",
                hint: "if it is one, name it with --input-format")
        }
        canSeek = channel == nil || descriptor?.isSeekable == true
        try dictionary.refuseLeftovers(of: options.av, what: what)
    }

    /// Demuxers that take any text, or anything at all, for a picture. What only they recognise is no media.
    private static let guesses: Set<String> = ["tty", "bin", "adf", "idf", "xbin", "data", "ffmetadata", "sbg"]

    /// The header told all that reading needs. MP4 and MOV only: they give every packet both of its times, which
    /// elsewhere FFmpeg works out from what it has found by decoding.
    var hasCompleteHeader: Bool {
        guard text(raw.pointee.iformat?.pointee.name)?.hasPrefix("mov,") == true, raw.pointee.nb_streams > 0,
            raw.pointee.ctx_flags & AVFMTCTX_NOHEADER == 0
        else { return false }
        return (0..<raw.pointee.nb_streams).allSatisfy { index in
            guard let parameters = sluice_stream(raw, index)?.pointee.codecpar.pointee else { return false }
            let isDescribed =
                switch parameters.codec_type {
                case AVMEDIA_TYPE_VIDEO: parameters.width > 0 && parameters.height > 0
                case AVMEDIA_TYPE_AUDIO: parameters.sample_rate > 0 && parameters.ch_layout.nb_channels > 0
                default: true
                }
            return isDescribed && parameters.codec_id != AV_CODEC_ID_NONE && parameters.extradata_size > 0
        }
    }

    /// A transport stream over HTTP that has no length: live, so that a look into it would cost seconds, the more
    /// when one of its tracks never comes.
    var isEndlessTransport: Bool {
        guard isNetwork, isHTTP, text(raw.pointee.iformat?.pointee.name) == "mpegts", let bytes = raw.pointee.pb
        else {
            return false
        }
        return bytes.pointee.seekable == 0 && avio_size(bytes) <= 0
    }

    deinit {
        // The byte channel lives until this object's members go, so nothing dangles here.
        var pointer: UnsafeMutablePointer<AVFormatContext>? = raw
        avformat_close_input(&pointer)
    }

    /// Says what is wrong with a path before FFmpeg says less; answers an input of ours for FIFOs.
    private static func inspect(
        _ path: String, what: String, interrupt: InterruptFlag
    ) throws(SluiceError) -> DescriptorInput? {
        var info = stat()
        guard stat(path, &info) == 0 else {
            // Numbered pictures ("frame-%03d.png") are a pattern, not a file.
            if path.contains("%") { return nil }
            throw FFmpegFailure.error(-errno, what, phase: .openInput)
        }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: throw FFmpegFailure.error(-EISDIR, what, phase: .openInput)
        case S_IFIFO: return try DescriptorInput(path: path, what: what, interrupt: interrupt)
        case S_IFREG where info.st_size == 0:
            throw SluiceError(.noMedia, what, why: "the file is empty")
        default: break
        }
        if access(path, R_OK) != 0 { throw FFmpegFailure.error(-errno, what, phase: .openInput) }
        return nil
    }

    private static func find(_ format: String?, what: String) throws(SluiceError) -> UnsafePointer<AVInputFormat>? {
        guard let format else { return nil }
        guard let found = av_find_input_format(format) else {
            throw SluiceError(.usage, what, why: "unknown input format \"\(format)\"", hint: "see ffmpeg -demuxers")
        }
        return found
    }

    /// What each protocol needs so that it fails in time and starts at once; explicit options win.
    private static func setDefaults(
        _ dictionary: inout OptionDictionary, _ options: Demuxer.Options, _ address: MediaAddress?
    ) {
        guard let address, address.isNetwork else { return }
        let microseconds = options.timeout.map { String(max(1, $0.nanoseconds / 1000)) }
        switch address.scheme {
        case .http, .https:
            if let agent = options.userAgent { dictionary.setDefault("user_agent", agent) }
            if !options.headers.isEmpty {
                let lines = options.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
                dictionary.setDefault("headers", lines)
            }
        case .rtsp, .rtsps:
            dictionary.setDefault("rtsp_transport", options.rtspTransport ?? "tcp")
            if let microseconds { dictionary.setDefault("timeout", microseconds) }
            if let agent = options.userAgent { dictionary.setDefault("user_agent", agent) }
            // Reordering waits for late UDP packets; half a second is FFmpeg's default.
            if options.isLive { dictionary.setDefault("max_delay", "100000") }
        case .srt:
            if let microseconds { dictionary.setDefault("connect_timeout", milliseconds(microseconds)) }
        case .udp, .rtp:
            // Room for a burst of a key frame; FFmpeg's default of 28 KiB × 7 loses packets.
            dictionary.setDefault("buffer_size", "2097152")
        default: break
        }
        if address.scheme != .rtsp, address.scheme != .rtsps, let microseconds {
            dictionary.setDefault("rw_timeout", microseconds)
        }
    }

    private static func milliseconds(_ microseconds: String) -> String {
        String(max(1, (Int(microseconds) ?? 0) / 1000))
    }

    static func interrupted(
        _ cause: InterruptFlag.Cause, _ what: String, _ options: Demuxer.Options
    ) -> SluiceError {
        switch cause {
        case .cancelled:
            return SluiceError(.timeout, what, why: "interrupted", code: Int(SLUICE_ERROR_EXIT))
        case .deadline:
            let seconds = options.timeout.map { " within \(JSONValue.number($0.seconds).text) s" } ?? " in time"
            return SluiceError(
                .timeout, what, why: "no answer\(seconds)", hint: "--timeout sets how long to wait",
                code: Int(SLUICE_ERROR_EXIT))
        }
    }

    private static func openError(
        _ status: Int32, _ what: String, _ address: MediaAddress?, _ channel: ByteChannel?
    ) -> SluiceError {
        if let channel, channel.context.pointee.pos == 0,
            status == SLUICE_ERROR_EOF || status == SLUICE_ERROR_INVALIDDATA
        {
            return SluiceError(.noMedia, what, why: "the input is empty", code: Int(status))
        }
        return networkError(status, what, address)
            ?? FFmpegFailure.error(status, what, phase: .openInput, isNetwork: address?.isNetwork ?? false)
    }

    /// FFmpeg answers EIO for a name that does not resolve, and for every silent SRT peer.
    static func networkError(_ status: Int32, _ what: String, _ address: MediaAddress?) -> SluiceError? {
        guard let address, address.isNetwork, status == SLUICE_ERROR_IO || status == SLUICE_ERROR_UNKNOWN else {
            return nil
        }
        if !address.host.isEmpty, !resolves(address.host) {
            return SluiceError(
                .unknownHost, what, why: "the host name \(address.host) is not known", code: Int(status))
        }
        if address.scheme == .srt {
            return SluiceError(.timeout, what, why: "no SRT peer answered", code: Int(status))
        }
        return nil
    }

    /// Asks the resolver once more; it has just failed or succeeded, so the answer is at hand.
    private static func resolves(_ host: String) -> Bool {
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, nil, &list)
        if let list { freeaddrinfo(list) }
        return status == 0
    }
}
