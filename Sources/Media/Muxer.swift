// Tracks and packets → a container: to a file, a pipe, a closure, or an address that FFmpeg speaks (SRT, RTSP,
// UDP). Writes in the order it is given: interleaving is the caller's, so that no track waits for another.
import CFFmpeg
public import Model

/// One output. Used by one thread at a time, a named one: calls may block until their deadline.
public final class Muxer: PacketSink {
    public enum Target: Sendable {
        /// A file, "-" or a network address. An existing file is overwritten.
        case address(MediaAddress)
        /// Gets the container's bytes in order; answers with their count, or a negative errno.
        case write(@Sendable (UnsafeRawBufferPointer) -> Int)
        /// An open file that can seek, at its beginning; stays the caller's. Bytes wait in a buffer until it is
        /// full, or `flush`.
        case descriptor(Int32)
    }

    public struct Options: Sendable {
        /// Passed to FFmpeg as they are, e.g. "movflags"; a key that nobody takes is a usage error.
        public var av: [String: String] = [:]
        /// Bound of connecting and of each write to a network or pipe; nil: for ever.
        public var timeout: Span?
        /// Somebody watches now: every packet leaves at once.
        public var isLive = false
        /// Global tags such as "title".
        public var metadata: [String: String] = [:]
        /// What errors call the output; nil: its address, or "the output".
        public var name: String?
        public init() {}
    }

    /// FFmpeg's name of the container.
    public let formatName: String
    /// Packets left out: no time, or of a track that the header does not know.
    public private(set) var droppedPackets = 0

    private let format: OutputFormat
    private let context: OutputContext
    private let options: Options
    private let interrupt: InterruptFlag
    private let what: String
    private let packet: NativePacket
    private var dictionary: OptionDictionary
    private var gate: HeaderGate?
    private var outputs: [Int: OutputTrack] = [:]
    private enum State { case fresh, waiting, writing, failed, finished }
    private var state = State.fresh

    /// Creates the file or connects; nothing is written before `begin`.
    /// - Parameter format: FFmpeg's name, "ts" or "mkv"; nil: from the address.
    /// - Throws: `usage`, `cannot_create`, `no_space`, and network reasons.
    public init(
        target: Target, format: String? = nil, options: Options = Options(),
        interrupt: InterruptFlag = InterruptFlag()
    ) throws(SluiceError) {
        var address: MediaAddress?
        if case .address(let given) = target { address = given }
        let spoken = address.map { $0.scheme == .standardStream ? "standard output" : $0.description }
        what = "cannot write " + (options.name ?? spoken ?? "the output")
        let form = try OutputFormat(named: format, for: address)
        self.format = form
        formatName = form.name
        self.options = options
        self.interrupt = interrupt
        packet = try NativePacket()
        dictionary = OptionDictionary(options.av)
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        context = try OutputContext(
            target, form, options, what: what, interrupt: interrupt, dictionary: &dictionary)
        // A file on a disk takes what it is given; a cancel must not leave it without its index.
        if context.canSeek { interrupt.shieldFromCancel() }
    }

    /// Announces the tracks. Called again, it takes over new decoder configurations where the container can;
    /// a track that the header does not know stays out (see `droppedPackets`): start a new output for it.
    /// - Throws: `unsupported_codec`, `no_media`, `cannot_create`.
    public func begin(tracks: [Track]) throws(SluiceError) {
        switch state {
        case .fresh:
            guard !tracks.isEmpty else { throw SluiceError(.noMedia, what, why: "there is no track to write") }
            for track in tracks where !format.carries(track.codec) {
                throw SluiceError(
                    .unsupportedCodec, what, why: "\(formatName) has no place for \(track.codec.rawValue)")
            }
            let fresh = HeaderGate(tracks, needsConfiguration: format.needsConfiguration)
            gate = fresh
            state = .waiting
            if fresh.isOpen { try writeHeader() }
        case .waiting:
            let held = gate?.takeWaiting() ?? []
            gate = HeaderGate(tracks, needsConfiguration: format.needsConfiguration)
            if gate?.isOpen == true { try writeHeader() }
            for packet in held { try write(packet) }
        case .writing:
            for track in tracks { outputs[track.id]?.adopt(track) }
        case .failed, .finished: break
        }
    }

    private func writeHeader() throws(SluiceError) {
        guard let gate else { return }
        let raw = context.raw
        for (key, value) in options.metadata { av_dict_set(&raw.pointee.metadata, key, value, 0) }
        for track in gate.tracks { outputs[track.id] = try OutputTrack(track, in: raw, what: what) }
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        let status = avformat_write_header(raw, &dictionary.raw)
        guard status >= 0 else {
            state = .failed
            if let cause = interrupt.cause { throw OutputContext.interrupted(cause, what) }
            throw FFmpegFailure.error(status, what, phase: .openOutput, isNetwork: context.isNetwork)
        }
        state = .writing
        self.gate = nil
        try dictionary.refuseLeftovers(of: options.av, what: what)
        // The header leaves now: a viewer of a pipe sees what comes before the first packet does.
        if options.isLive || !context.canSeek, let bytes = raw.pointee.pb { avio_flush(bytes) }
    }

    /// Writes one packet; blocks while the output is slow.
    /// - Throws: `no_space`, `connection_lost`, `timeout` …, all mid-stream. Nothing is written after that.
    public func write(_ packet: Packet) throws(SluiceError) {
        switch state {
        case .waiting:
            guard gate?.admit(packet) == true, let held = gate?.takeWaiting() else { return }
            try writeHeader()
            for earlier in held { try put(earlier) }
        case .writing: try put(packet)
        case .fresh, .failed, .finished: return
        }
    }

