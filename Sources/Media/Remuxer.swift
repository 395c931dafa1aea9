// A finished or torn file → the same packets in an ordinary container with its index, without decoding. Times
// move together so that the first thing shown is at zero.
import CFFmpeg
import Glibc
public import Model

/// Blocks as long as it copies; on a named thread of its own.
public enum Remuxer {
    public struct Result: Sendable, Equatable {
        public var packets = 0
        /// From the first to the end of the last thing shown.
        public var duration = Span.zero
        /// In the order of the file.
        public var kinds: [TrackKind] = []
    }

    /// Copies `source` into `target`, which is created or overwritten; a damaged packet, such as the torn last
    /// one, is left out.
    /// - Parameters:
    ///   - format: FFmpeg's name of both containers, or "ts", "mkv".
    ///   - cancel: Ends the copying; what is in `target` is then of no use.
    /// - Throws: `no_space`, `cannot_create`, `corrupt`, `no_media` where there is no packet in it.
    public static func copy(_ source: String, to target: String, format: String, cancel: CancelFlag)
        throws(SluiceError) -> Result
    {
        let input = try InputContext(
            .address(try MediaAddress("file://" + source)), Demuxer.Options(),
            what: "cannot read \(source)", interrupt: InterruptFlag(cancel: cancel))
        return try RemuxPass(input, target: target, format: format, cancel: cancel).run()
    }
}

private final class RemuxPass {
    private let input: InputContext
    private let output: OutputContext
    private let cancel: CancelFlag
    private let what: String
    private let isMP4: Bool
    private let isMatroska: Bool
    private var dictionary: OptionDictionary
    private var packet: NativePacket
    /// Input stream → output stream.
    private var map: [Int32: Int32] = [:]
    private var result = Remuxer.Result()
    private var hasHeader = false
    /// What is taken off every time, in nanoseconds.
    private var origin: Int64 = 0
    private var early: [NativePacket] = []

    init(_ input: InputContext, target: String, format: String, cancel: CancelFlag) throws(SluiceError) {
        self.input = input
        self.cancel = cancel
        // MP4 tells every packet's times and whether it is a key frame: looking into each for them took a third of
        // the reading.
        if input.hasCompleteHeader { input.raw.pointee.flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN }
        what = "cannot write \(target)"
        let form = try OutputFormat(named: format, for: nil)
        var options = Muxer.Options()
        isMP4 = form.name == "mp4"
        isMatroska = form.name == "matroska"
        if isMP4 { options.av["movflags"] = "faststart" }
        dictionary = OptionDictionary(options.av)
        packet = try NativePacket()
        output = try OutputContext(
            .address(try MediaAddress("file://" + target)), form, options, what: what,
            interrupt: InterruptFlag(cancel: cancel), dictionary: &dictionary)
    }

    func run() throws(SluiceError) -> Remuxer.Result {
        // Times are moved here; Matroska's muxer would take an invented dts for one that is to be shown.
        if isMatroska { output.raw.pointee.avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED }
        // MP4 and Matroska tell their tracks in the header; FLV does not.
        if input.raw.pointee.ctx_flags & AVFMTCTX_NOHEADER != 0 { avformat_find_stream_info(input.raw, nil) }
        try addStreams()
        try gather()
        if early.isEmpty { throw SluiceError(.noMedia, what, why: "there is no packet to copy") }
        let status = avformat_write_header(output.raw, &dictionary.raw)
        if status < 0 { throw FFmpegFailure.error(status, what, phase: .openOutput) }
        hasHeader = true
        // Allocated by the header, freed by the trailer, whatever happens in between.
        var hasTrailer = false
        defer { if !hasTrailer { av_write_trailer(output.raw) } }
        for packet in early { try write(packet) }
        early = []
        while try read(packet) { try write(packet) }
        hasTrailer = true
        var end = av_write_trailer(output.raw)
        if end >= 0, let bytes = output.raw.pointee.pb {
            avio_flush(bytes)
            end = bytes.pointee.error
        }
        if end < 0 { throw FFmpegFailure.error(end, what, phase: .write) }
        if let shown { result.duration = Span(nanoseconds: shown.end - shown.first) }
        return result
    }

    private func addStreams() throws(SluiceError) {
        for index in 0..<input.raw.pointee.nb_streams {
            guard let stream = sluice_stream(input.raw, index), let parameters = stream.pointee.codecpar,
                parameters.pointee.codec_type == AVMEDIA_TYPE_VIDEO
                    || parameters.pointee.codec_type == AVMEDIA_TYPE_AUDIO
            else { continue }
            guard let made = avformat_new_stream(output.raw, nil) else { throw FFmpegFailure.outOfMemory(what) }
            try FFmpegFailure.check(
                avcodec_parameters_copy(made.pointee.codecpar, parameters), what, phase: .openOutput)
            if !isMP4 { made.pointee.codecpar.pointee.codec_tag = 0 }
            made.pointee.time_base = stream.pointee.time_base
            made.pointee.sample_aspect_ratio = stream.pointee.sample_aspect_ratio
            made.pointee.avg_frame_rate = stream.pointee.avg_frame_rate
            made.pointee.disposition = stream.pointee.disposition
            let turn = sluice_stream_rotation(stream)
            if turn != 0 { sluice_stream_set_rotation(made, -turn) }
            av_dict_copy(&made.pointee.metadata, stream.pointee.metadata, 0)
            map[Int32(index)] = made.pointee.index
            result.kinds.append(parameters.pointee.codec_type == AVMEDIA_TYPE_VIDEO ? .video : .audio)
        }
    }

