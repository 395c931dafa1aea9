// One track of an output: its AVStream, its last time and a configuration that is still to be announced.
import CFFmpeg
import Glibc
import Model
import Wire

/// Borrowed from, and never outliving, an OutputContext. One thread.
final class OutputTrack {
    private let stream: UnsafeMutablePointer<AVStream>
    private let track: Track
    private var configuration: [UInt8]
    private var announcement: [UInt8]?
    private var lastDTS: Int64?
    /// Containers with a header of their own want AAC without its ADTS headers. FFmpeg takes them off by itself, but
    /// not in MP4 with `empty_moov` (the first such packet is an error), and in Matroska it then writes a broken
    /// track entry.
    private let takesBareSound: Bool

    init(_ track: Track, in context: UnsafeMutablePointer<AVFormatContext>, what: String) throws(SluiceError) {
        guard let made = avformat_new_stream(context, nil) else { throw FFmpegFailure.outOfMemory(what) }
        stream = made
        self.track = track
        configuration = track.configuration
        let parameters = try CodecParameters(track: track)
        try FFmpegFailure.check(
            avcodec_parameters_copy(made.pointee.codecpar, parameters.raw), what, phase: .openOutput)
        // A tag of the source's container means nothing, or something else, in this one. HEVC is the exception:
        // players of one vendor accept it only under this name.
        let isMP4 = text(context.pointee.oformat.pointee.name).map { ["mp4", "mov", "ipod"].contains($0) } ?? false
        let hasHeader = context.pointee.oformat.pointee.flags & AVFMT_GLOBALHEADER != 0
        takesBareSound = hasHeader && track.codec == .aac
        made.pointee.codecpar.pointee.codec_tag =
            isMP4 && track.codec == .hevc ? "hvc1".utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) } : 0
        switch track.kind {
        case .video:
            // 90 kHz holds every usual frame rate exactly.
            made.pointee.time_base = AVRational(num: 1, den: 90000)
            made.pointee.sample_aspect_ratio = made.pointee.codecpar.pointee.sample_aspect_ratio
            if let rate = track.video?.frameRate?.native { made.pointee.avg_frame_rate = rate }
            if let turn = track.video?.rotation, turn != 0 { sluice_stream_set_rotation(made, Double(turn)) }
        case .audio:
            made.pointee.time_base = AVRational(
                num: 1, den: Int32(clamping: max(1, track.audio?.sampleRate ?? 48000)))
        case .data: made.pointee.time_base = AVRational(num: 1, den: 90000)
        }
        if track.isAttachedPicture { made.pointee.disposition |= AV_DISPOSITION_ATTACHED_PIC }
        if let language = track.language { av_dict_set(&made.pointee.metadata, "language", language, 0) }
    }

    /// A new decoder configuration travels with the next packet.
    func adopt(_ track: Track) {
        guard track.configuration != configuration, !track.configuration.isEmpty else { return }
        configuration = track.configuration
        announcement = track.configuration
    }

    /// Fills `native` in ticks of the stream. False where the packet has no time at all.
    func fill(_ native: NativePacket, from packet: Packet) throws(SluiceError) -> Bool {
        let base = stream.pointee.time_base
        var packet = packet
        if takesBareSound, let header = ADTSHeader(packet.data), header.rawFrames == 1,
            header.frameSize == packet.data.count
        {
            packet.data.removeFirst(header.headerSize)
        }
        try native.fill(packet, base: base)
        let raw = native.raw
        raw.pointee.stream_index = stream.pointee.index
        if raw.pointee.dts == SLUICE_NOPTS { raw.pointee.dts = raw.pointee.pts }
        if raw.pointee.pts == SLUICE_NOPTS { raw.pointee.pts = raw.pointee.dts }
        guard raw.pointee.dts != SLUICE_NOPTS else { return false }
        // Containers refuse, or silently break on, times that do not rise.
        if let lastDTS, raw.pointee.dts <= lastDTS { raw.pointee.dts = lastDTS + 1 }
        if raw.pointee.pts < raw.pointee.dts { raw.pointee.pts = raw.pointee.dts }
        lastDTS = raw.pointee.dts
        if let announcement {
            self.announcement = nil
            if let memory = av_packet_new_side_data(raw, AV_PKT_DATA_NEW_EXTRADATA, announcement.count) {
                memcpy(memory, announcement, announcement.count)
            }
        }
        return true
    }
}
