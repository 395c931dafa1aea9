// Containers and the protocols that FFmpeg speaks → tracks and packets. No probing pause for live input, no
// decoding. RTMP and HTTP-FLV do not come here (see FLVTagReader).
import CFFmpeg
import Glibc
public import Model

/// One open input. Used by one thread at a time, a named one: every call may block until its deadline.
public final class Demuxer {
    public struct Options: Sendable {
        /// FFmpeg's name of the container, e.g. "mpegts"; nil: found out from the data.
        public var format: String?
        /// Passed to FFmpeg as they are; a key that nobody takes is a usage error.
        public var av: [String: String] = [:]
        /// Bound of opening and of each read; nil: for ever.
        public var timeout: Span?
        public var headers: [(name: String, value: String)] = []
        public var userAgent: String?
        /// True: start at once and learn parameters from the packets. False: look into the file first.
        public var isLive = false
        /// Files: no look into one whose header says what its packets need. What only decoding tells (the form
        /// of the pixels, the profile) and the time of the first packet are then unknown.
        public var trustsHeader = false
        /// "tcp" or "udp"; nil: tcp.
        public var rtspTransport: String?
        /// True: any certificate will do.
        public var insecure = false
        /// PEM file of the authorities to trust; nil: SSL_CERT_FILE's, else the system's.
        public var authorities: String?
        public init() {}
    }

    public enum Input: Sendable {
        case address(MediaAddress)
        /// - `format`: FFmpeg's name, where known.
        /// - `read`: fills the buffer and returns how much; 0 at the end, negative errno on failure. It must
        ///   watch the same cancel flag: FFmpeg cannot interrupt it.
        case bytes(format: String?, read: @Sendable (UnsafeMutableRawBufferPointer) -> Int)
        case standardInput
    }

    public enum ReadResult: Sendable {
        case packet(Packet)
        /// The whole new list: a late track, newly learnt parameters or a new decoder configuration.
        case tracksChanged([Track])
        case endOfInput
    }

    public private(set) var tracks: [Track] = []
    /// nil where unknown, as for live input.
    public let duration: Span?
    /// FFmpeg's name, e.g. "mov,mp4,m4a,3gp,3g2,mj2".
    public let formatName: String
    /// Time of the first packet, where the container says it.
    public let startTime: MediaTime?
    /// Whether `seek` can work at all.
    public let canSeek: Bool
    /// Packets that the container itself reported as damaged.
    public private(set) var damagedPackets = 0
    /// Where in the input's bytes the packet that `read` returned last begins; nil where unknown.
    public private(set) var lastPosition: Int?

    private let context: InputContext
    private let interrupt: InterruptFlag
    private let options: Options
    private let what: String
    private var streams: [StreamReader] = []
    private var packet: NativePacket
    private var pending: [Packet] = []
    private var hasDelivered = false
    /// Of whatever track.
    private var lastTime: MediaTime?
    private var failures = 0

    /// Opens and reads the header; blocks.
    /// - Throws: complete errors with reasons as the command line reports them.
    public init(_ input: Input, options: Options = Options(), interrupt: InterruptFlag = InterruptFlag())
        throws(SluiceError)
    {
        var options = options
        self.interrupt = interrupt
        what = "cannot open " + Self.name(of: input)
        packet = try NativePacket()
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        context = try InputContext(input, options, what: what, interrupt: interrupt)
        if context.isEndlessTransport { options.isLive = true }
        self.options = options
        if !options.isLive, !(options.trustsHeader && context.hasCompleteHeader) {
            try Self.look(into: context, what, options, interrupt)
        }
        let raw = context.raw
        formatName = text(raw.pointee.iformat?.pointee.name) ?? ""
        duration = options.isLive ? nil : Self.duration(of: raw)
        startTime = MediaTime(ticks: raw.pointee.start_time, base: SLUICE_TIME_BASE)
        canSeek = context.canSeek && !options.isLive
        _ = try refreshTracks()
        let mayGrow = raw.pointee.ctx_flags & AVFMTCTX_NOHEADER != 0
        if !tracks.contains(where: { $0.kind != .data }), !(options.isLive && mayGrow) {
            throw SluiceError(.noMedia, what, why: "there is neither picture nor sound in it")
        }
    }

