// The owner of one AVFormatContext for writing, and of the file, connection or closure behind it.
import CFFmpeg
import Glibc
import Model

final class OutputContext {
    let raw: UnsafeMutablePointer<AVFormatContext>
    let canSeek: Bool
    let isNetwork: Bool
    private let channel: ByteChannel?
    // The context's interrupt callback points to it.
    private let interrupt: InterruptFlag
    private var ownsBytes = false

    /// Creates the file or connects. Blocks.
    init(
        _ target: Muxer.Target, _ format: OutputFormat, _ options: Muxer.Options, what: String,
        interrupt: InterruptFlag, dictionary: inout OptionDictionary
    ) throws(SluiceError) {
        self.interrupt = interrupt
        var address: MediaAddress?
        var isOwnFile = false
        switch target {
        case .write(let write): channel = try ByteChannel(writing: { write($0) })
        case .descriptor(let descriptor):
            let file = DescriptorFile(borrowing: descriptor)
            channel = try ByteChannel(writing: { file.write($0) }, seek: { file.seek($0, $1) })
            isOwnFile = true
        case .address(let given) where given.scheme == .standardStream:
            let output = DescriptorOutput(borrowing: STDOUT_FILENO, interrupt: interrupt)
            channel = try ByteChannel(writing: { output.write($0) })
        case .address(let given):
            address = given
            if given.scheme == .file, Self.isFIFO(given.path) {
                let output = try DescriptorOutput(fifo: given.path, what: what, interrupt: interrupt)
                channel = try ByteChannel(writing: { output.write($0) })
            } else {
                channel = nil
            }
        }
        isNetwork = address?.isNetwork ?? false
        canSeek = (channel == nil || isOwnFile) && !isNetwork
        let url = address.map { $0.isNetwork ? $0.raw : "file:" + $0.path } ?? ""
        var context: UnsafeMutablePointer<AVFormatContext>?
        let status = avformat_alloc_output_context2(&context, format.raw, nil, url)
        guard status >= 0, let context else { throw FFmpegFailure.error(status, what, phase: .openOutput) }
        // From here on every property has its value, so deinit frees the context if opening fails.
        raw = context
        interrupt.watch(context)
        context.pointee.strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL
        for key in options.av.keys.sorted() where !Self.knows(context, key, isNetwork) {
            throw SluiceError(.usage, what, why: "FFmpeg does not know the option \"\(key)\" here")
        }
        format.setDefaults(&dictionary, canSeek: canSeek, isLive: options.isLive)
        if let channel {
            context.pointee.pb = channel.context
            context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        } else if !format.opensItself {
            try open(url, address, options, what, &dictionary)
        }
        // 1: each packet leaves at once. 0: when the buffer is full. −1: as 1 where the output is no file.
        context.pointee.flush_packets = isOwnFile ? 0 : options.isLive || channel != nil ? 1 : -1
    }

    private func open(
        _ url: String, _ address: MediaAddress?, _ options: Muxer.Options, _ what: String,
        _ dictionary: inout OptionDictionary
    ) throws(SluiceError) {
        if let address, address.isNetwork {
            if let timeout = options.timeout {
                dictionary.setDefault("rw_timeout", String(max(1, timeout.nanoseconds / 1000)))
                if address.scheme == .srt {
                    dictionary.setDefault("connect_timeout", String(max(1, timeout.nanoseconds / 1_000_000)))
                }
            }
            // Seven transport stream packets: what fits into an Ethernet frame.
            if address.scheme == .udp { dictionary.setDefault("pkt_size", "1316") }
        } else if let path = address?.path {
            try Self.inspect(path, what)
        }
        var callback = interrupt.callback
        let status = avio_open2(&raw.pointee.pb, url, AVIO_FLAG_WRITE, &callback, &dictionary.raw)
        if status < 0 {
            if let cause = interrupt.cause { throw Self.interrupted(cause, what) }
            throw InputContext.networkError(status, what, address)
                ?? FFmpegFailure.error(status, what, phase: .openOutput, isNetwork: isNetwork)
        }
        ownsBytes = true
    }

    deinit {
        if ownsBytes { avio_closep(&raw.pointee.pb) }
        avformat_free_context(raw)
    }

    /// Says what is wrong before an existing file is touched.
    private static func inspect(_ path: String, _ what: String) throws(SluiceError) {
        var info = stat()
        if stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR {
            throw FFmpegFailure.error(-EISDIR, what, phase: .openOutput)
        }
    }

    private static func isFIFO(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO
    }

    /// Options of protocols cannot be looked up before they are open; the leftovers tell, later.
    private static func knows(_ context: UnsafeMutablePointer<AVFormatContext>, _ key: String, _ isNetwork: Bool)
        -> Bool
    {
        isNetwork || av_opt_find(context, key, nil, 0, AV_OPT_SEARCH_CHILDREN) != nil
    }

    static func interrupted(_ cause: InterruptFlag.Cause, _ what: String) -> SluiceError {
        SluiceError(
            .timeout, what, why: cause == .cancelled ? "interrupted" : "no answer in time",
            code: Int(SLUICE_ERROR_EXIT))
    }
}
