// One AVStream of an open input: its track, what is still to be learnt about it, and its packets' times.
import CFFmpeg
import Model

/// Borrowed from, and never outliving, an InputContext. One thread.
final class StreamReader {
    private let stream: UnsafeMutablePointer<AVStream>
    private var parameters: CodecParameters
    private var sniffer: ParameterSniffer?
    private let learns: Bool
    private var sniffedRate: Rational?
    private var lastDTS: MediaTime?
    private var lastDuration: Span?
    private(set) var track: Track

    init(_ stream: UnsafeMutablePointer<AVStream>, id: Int, learns: Bool) throws(SluiceError) {
        self.stream = stream
        self.learns = learns
        parameters = try CodecParameters(copying: stream.pointee.codecpar)
        track = parameters.track(id: id)
        describe()
    }

    var isDiscarded: Bool {
        get { stream.pointee.discard == AVDISCARD_ALL }
        set { stream.pointee.discard = newValue ? AVDISCARD_ALL : AVDISCARD_DEFAULT }
    }

    /// FFmpeg has changed the parameters since they were taken over.
    var isStale: Bool {
        let now = stream.pointee.codecpar.pointee
        let then = seen
        return now.codec_id != then.codec || now.extradata_size != then.extradataSize
            || now.extradata != then.extradata || now.width != then.width || now.height != then.height
            || now.sample_rate != then.rate
    }

    private struct Seen {
        var codec = AV_CODEC_ID_NONE
        var extradata: UnsafeMutablePointer<UInt8>?
        var extradataSize: Int32 = 0
        var width: Int32 = 0
        var height: Int32 = 0
        var rate: Int32 = 0
    }
    private var seen = Seen()

    func reload() throws(SluiceError) {
        parameters = try CodecParameters(copying: stream.pointee.codecpar)
        describe()
    }

    private func describe() {
        let now = stream.pointee.codecpar.pointee
        seen = Seen(
            codec: now.codec_id, extradata: now.extradata, extradataSize: now.extradata_size, width: now.width,
            height: now.height, rate: now.sample_rate)
        sniffer =
            learns && ParameterSniffer.isIncomplete(parameters.raw.pointee) ? ParameterSniffer(parameters.raw) : nil
        rebuildTrack()
    }

    private func rebuildTrack() {
        let rate =
            Rational.positive(stream.pointee.avg_frame_rate) ?? sniffedRate
            ?? Rational.positive(stream.pointee.r_frame_rate)
        var fresh = parameters.track(id: track.id, frameRate: rate)
        fresh.isAttachedPicture = stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
        fresh.language = av_dict_get(stream.pointee.metadata, "language", nil, 0).flatMap { text($0.pointee.value) }
        fresh.video?.rotation = rotation
        if let aspect = Rational.positive(stream.pointee.sample_aspect_ratio),
            aspect.numerator != aspect.denominator
        {
            fresh.video?.sampleAspect = aspect
        }
        track = fresh
    }

    /// Clockwise and in quarter turns; FFmpeg counts the other way.
    private var rotation: Int {
        let quarters = Int((-sluice_stream_rotation(stream) / 90).rounded())
        return ((quarters % 4) + 4) % 4 * 90
    }

    /// Takes what the packet tells about its track. Returns whether the track changed.
    func learn(from packet: UnsafeMutablePointer<AVPacket>) throws(SluiceError) -> Bool {
        var changed = false
        var size = 0
        if let fresh = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size), size > 0 {
            let configuration = bytes(fresh, size)
            if configuration != parameters.configuration {
                let replaced = try CodecParameters(copying: parameters.raw)
                try replaced.setConfiguration(configuration)
                parameters = replaced
                changed = true
            }
        }
        if let sniffer {
            let replaced = try CodecParameters(copying: parameters.raw)
            if sniffer.learn(from: packet, into: replaced.raw) {
                parameters = replaced
                sniffedRate = sniffer.frameRate
                self.sniffer = nil
                changed = true
            } else if sniffer.isExhausted {
                self.sniffer = nil
            }
        }
        if changed { rebuildTrack() }
        return changed
    }

    /// - Parameter near: A time that this one cannot be far from; used where the stream has none of its own yet.
    func packet(from raw: UnsafeMutablePointer<AVPacket>, arrival: HostTime, near: MediaTime?) -> Packet {
        let base = stream.pointee.time_base
        let decoded = unwrapped(raw.pointee.dts, near: (lastDTS ?? near).ticks(in: base))
        let shown = unwrapped(
            raw.pointee.pts, near: decoded == SLUICE_NOPTS ? (lastDTS ?? near).ticks(in: base) : decoded)
        var pts = MediaTime(ticks: shown, base: base)
        var dts = MediaTime(ticks: decoded, base: base)
        let duration = Span(ticks: raw.pointee.duration, base: base) ?? frameLength(raw.pointee.size)
        // Of several frames in one PES packet only the first has a time.
        if dts == nil, track.kind == .audio || pts == nil, let last = lastDTS, let step = lastDuration {
            dts = pts ?? last + step
        }
        if track.kind != .video || track.video?.reorderDepth == 0 {
            // Decoded in the order shown: the one time is the other.
            if pts == nil { pts = dts }
            if dts == nil { dts = pts }
        }
        lastDTS = dts ?? lastDTS
        lastDuration = duration ?? lastDuration
        return Packet(
            track: track.id, kind: track.kind, pts: pts, dts: dts, duration: duration,
            isKeyframe: raw.pointee.flags & AV_PKT_FLAG_KEY != 0,
            data: bytes(raw.pointee.data, Int(raw.pointee.size)), arrival: arrival)
    }

    /// Of all the times that a clock of so few bits may mean, the one nearest to `reference`. FFmpeg takes every
    /// time well before the first one for a wrap: a transport stream that is set back by 100 s would go on 26 h
    /// later.
    private func unwrapped(_ ticks: Int64, near reference: Int64) -> Int64 {
        let bits = stream.pointee.pts_wrap_bits
        guard ticks != SLUICE_NOPTS, reference != SLUICE_NOPTS, (16..<63).contains(bits) else { return ticks }
        let (distance, overflow) = ticks.subtractingReportingOverflow(reference)
        guard !overflow else { return ticks }
        let circle = Int64(1) << Int64(bits)
        let turns = (Double(distance) / Double(circle)).rounded()
        guard turns != 0, abs(turns) < 1024 else { return ticks }
        return ticks - Int64(turns) * circle
    }

    /// Length of one frame of sound, for containers that do not say.
    private func frameLength(_ size: Int32) -> Span? {
        guard track.kind == .audio, parameters.raw.pointee.sample_rate > 0 else { return nil }
        let samples = av_get_audio_frame_duration2(parameters.raw, size)
        let rate = parameters.raw.pointee.sample_rate
        return Span(ticks: Int64(samples), base: AVRational(num: 1, den: rate))
    }

    /// After a seek nothing follows from earlier packets.
    func forgetTimes() {
        lastDTS = nil
        lastDuration = nil
    }
}
