// Which container an output gets, and what that container needs for the kind of place it is written to.
import CFFmpeg
public import Model

/// A container that FFmpeg can write.
public struct OutputFormat: Sendable {
    // Safe because FFmpeg's format descriptions are constants that live as long as the process.
    nonisolated(unsafe) let raw: UnsafePointer<AVOutputFormat>
    /// FFmpeg's name, e.g. "mp4", "mpegts".
    public var name: String { text(raw.pointee.name) ?? "" }

    private static let aliases = ["ts": "mpegts", "mkv": "matroska", "rtsps": "rtsp"]

    /// By name (FFmpeg's, or "ts", "mkv"), else by scheme, else by the file's extension.
    /// - Throws: `usage` where nothing tells the container.
    public init(named name: String?, for address: MediaAddress?) throws(SluiceError) {
        var wanted = name.map { Self.aliases[$0] ?? $0 }
        if wanted == nil {
            switch address?.scheme {
            case .srt, .udp, .tcp: wanted = "mpegts"
            case .rtp: wanted = "rtp_mpegts"
            case .rtsp, .rtsps: wanted = "rtsp"
            case .rtmp, .rtmps: wanted = "flv"
            default: break
            }
        }
        let path = wanted == nil && address?.scheme == .file ? address?.path : nil
        guard wanted != nil || path != nil, let found = av_guess_format(wanted, path, nil) else {
            let what = "cannot write " + (address.map(\.description) ?? "the output")
            throw SluiceError(
                .usage, what,
                why: wanted.map { "unknown output format \"\($0)\"" } ?? "its name does not tell the container",
                hint: "--format mp4, mkv, ts or flv sets it")
        }
        raw = found
    }

    /// Whether the container has a place for `codec`. Unknown codecs: false.
    public func carries(_ codec: Codec) -> Bool {
        guard let descriptor = avcodec_descriptor_get_by_name(codec.rawValue) else { return false }
        // A negative answer is FFmpeg's "no idea", which leaves the decision to the header.
        return avformat_query_codec(raw, descriptor.pointee.id, FF_COMPLIANCE_EXPERIMENTAL) != 0
    }

    /// Decoder configurations must be known before the first byte is written.
    var needsConfiguration: Bool { raw.pointee.flags & AVFMT_GLOBALHEADER != 0 }
    /// The format opens its own connection.
    var opensItself: Bool { raw.pointee.flags & AVFMT_NOFILE != 0 }
    private var isMP4: Bool { ["mp4", "mov", "ipod", "3gp", "3g2", "ismv", "f4v"].contains(name) }

    /// Options that suit the place; explicit ones win.
    /// - Parameters:
    ///   - canSeek: The container may go back and complete its header.
    ///   - isLive: Somebody watches now: nothing may wait in a buffer.
    func setDefaults(_ options: inout OptionDictionary, canSeek: Bool, isLive: Bool) {
        if isMP4, !canSeek {
            // Without the last two, a track that begins later than the other is stretched to begin with it.
            options.setDefault("movflags", "frag_keyframe+empty_moov+default_base_moof+frag_discont")
            options.setDefault("avoid_negative_ts", "make_non_negative")
        }
        if name == "flv", !canSeek { options.setDefault("flvflags", "no_duration_filesize") }
        if name == "mpegts", isLive {
            // By default sound is gathered until it fills 2930 bytes: 170 ms of AAC at 128 kbit/s.
            options.setDefault("pes_payload_size", "0")
        }
        if name == "rtsp" { options.setDefault("rtsp_transport", "tcp") }
    }
}