    /// What a message may call the input.
    private static func name(of input: Input) -> String {
        switch input {
        case .address(let address):
            address.scheme == .standardStream ? "standard input" : address.description
        case .standardInput: "standard input"
        case .bytes: "the stream"
        }
    }

    /// Files only. Five seconds of media or 5 MB, whichever is less, and without frame rate statistics.
    private static func look(
        into context: InputContext, _ what: String, _ options: Options, _ interrupt: InterruptFlag
    ) throws(SluiceError) {
        context.raw.pointee.max_analyze_duration = 5_000_000
        let status = avformat_find_stream_info(context.raw, nil)
        if let cause = interrupt.cause { throw InputContext.interrupted(cause, what, options) }
        if status < 0, let refusal = TLSPolicy.failure(what, host: context.host) { throw refusal }
        if status < 0 { throw FFmpegFailure.error(status, what, phase: .openInput, isNetwork: context.isNetwork) }
    }

    /// nil, too, where it comes from a clock that was set back: then it is most of a turn of that clock, and
    /// hardly a byte is left for a second.
    private static func duration(of raw: UnsafeMutablePointer<AVFormatContext>) -> Span? {
        guard let told = Span(ticks: raw.pointee.duration, base: SLUICE_TIME_BASE) else { return nil }
        for index in 0..<raw.pointee.nb_streams {
            guard let stream = sluice_stream(raw, index), (16..<62).contains(stream.pointee.pts_wrap_bits),
                let half = Span(
                    ticks: Int64(1) << Int64(stream.pointee.pts_wrap_bits - 1), base: stream.pointee.time_base)
            else { continue }
            if told > half, raw.pointee.bit_rate < 200_000 { return nil }
        }
        return told
    }

    // MARK: Reading

    /// The next packet, stamped with its arrival. Blocks until there is one, the input ends, or its time is up.
    /// After a cancel it returns `.endOfInput`.
    /// - Throws: `connection_lost`, `not_live`, `corrupt` … each after all that could be read was delivered.
    public func read() throws(SluiceError) -> ReadResult {
        if !pending.isEmpty { return deliver(pending.removeFirst()) }
        while true {
            if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
            let status = av_read_frame(context.raw, packet.raw)
            if status == SLUICE_ERROR_AGAIN, !interrupt.isInterrupted {
                pause(milliseconds: 2)
                continue
            }
            if status < 0 {
                if let end = try endOrRetry(status) { return end }
                continue
            }
            failures = 0
            let arrival = HostTime.now()
            defer { av_packet_unref(packet.raw) }
            let changed = try refreshTracks()
            let index = Int(packet.raw.pointee.stream_index)
            guard streams.indices.contains(index), !streams[index].isDiscarded else { continue }
            let learnt = try streams[index].learn(from: packet.raw)
            if packet.raw.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 { damagedPackets += 1 }
            lastPosition = packet.raw.pointee.pos >= 0 ? Int(packet.raw.pointee.pos) : nil
            let made = streams[index].packet(from: packet.raw, arrival: arrival, near: lastTime)
            lastTime = made.dts ?? made.pts ?? lastTime
            if changed || learnt {
                tracks = streams.map(\.track)
                pending.append(made)
                return .tracksChanged(tracks)
            }
            return deliver(made)
        }
    }

    private func deliver(_ packet: Packet) -> ReadResult {
        hasDelivered = true
        return .packet(packet)
    }

