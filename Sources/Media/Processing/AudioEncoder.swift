// Sound to AAC (FFmpeg's own) or Opus (libopus). Timestamps count samples; decides nothing about pacing.
import CFFmpeg
public import Model

/// One encoder, with the conversion to its rate, layout and frame size. One thread at a time.
///
/// Packets tell the time at which their sound is to be heard. AAC needs one packet of run-up that holds no
/// sound; it is not given out, so that the first packet has the first frame's time: a decoder starts with a
/// fade of 20 ms. Opus packets are told at the time of what went in, 6.5 ms early at most.
public final class AudioEncoder {
    /// What to encode. Every default is the one of a live push.
    public struct Settings: Sendable {
        /// `.aac` or `.opus`.
        public var codec: Codec
        /// Hz; nil keeps 44.1 and 48 kHz and makes 48 kHz of everything else. Opus is always 48 kHz.
        public var sampleRate: Int?
        /// Channels to mix to.
        public var channels = 2
        /// Bits per second.
        public var bitRate = 128_000
        /// Settings with the defaults of live.
        public init(codec: Codec = .aac) { self.codec = codec }
    }

    /// What it was opened with.
    public let settings: Settings
    /// What it makes.
    public let track: Track
    /// Silences filled in and overlaps cut, since the start.
    public var corrections: Int { timeline.corrections }

    private let context: UnsafeMutablePointer<AVCodecContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private let resampler: Resampler
    private let frameSize: Int
    private let sampleRate: Int
    private let fifo: OpaquePointer
    private var timeline: SampleTimeline
    private var ready: [Packet] = []
    private var isDrained = false
    private var epoch = 0

    /// Opens the encoder.
    ///
    /// - Parameters:
    ///   - inputRate: Hz of the sound to come, for the choice of `Settings.sampleRate`.
    ///   - trackID: `Track.id` of `track` and of the packets.
    /// - Throws: `usage` for settings that are not possible, `unsupported_codec` where FFmpeg lacks the encoder.
    public init(_ settings: Settings, inputRate: Int, trackID: Int = 0) throws(SluiceError) {
        let what = "cannot encode sound"
        self.settings = settings
        let rate = settings.codec == .opus ? 48_000 : settings.sampleRate ?? (inputRate == 44_100 ? 44_100 : 48_000)
        sampleRate = rate
        let opened = try Self.open(settings, rate, what)
        do throws(SluiceError) {
            frameSize = Int(opened.pointee.frame_size)
            resampler = try Resampler(
                output: AudioFormat(
                    sampleRate: rate, channels: settings.channels,
                    sample: opened.pointee.sample_fmt == AV_SAMPLE_FMT_FLTP ? .floatPlanar : .float))
            timeline = SampleTimeline(sampleRate: rate)
            let parameters = try CodecParameters(of: opened)
            track = parameters.track(id: trackID)
            guard let fifo = av_audio_fifo_alloc(opened.pointee.sample_fmt, Int32(settings.channels), 8192) else {
                throw FFmpegFailure.outOfMemory(what)
            }
            guard let packet = av_packet_alloc() else {
                av_audio_fifo_free(fifo)
                throw FFmpegFailure.outOfMemory(what)
            }
            self.fifo = fifo
            self.packet = packet
        } catch {
            var unused: UnsafeMutablePointer<AVCodecContext>? = opened
            avcodec_free_context(&unused)
            throw error
        }
        context = opened
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = self.context
        var packet: UnsafeMutablePointer<AVPacket>? = self.packet
        avcodec_free_context(&context)
        av_packet_free(&packet)
        av_audio_fifo_free(fifo)
    }

    /// Takes sound of any format; nil pads the last frame with silence and drains.
    ///
    /// Time that goes on by more than 100 ms without sound is filled with silence (above ten seconds, the
    /// count of time starts anew instead); sound that overlaps by more is cut.
    /// - Throws: `unsupported_codec` for sound that cannot be converted, `internal` when the encoder fails.
    public func send(_ frame: Frame?) throws(SluiceError) {
        guard !isDrained else { return }
        guard let frame else {
            isDrained = true
            if let rest = try resampler.flush() { try store(rest, skipping: 0) }
            try padToFrame()
            try encodeWholeFrames()
            return try push(nil)
        }
        epoch = frame.epoch
        let held = resampler.delay
        let converted = try resampler.convert(frame)
        // Compared by what goes in, not by what happens to come out of the filter this time.
        switch timeline.place(frame.pts.map { $0 - held }) {
        case .append: break
        case .fill(let samples): try storeSilence(samples)
        case .restart:
            try padToFrame()
            try encodeWholeFrames()
            timeline.restart(at: frame.pts.map { $0 - held } ?? .zero)
        }
        if let converted {
            let skipped = timeline.cut(converted.sampleCount)
            try store(converted, skipping: skipped)
        }
        try encodeWholeFrames()
    }

    /// The next packet; nil when more sound is needed, or after draining when all is out.
    public func receive() throws(SluiceError) -> Packet? {
        if !ready.isEmpty { return ready.removeFirst() }
        return try pull()
    }

    // MARK: Samples

    private func store(_ frame: Frame, skipping skipped: Int) throws(SluiceError) {
        let count = frame.sampleCount - skipped
        guard count > 0 else { return }
        let isPlanar = resampler.output.sample.isPlanar
        let offset = skipped * resampler.output.sample.byteCount * (isPlanar ? 1 : settings.channels)
        var planes: [UnsafeMutableRawPointer?] = []
        for index in 0..<(isPlanar ? settings.channels : 1) {
            planes.append(frame.raw.pointee.extended_data[index].map { UnsafeMutableRawPointer($0 + offset) })
        }
        try FFmpegFailure.check(
            av_audio_fifo_write(fifo, &planes, Int32(count)), "cannot encode sound", phase: .codec)
        timeline.stored(count)
    }