    private func put(_ packet: Packet) throws(SluiceError) {
        guard let output = outputs[packet.track], !packet.data.isEmpty,
            try output.fill(self.packet, from: packet)
        else {
            droppedPackets += 1
            return
        }
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        let isKept = keepsSound && packet.kind == .audio
        let place = self.packet.raw.pointee
        keptSound = isKept ? (place.stream_index, place.pts, place.dts) : nil
        var status = av_write_frame(context.raw, self.packet.raw)
        av_packet_unref(self.packet.raw)
        // Even without a gathering size FFmpeg keeps up to 170 bytes of sound: several frames of silence.
        if status >= 0, options.isLive, formatName == "mpegts" { status = av_write_frame(context.raw, nil) }
        noteProgress()
        guard status < 0 else { return }
        if status == SLUICE_ERROR_INVALIDDATA || status == SLUICE_ERROR_EINVAL,
            context.raw.pointee.pb?.pointee.error ?? 0 >= 0
        {
            // One packet that the container refuses is not the end of the output.
            droppedPackets += 1
            return
        }
        state = .failed
        if let cause = interrupt.cause {
            var error = OutputContext.interrupted(cause, what)
            error.isMidStream = true
            if cause == .deadline { error.why = "the other side takes no more data" }
            throw error
        }
        throw FFmpegFailure.error(status, what, phase: .write, isNetwork: context.isNetwork)
    }

    /// Hands everything that was written so far to the system: ends the fragment, cluster or gathered sound
    /// that the container is in. What the file then holds can be played to this point.
    /// - Throws: As `write`.
    public func flush() throws(SluiceError) {
        guard state == .writing else { return }
        if let timeout = options.timeout { interrupt.arm(deadline: .now() + timeout) }
        releaseSound()
        var status = av_write_frame(context.raw, nil)
        // Asked for once, it holds for one fragment only: the next would begin where the lengths of the packets
        // before it add up to, and where those are not known, at the time of one that is there already.
        if let flags = options.av["movflags"], flags.contains("frag_discont") {
            av_opt_set(context.raw.pointee.priv_data, "movflags", "+frag_discont", 0)
        }
        if let bytes = context.raw.pointee.pb {
            avio_flush(bytes)
            if status >= 0 { status = bytes.pointee.error }
        }
        noteProgress()
        guard status < 0 else { return }
        state = .failed
        throw FFmpegFailure.error(status, what, phase: .write, isNetwork: context.isNetwork)
    }

    /// Matroska's muxer keeps the newest packet of sound until another packet comes, flushed or not.
    private var keepsSound: Bool { formatName == "matroska" || formatName == "webm" }
    private var keptSound: (stream: Int32, pts: Int64, dts: Int64)?

    /// A packet without bytes makes it write that one, and is not kept itself.
    private func releaseSound() {
        guard let kept = keptSound, av_new_packet(packet.raw, 0) == 0 else { return }
        keptSound = nil
        packet.raw.pointee.stream_index = kept.stream
        (packet.raw.pointee.pts, packet.raw.pointee.dts) = (kept.pts, kept.dts)
        // Should it be refused, then the sound is kept as before; an output that fails does so in what follows.
        _ = av_write_frame(context.raw, packet.raw)
        av_packet_unref(packet.raw)
    }

    /// Writes what the container keeps for its end, and flushes. Called once; does nothing after a failure.
    /// An output whose tracks never told their parameters is written without them, or fails as `no_media`.
    public func finish() throws(SluiceError) {
        defer { state = .finished }
        // A cancel usually is why it ends; what ends it well gets a moment all the same.
        interrupt.shieldFromCancel()
        if !context.canSeek { interrupt.arm(deadline: .now() + Self.grace) }
        if state == .waiting, let held = gate?.takeWaiting() {
            gate?.giveUpWaiting()
            guard gate?.tracks.isEmpty == false else {
                throw SluiceError(.noMedia, what, why: "no track told its parameters")
            }
            try writeHeader()
            for packet in held { try put(packet) }
        }
        let hasFailed = state == .failed
        guard state == .writing || hasFailed, !outputs.isEmpty else { return }
        if !context.canSeek { interrupt.arm(deadline: .now() + min(options.timeout ?? Self.grace, Self.grace)) }
        // After a failure too: it frees what the header allocated, and a full disk may still take an index.
        var status = outputsHaveHeader ? av_write_trailer(context.raw) : 0
        if status >= 0, let bytes = context.raw.pointee.pb {
            avio_flush(bytes)
            status = bytes.pointee.error
        }
        noteProgress()
        if status < 0, !hasFailed {
            throw FFmpegFailure.error(status, what, phase: .write, isNetwork: context.isNetwork)
        }
    }

    /// What a network or a pipe gets for the last bytes.
    private static let grace = Span.seconds(3)

    /// Whether the header was written, so that a trailer may follow.
    private var outputsHaveHeader: Bool { gate == nil }

    /// Bytes of output so far: its greatest extent, wherever the container went back to.
    public private(set) var bytesWritten: Int64 = 0

    private func noteProgress() {
        if let bytes = context.raw.pointee.pb { bytesWritten = max(bytesWritten, avio_tell(bytes)) }
    }
}