    /// nil: try again.
    private func endOrRetry(_ status: Int32) throws(SluiceError) -> ReadResult? {
        switch interrupt.cause {
        case .cancelled: return .endOfInput
        case .deadline: throw silence()
        case nil: break
        }
        // FFmpeg's own time limit may be a moment faster than ours; and an interruption may be told late, after
        // a last packet that was still in the demuxer, when the next deadline is set already.
        if status == SLUICE_ERROR_EXIT || status == sluice_error(ETIMEDOUT) && context.isNetwork {
            throw silence()
        }
        // A playlist skips the segments it cannot open, to its end.
        if let refusal = TLSPolicy.failure(readingWhat, host: nil), refusal.hint != nil {
            throw hasDelivered ? refusal.midStream() : refusal
        }
        if status == SLUICE_ERROR_EOF {
            try checkCompleteness()
            return .endOfInput
        }
        if status == SLUICE_ERROR_INVALIDDATA, let bytes = context.raw.pointee.pb, avio_feof(bytes) == 0 {
            // One damaged stretch is no end, but a demuxer that makes no way must not spin.
            failures += 1
            damagedPackets += 1
            if failures < 64 { return nil }
        }
        var error = FFmpegFailure.error(status, readingWhat, phase: .read, isNetwork: context.isNetwork)
        error.isMidStream = hasDelivered
        throw error
    }

    private var readingWhat: String { "cannot read " + what.dropFirst("cannot open ".count) }

    private func silence() -> SluiceError {
        let seconds = options.timeout.map { " for \(JSONValue.number($0.seconds).text) s" } ?? ""
        return SluiceError(
            hasDelivered ? .connectionLost : .notLive, readingWhat,
            why: hasDelivered ? "no data came\(seconds)" : "it answered, but no media came\(seconds)",
            isMidStream: hasDelivered, code: Int(SLUICE_ERROR_EXIT))
    }

    /// A file whose index points behind its end was cut off; everything that was there has been delivered.
    private func checkCompleteness() throws(SluiceError) {
        guard canSeek, !context.isNetwork, let bytes = context.raw.pointee.pb else { return }
        let size = avio_size(bytes)
        guard size > 0 else { return }
        for index in 0..<context.raw.pointee.nb_streams {
            guard let stream = sluice_stream(context.raw, index) else { continue }
            let count = avformat_index_get_entries_count(stream)
            guard count > 0, let entry = avformat_index_get_entry(stream, count - 1) else { continue }
            if entry.pointee.pos > size || entry.pointee.pos + Int64(entry.pointee.size) > size {
                throw SluiceError(
                    .corrupt, readingWhat, why: "the file is cut off: its index promises more",
                    isMidStream: hasDelivered)
            }
        }
    }

    // MARK: Tracks

    /// Adopts new streams and what FFmpeg has changed. Returns whether the list changed.
    private func refreshTracks() throws(SluiceError) -> Bool {
        var changed = false
        let count = Int(context.raw.pointee.nb_streams)
        while streams.count < count {
            guard let stream = sluice_stream(context.raw, UInt32(streams.count)) else { break }
            streams.append(try StreamReader(stream, id: streams.count, learns: options.isLive))
            changed = true
        }
        for stream in streams where stream.isStale {
            try stream.reload()
            changed = true
        }
        if changed { tracks = streams.map(\.track) }
        return changed
    }

    /// Packets of other tracks are not delivered any more; saves their parsing.
    public func select(_ ids: Set<Int>) {
        for stream in streams { stream.isDiscarded = !ids.contains(stream.track.id) }
    }

    // MARK: Seeking

    /// Goes to the key frame at or before `time`; the next packet is from there.
    /// - Throws: `usage` where the input cannot be rewound.
    public func seek(to time: MediaTime) throws(SluiceError) {
        let failure = SluiceError(.usage, readingWhat, why: "this input cannot be rewound")
        guard canSeek else { throw failure }
        pending.removeAll()
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        let target = time.ticks(in: SLUICE_TIME_BASE)
        var status = avformat_seek_file(context.raw, -1, Int64.min, target, target, 0)
        if status < 0 { status = avformat_seek_file(context.raw, -1, Int64.min, target, Int64.max, 0) }
        if status < 0, time <= startTime ?? .zero {
            // Raw streams know no times, but every one of them begins at byte 0.
            status = av_seek_frame(context.raw, -1, 0, AVSEEK_FLAG_BYTE)
        }
        if status < 0 { throw failure }
        for stream in streams { stream.forgetTimes() }
        // Not further away than there is anything: it tells which turn of its clock a stream is in.
        lastTime = startTime
        if let start = startTime, let duration { lastTime = max(start, min(time, start + duration)) }
    }
}