    private func storeSilence(_ samples: Int) throws(SluiceError) {
        var left = samples
        while left > 0 {
            let count = min(left, 48_000)
            let silence = try Frame.audio(
                samples: count, sampleRate: sampleRate, channels: settings.channels,
                format: context.pointee.sample_fmt, pts: nil)
            av_samples_set_silence(
                silence.raw.pointee.extended_data, 0, Int32(count), Int32(settings.channels),
                context.pointee.sample_fmt)
            try store(silence, skipping: 0)
            try encodeWholeFrames()
            left -= count
        }
    }

    private func padToFrame() throws(SluiceError) {
        let rest = Int(av_audio_fifo_size(fifo)) % frameSize
        if rest > 0 { try storeSilence(frameSize - rest) }
    }

    private func encodeWholeFrames() throws(SluiceError) {
        while Int(av_audio_fifo_size(fifo)) >= frameSize {
            let block = try Frame.audio(
                samples: frameSize, sampleRate: sampleRate, channels: settings.channels,
                format: context.pointee.sample_fmt, pts: nil)
            var planes: [UnsafeMutableRawPointer?] = []
            for index in 0..<(resampler.output.sample.isPlanar ? settings.channels : 1) {
                planes.append(block.raw.pointee.extended_data[index].map { UnsafeMutableRawPointer($0) })
            }
            try FFmpegFailure.check(
                av_audio_fifo_read(fifo, &planes, Int32(frameSize)), "cannot encode sound", phase: .codec)
            repair(planes)
            block.raw.pointee.pts = timeline.take(frameSize)
            try push(block.raw)
        }
    }

    /// A damaged source decodes to infinities, on which the AAC encoder gives up for good.
    private func repair(_ planes: [UnsafeMutableRawPointer?]) {
        let count = frameSize * (resampler.output.sample.isPlanar ? 1 : settings.channels)
        for plane in planes {
            guard let samples = plane?.assumingMemoryBound(to: Float.self) else { continue }
            for index in 0..<count where !(samples[index].magnitude <= 4) {
                samples[index] = samples[index].isNaN ? 0 : samples[index] > 0 ? 4 : -4
            }
        }
    }

    // MARK: Packets

    private func push(_ frame: UnsafeMutablePointer<AVFrame>?) throws(SluiceError) {
        var status = avcodec_send_frame(context, frame)
        while status == SLUICE_ERROR_AGAIN {
            guard let packet = try pull() else { break }
            ready.append(packet)
            status = avcodec_send_frame(context, frame)
        }
        if status == SLUICE_ERROR_EOF { return }
        try FFmpegFailure.check(status, "cannot encode sound", phase: .codec)
    }

    private func pull() throws(SluiceError) -> Packet? {
        while true {
            let status = avcodec_receive_packet(context, packet)
            if status == SLUICE_ERROR_AGAIN || status == SLUICE_ERROR_EOF { return nil }
            try FFmpegFailure.check(status, "cannot encode sound", phase: .codec)
            defer { av_packet_unref(packet) }
            guard
                let time = timeline.time(
                    ofPacket: packet.pointee.pts, settings.codec, context.pointee.initial_padding)
            else { continue }
            return Packet(
                track: track.id, kind: .audio, pts: time, dts: time,
                duration: Span(nanoseconds: Int64(frameSize) * 1_000_000_000 / Int64(sampleRate)), isKeyframe: true,
                data: bytes(packet.pointee.data, Int(packet.pointee.size)), arrival: .now(), epoch: epoch)
        }
    }

    // MARK: Opening

    private static func open(
        _ settings: Settings, _ rate: Int, _ what: String
    ) throws(SluiceError) -> UnsafeMutablePointer<AVCodecContext> {
        let name: String
        switch settings.codec {
        case .aac: name = "aac"
        case .opus: name = "libopus"
        default:
            throw SluiceError(
                .usage, what, why: "codec \"\(settings.codec.rawValue)\" cannot be encoded", hint: "use aac or opus"
            )
        }
        guard (1...8).contains(settings.channels), (8000...510_000).contains(settings.bitRate) else {
            throw SluiceError(
                .usage, what, why: "\(settings.channels) channels at \(settings.bitRate) bit/s are not possible")
        }
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw SluiceError(.unsupportedCodec, what, why: "FFmpeg on this machine has no \(name)")
        }
        var made = avcodec_alloc_context3(codec)
        guard let context = made else { throw FFmpegFailure.outOfMemory(what) }
        context.pointee.sample_rate = Int32(clamping: rate)
        context.pointee.sample_fmt = settings.codec == .aac ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT
        av_channel_layout_default(&context.pointee.ch_layout, Int32(settings.channels))
        context.pointee.bit_rate = Int64(settings.bitRate)
        // One tick is one sample: times are exact.
        context.pointee.time_base = AVRational(num: 1, den: Int32(clamping: rate))
        context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        let status = avcodec_open2(context, codec, nil)
        guard status >= 0 else {
            avcodec_free_context(&made)
            throw SluiceError(
                .usage, what,
                why: "\(name) refuses \(rate) Hz, \(settings.channels) channels, \(settings.bitRate) bit/s",
                hint: "use 44100 or 48000 Hz", code: Int(status))
        }
        return context
    }
}