    /// Reads until the earliest thing shown is known: pictures may come out of order, tracks one after another.
    private func gather() throws(SluiceError) {
        var earliest: Int64?
        var last: Int64?
        var bytes = 0
        while bytes < 16 << 20 {
            let next = try NativePacket()
            guard try read(next) else { break }
            bytes += Int(next.raw.pointee.size)
            early.append(next)
            let base = base(of: next)
            if let pts = MediaTime(ticks: next.raw.pointee.pts, base: base)?.nanoseconds {
                earliest = min(earliest ?? pts, pts)
            }
            last = MediaTime(ticks: next.raw.pointee.dts, base: base)?.nanoseconds ?? last
            // No picture is shown more than a second before the one that is decoded before it.
            if let last, let earliest, last - earliest > 1_500_000_000 { break }
        }
        origin = earliest ?? 0
    }

    private func base(of packet: NativePacket) -> AVRational {
        sluice_stream(input.raw, UInt32(packet.raw.pointee.stream_index))?.pointee.time_base ?? SLUICE_NANOSECONDS
    }

    /// False at the end, or where the rest cannot be read.
    private func read(_ packet: NativePacket) throws(SluiceError) -> Bool {
        var failures = 0
        while true {
            if cancel.isSet { throw OutputContext.interrupted(.cancelled, what) }
            av_packet_unref(packet.raw)
            let status = av_read_frame(input.raw, packet.raw)
            if status < 0 {
                failures += 1
                if status == SLUICE_ERROR_INVALIDDATA, failures < 16 { continue }
                return false
            }
            guard map[packet.raw.pointee.stream_index] != nil, packet.raw.pointee.size > 0,
                packet.raw.pointee.flags & AV_PKT_FLAG_CORRUPT == 0
            else { continue }
            return true
        }
    }

    private var shown: (first: Int64, end: Int64)?
    /// By input stream: where it is, and how far it last moved.
    private var steps: [Int32: (dts: Int64, length: Int64)] = [:]

    /// MP4's demuxer does not know how long the last packet of a file in fragments is. Without a length it would lie
    /// behind the end of the track, and players leave it out. For a picture FFmpeg then takes the rate that the stream
    /// tells, which says nothing of a camera that makes a picture a second: it is shown as long as the one before.
    private func complete(_ raw: UnsafeMutablePointer<AVPacket>) {
        guard raw.pointee.dts != SLUICE_NOPTS else { return }
        let last = steps[raw.pointee.stream_index]
        let step = last.map { raw.pointee.dts - $0.dts } ?? 0
        let length = step > 0 ? step : last?.length ?? 0
        steps[raw.pointee.stream_index] = (raw.pointee.dts, length)
        guard let stream = sluice_stream(input.raw, UInt32(raw.pointee.stream_index)) else { return }
        let isPicture = stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
        let isHole =
            av_compare_ts(length, stream.pointee.time_base, Self.longestStep, AVRational(num: 1, den: 1)) > 0
        if raw.pointee.duration <= 0 || isPicture && !isHole && length > raw.pointee.duration {
            raw.pointee.duration = length
        }
    }

    /// Seconds; what is longer is a hole, not the length of a picture.
    private static let longestStep: Int64 = 5

    /// Matroska keeps none for streams with B-frames, and writes none: FFmpeg only wants one that rises and is never
    /// after the time shown.
    private func inventDTS(_ raw: UnsafeMutablePointer<AVPacket>, _ index: Int32) {
        raw.pointee.dts = written[index].map { $0 + 1 } ?? min(0, raw.pointee.pts) - 1000
    }

    private var written: [Int32: Int64] = [:]

    private func write(_ packet: NativePacket) throws(SluiceError) {
        let raw = packet.raw
        let source = base(of: packet)
        guard let index = map[raw.pointee.stream_index], let stream = sluice_stream(output.raw, UInt32(index))
        else {
            return
        }
        complete(raw)
        note(raw, source)
        let shift = av_rescale_q(origin, SLUICE_NANOSECONDS, source)
        if raw.pointee.pts != SLUICE_NOPTS { raw.pointee.pts -= shift }
        if raw.pointee.dts != SLUICE_NOPTS { raw.pointee.dts -= shift }
        av_packet_rescale_ts(raw, source, stream.pointee.time_base)
        if raw.pointee.dts == SLUICE_NOPTS { inventDTS(raw, index) }
        written[index] = raw.pointee.dts
        raw.pointee.stream_index = index
        raw.pointee.pos = -1
        let status = av_write_frame(output.raw, raw)
        if status < 0 {
            // One packet that the container refuses is no reason to lose the others.
            if status == SLUICE_ERROR_INVALIDDATA || status == SLUICE_ERROR_EINVAL,
                output.raw.pointee.pb?.pointee.error ?? 0 >= 0
            {
                return
            }
            throw FFmpegFailure.error(status, what, phase: .write)
        }
        result.packets += 1
    }

    private func note(_ raw: UnsafeMutablePointer<AVPacket>, _ base: AVRational) {
        guard let pts = MediaTime(ticks: raw.pointee.pts, base: base)?.nanoseconds else { return }
        let length = Span(ticks: raw.pointee.duration, base: base)?.nanoseconds ?? 0
        shown = (min(shown?.first ?? pts, pts), max(shown?.end ?? pts, pts + length))
    }
}
