// Coded packets → frames. Survives damaged data; holds back no more than the stream's own B-frames ask for.
import CFFmpeg
import Glibc
public import Model

/// One decoder for one track. Used by one thread at a time.
public final class Decoder {
    public enum SendResult: Sendable { case accepted, full }
    public enum ReceiveResult: Sendable { case frame(Frame), needsInput, endOfStream }

    /// Larger pictures are refused: a damaged header must not ask for gigabytes. 64 Mi pixels hold 8K twice.
    public static let greatestPicture: Int64 = 64 << 20

    /// Packets that could not be decoded, since the beginning.
    public private(set) var damagedPackets = 0
    /// Frames delivered, since the beginning.
    public private(set) var frames = 0
    public let track: Track
    /// The last picture came out of a graphics device.
    public private(set) var usesHardware = false

    private let context: UnsafeMutablePointer<AVCodecContext>
    private let packet: NativePacket
    private var epoch = 0

    /// - Parameters:
    ///   - threads: nil: chosen by `lowDelay` and picture size.
    ///   - lowDelay: No frame threads, which would hold back a frame each.
    ///   - maxPixels: Cap on width × height.
    ///   - hardware: Decodes there where the device can; FFmpeg goes on in software where it cannot.
    /// - Throws: `unsupported_codec`, `corrupt` (configuration refused).
    public init(
        track: Track, threads: Int? = nil, lowDelay: Bool = false, maxPixels: Int64 = Decoder.greatestPicture,
        hardware: HardwareDevice? = nil
    ) throws(SluiceError) {
        self.track = track
        let what = "cannot decode \(track.kind.rawValue) track \(track.id) (\(track.codec.rawValue))"
        let parameters = try CodecParameters(track: track)
        guard let codec = avcodec_find_decoder(parameters.raw.pointee.codec_id) else {
            throw SluiceError(.unsupportedCodec, what, why: "FFmpeg on this machine has no decoder for it")
        }
        packet = try NativePacket()
        guard let made = avcodec_alloc_context3(codec) else { throw FFmpegFailure.outOfMemory(what) }
        // From here on every property has its value, so deinit frees the context if opening fails.
        context = made
        let status = avcodec_parameters_to_context(made, parameters.raw)
        guard status >= 0 else { throw FFmpegFailure.error(status, what, phase: .codec) }
        made.pointee.pkt_timebase = SLUICE_NANOSECONDS
        made.pointee.max_pixels = maxPixels
        Self.chooseThreads(made, track, hardware == nil ? threads : 1, lowDelay)
        if let hardware { made.pointee.hw_device_ctx = av_buffer_ref(hardware.reference) }
        let result = avcodec_open2(made, codec, nil)
        guard result >= 0 else { throw FFmpegFailure.error(result, what, phase: .codec) }
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&pointer)
    }

    /// Slices help only large pictures, and only where the encoder made several; below 720p one thread wins.
    private static func chooseThreads(
        _ context: UnsafeMutablePointer<AVCodecContext>, _ track: Track, _ threads: Int?, _ lowDelay: Bool
    ) {
        let pixels = Int(context.pointee.width) * Int(context.pointee.height)
        if lowDelay {
            context.pointee.flags |= AV_CODEC_FLAG_LOW_DELAY
            context.pointee.thread_type = FF_THREAD_SLICE
            let cores = max(1, min(4, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
            context.pointee.thread_count = Int32(clamping: threads ?? (pixels >= 1280 * 720 ? cores : 1))
        } else {
            context.pointee.thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE
            context.pointee.thread_count = Int32(clamping: threads ?? (track.kind == .video ? 0 : 1))
        }
    }

    /// Decodes everything, or leaves out pictures that no other one needs (to catch up unseen).
    public var skipsUnneeded: Bool {
        get { context.pointee.skip_frame == AVDISCARD_NONREF }
        set { context.pointee.skip_frame = newValue ? AVDISCARD_NONREF : AVDISCARD_DEFAULT }
    }

    /// Pictures that the decoder holds to put them in order, as far as known now.
    public var reorderDepth: Int { Int(context.pointee.has_b_frames) }

    /// Hands in one packet; nil drains. `.full`: receive first, then send the same packet again.
    /// A damaged packet is counted and accepted.
    /// - Throws: only what ends all decoding (`internal`).
    public func send(_ packet: Packet?) throws(SluiceError) -> SendResult {
        let status: Int32
        if let packet {
            // An empty packet would mean "drain" to FFmpeg.
            guard !packet.data.isEmpty else { return .accepted }
            try self.packet.fill(packet, base: SLUICE_NANOSECONDS)
            status = avcodec_send_packet(context, self.packet.raw)
            av_packet_unref(self.packet.raw)
            if status != SLUICE_ERROR_AGAIN { epoch = packet.epoch }
        } else {
            status = avcodec_send_packet(context, nil)
        }
        switch status {
        case 0...: return .accepted
        case SLUICE_ERROR_AGAIN: return .full
        case SLUICE_ERROR_EOF: return .accepted
        default:
            try survive(status)
            return .accepted
        }
    }

    /// The next frame in order of presentation, if there is one.
    public func receive() throws(SluiceError) -> ReceiveResult {
        while true {
            guard let frame = av_frame_alloc() else { throw FFmpegFailure.outOfMemory("cannot decode") }
            let status = avcodec_receive_frame(context, frame)
            if status >= 0, !HardwareDevice.holds(frame) {
                frames += 1
                usesHardware = false
                return .frame(wrap(frame))
            }
            var pointer: UnsafeMutablePointer<AVFrame>? = frame
            defer { av_frame_free(&pointer) }
            if status >= 0 {
                let copy = try HardwareDevice.fetch(frame)
                frames += 1
                usesHardware = true
                return .frame(wrap(copy))
            }
            switch status {
            case SLUICE_ERROR_AGAIN: return .needsInput
            case SLUICE_ERROR_EOF: return .endOfStream
            default: try survive(status)
            }
        }
    }

    /// Forgets what it holds; the next packet should be a key frame.
    public func flush() { avcodec_flush_buffers(context) }

    private func survive(_ status: Int32) throws(SluiceError) {
        guard status != SLUICE_ERROR_NOMEM, status != SLUICE_ERROR_BUG else {
            throw FFmpegFailure.error(status, "cannot decode on", phase: .codec)
        }
        damagedPackets += 1
    }

    private func wrap(_ frame: UnsafeMutablePointer<AVFrame>) -> Frame {
        let ticks =
            track.kind == .video && frame.pointee.best_effort_timestamp != SLUICE_NOPTS
            ? frame.pointee.best_effort_timestamp : frame.pointee.pts
        var duration = Span(ticks: sluice_frame_duration(frame), base: SLUICE_NANOSECONDS)
        if track.kind == .audio, frame.pointee.sample_rate > 0 {
            duration = Span(seconds: Double(frame.pointee.nb_samples) / Double(frame.pointee.sample_rate))
        }
        return Frame(
            owning: frame, kind: track.kind, pts: MediaTime(ticks: ticks, base: SLUICE_NANOSECONDS),
            duration: duration, epoch: epoch)
    }
}
