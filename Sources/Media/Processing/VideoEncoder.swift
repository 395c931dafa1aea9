// Pictures to H.264 or HEVC by libx264 and libx265. Keeps timestamps as they come, to the nanosecond;
// decides nothing about pacing, dropping or rates.
import CFFmpeg
public import Model
import Wire

/// One encoder. One thread at a time.
public final class VideoEncoder {
    /// What it was opened with; the bit rate follows `setBitRate`.
    public private(set) var settings: Settings
    /// What it makes; the id is 0 until the caller sets another in `init`.
    public let track: Track
    /// Timestamps that had to be moved because they did not increase.
    public private(set) var adjustedTimestamps = 0

    private var context: UnsafeMutablePointer<AVCodecContext>
    private var packet: UnsafeMutablePointer<AVPacket>
    private let scaler: Scaler
    private let form: EncodedForm
    private let frameDuration: Span
    private var ready: [Packet] = []
    private var isDrained = false
    private var wantsKeyframe = false
    private var lastTime: MediaTime?
    private var epoch = 0
    /// Marks of pictures inside the encoder, by pts; a handful at most.
    private var marks: [Int64: PrecisionTimeStamp] = [:]

    /// Opens the encoder.
    ///
    /// - Parameters:
    ///   - first: A frame like those to come: colours and pixel shape are announced from it. Not encoded.
    ///   - trackID: `Track.id` of `track` and of the packets.
    /// - Throws: `usage` with the valid names for an unknown preset, tune, profile or pixel format.
    public init(_ settings: Settings, like first: Frame? = nil, trackID: Int = 0) throws(SluiceError) {
        try Self.validate(settings)
        var settings = settings
        settings.width &= ~1
        settings.height &= ~1
        settings.bitRate = settings.effectiveBitRate
        self.settings = settings
        scaler = try Scaler(
            width: settings.width, height: settings.height, pixelFormat: settings.pixelFormat, quality: .sharp)
        frameDuration = Span(seconds: 1 / settings.framesPerSecond)
        let model: Frame?
        if let first { model = try scaler.scale(first) } else { model = nil }
        let opened = try Self.open(settings, model)
        do throws(SluiceError) {
            let parameters = try CodecParameters(of: opened)
            form = try EncodedForm(parameters, codec: settings.codec, isPrefixed: settings.globalHeader)
            track = form.describe(parameters, id: trackID, frameRate: settings.frameRate)
            guard let packet = av_packet_alloc() else { throw FFmpegFailure.outOfMemory("cannot encode video") }
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
    }

    /// Takes one picture of any size and format; nil drains. Collect the packets with `receive` after each.
    ///
    /// A picture without a time follows the last one at the nominal rate; one that is not later than the
    /// last is moved just behind it.
    /// - Throws: `unsupported_codec` for pictures that cannot be read, `internal` when the encoder fails.
    public func send(_ frame: Frame?) throws(SluiceError) {
        guard !isDrained else { return }
        guard let frame else {
            isDrained = true
            try push(nil)
            return
        }
        let scaled = try scaler.scale(frame)
        guard let copy = av_frame_clone(scaled.raw) else { throw FFmpegFailure.outOfMemory("cannot encode video") }
        defer {
            var unused: UnsafeMutablePointer<AVFrame>? = copy
            av_frame_free(&unused)
        }
        let time = nextTime(frame.pts)
        epoch = frame.epoch
        copy.pointee.format = context.pointee.pix_fmt.rawValue
        copy.pointee.pts = time.nanoseconds
        if settings.keepsMarks,
            let mark = frame.userDataSEI.lazy.compactMap(PrecisionTimeStamp.init(userData:)).first
        {
            // More than any lookahead: a bound only against an encoder that swallows pictures.
            if marks.count > 512 { marks = [:] }
            marks[time.nanoseconds] = mark
        }
        // A decoded picture still says what it was; the encoder would take that for an order.
        copy.pointee.pict_type = wantsKeyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        sluice_frame_set_key(copy, 0)
        sluice_frame_set_duration(copy, frameDuration.nanoseconds)
        try push(copy)
        wantsKeyframe = false
        lastTime = time
    }

    /// The next packet; nil when more pictures are needed, or after draining when all is out.
    public func receive() throws(SluiceError) -> Packet? {
        if !ready.isEmpty { return ready.removeFirst() }
        return try pull()
    }

    /// Makes the next picture that is sent a key frame (IDR).
    public func forceKeyframe() { wantsKeyframe = true }

    /// Changes the rate from the next picture on; it settles within a second or two.
    ///
    /// - Returns: False where the encoder cannot (HEVC, or opened without VBV); the rate is then unchanged.
    public func setBitRate(_ bitsPerSecond: Int) -> Bool {
        // x264 takes a new rate only when it was opened with a VBV; x265 is not reconfigured by FFmpeg at all.
        guard settings.codec == .h264, settings.vbvBits > 0, bitsPerSecond >= 1000 else { return false }
        settings.bitRate = bitsPerSecond
        Self.setRates(context, settings)
        return true
    }

    // MARK: Inside

    private func nextTime(_ wanted: MediaTime?) -> MediaTime {
        guard let last = lastTime else { return wanted ?? .zero }
        guard let wanted else { return last + frameDuration }
        if wanted > last { return wanted }
        adjustedTimestamps += 1
        return last + .milliseconds(1)
    }

    private func push(_ frame: UnsafeMutablePointer<AVFrame>?) throws(SluiceError) {
        var status = avcodec_send_frame(context, frame)
        while status == SLUICE_ERROR_AGAIN {
            guard let packet = try pull() else { break }
            ready.append(packet)
            status = avcodec_send_frame(context, frame)
        }
        if status == SLUICE_ERROR_EOF { return }
        try FFmpegFailure.check(status, "cannot encode video", phase: .codec)
    }

    private func pull() throws(SluiceError) -> Packet? {
        let status = avcodec_receive_packet(context, packet)
        if status == SLUICE_ERROR_AGAIN || status == SLUICE_ERROR_EOF { return nil }
        try FFmpegFailure.check(status, "cannot encode video", phase: .codec)
        defer { av_packet_unref(packet) }
        let mark = marks.isEmpty ? nil : marks.removeValue(forKey: packet.pointee.pts)
        let data = try form.packet(bytes(packet.pointee.data, Int(packet.pointee.size)), mark: mark)
        return Packet(
            track: track.id, kind: .video, pts: MediaTime(ticks: packet.pointee.pts, base: SLUICE_NANOSECONDS),
            dts: MediaTime(ticks: packet.pointee.dts, base: SLUICE_NANOSECONDS), duration: frameDuration,
            isKeyframe: packet.pointee.flags & AV_PKT_FLAG_KEY != 0, data: data, arrival: .now(), epoch: epoch)
    }
}
