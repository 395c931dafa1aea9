// Whether a track is copied or encoded, and into what. Pure.
import Model

/// What a target can carry.
struct TargetAbility: Sendable {
    /// For texts: "rtmp", "mp4".
    var name: String
    var video: Set<String>?
    var audio: Set<String>?
    /// Sound with more channels than this is mixed down.
    var mostChannels: Int?
    /// First choice when sound must be encoded.
    var preferredAudio = Codec.aac
    /// Plain samples only.
    var isPCM = false

    /// nil sets carry everything.
    func carries(_ track: Track) -> Bool {
        switch track.kind {
        case .video: video?.contains(track.codec.rawValue) ?? true
        case .audio:
            (audio?.contains(track.codec.rawValue) ?? true)
                && (mostChannels.map { (track.audio?.channels ?? 0) <= $0 } ?? true)
        case .data: false
        }
    }

    /// RTMP viewers are promised H.264 and AAC in stereo; HEVC, AV1 and VP9 go as enhanced RTMP.
    static let rtmp = TargetAbility(
        name: "rtmp", video: ["h264", "hevc", "av1", "vp9"], audio: ["aac", "mp3"], mostChannels: 2)
    static let flv = TargetAbility(name: "flv", video: ["h264"], audio: ["aac", "mp3"], mostChannels: 2)
    static let transportStream = TargetAbility(
        name: "mpegts", video: ["h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"],
        audio: ["aac", "mp3", "mp2", "ac3", "eac3", "opus"])
    static let mp4 = TargetAbility(
        name: "mp4", video: ["h264", "hevc", "av1", "vp9", "mpeg4"],
        audio: ["aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"])
    static let wav = TargetAbility(name: "wav", video: [], audio: nil, isPCM: true)

    /// - Parameter format: FFmpeg's muxer name, or a file's extension.
    static func container(_ format: String) -> TargetAbility {
        switch format {
        case "flv": flv
        case "mpegts", "ts", "m2ts", "mts": transportStream
        case "mp4", "mov", "m4v", "m4a", "ismv", "f4v": mp4
        case "wav": wav
        default: TargetAbility(name: format)
        }
    }
}

enum Treatment: Sendable, Equatable {
    case copy
    case encode(Codec)
    case leaveOut
}

struct TrackPlan {
    let settings: PublishSettings
    let ability: TargetAbility

    func video(_ track: Track) throws(SluiceError) -> Treatment {
        switch settings.video {
        case .some(.none): return .leaveOut
        case .some(.copy):
            guard !settings.changesVideo else {
                throw SluiceError(
                    .usage, "cannot push \(settings.target)",
                    why: "--video copy leaves the picture as it is, but another option asks for a change",
                    hint: "leave --video copy out, or --bitrate, --size, --fps, --gop, --preset, --tune, --profile")
            }
            guard ability.carries(track) else { throw cannotCarry(track) }
            return .copy
        case .some(.h264): return .encode(.h264)
        case .some(.hevc): return .encode(.hevc)
        case nil:
            if ability.video?.isEmpty == true { return .leaveOut }
            // Bare pictures are never meant to be stored as they are, even where a container could.
            let copies = !settings.changesVideo && ability.carries(track) && track.codec != .rawvideo
            return copies ? .copy : .encode(.h264)
        }
    }

    /// - Parameter isDecoded: Samples come, not packets: there is nothing to copy.
    func audio(_ track: Track, isDecoded: Bool = false) throws(SluiceError) -> Treatment {
        if ability.isPCM, isDecoded || !track.codec.rawValue.hasPrefix("pcm_") || settings.audioBitRate != nil {
            throw SluiceError(
                .unsupportedCodec, "cannot push \(settings.target)",
                why: "\(ability.name) holds plain samples, and a push makes aac or opus",
                hint: "sluice play INPUT --wav FILE writes plain samples")
        }
        switch settings.audio {
        case .some(.none): return .leaveOut
        case .some(.copy):
            guard settings.audioBitRate == nil else {
                throw SluiceError(
                    .usage, "cannot push \(settings.target)",
                    why: "--audio copy leaves the sound as it is, but --audio-bitrate asks for a change")
            }
            var unlimited = ability
            unlimited.mostChannels = nil
            guard !isDecoded, unlimited.carries(track) else { throw cannotCarry(track) }
            return .copy
        case .some(.aac): return .encode(.aac)
        case .some(.opus): return .encode(.opus)
        case nil:
            return isDecoded || settings.audioBitRate != nil || !ability.carries(track)
                ? .encode(ability.preferredAudio) : .copy
        }
    }

    private func cannotCarry(_ track: Track) -> SluiceError {
        SluiceError(
            .unsupportedCodec, "cannot push \(settings.target)",
            why: "\(ability.name) cannot carry \(track.codec.rawValue)",
            hint: "let it be encoded: --\(track.kind.rawValue) \(track.kind == .video ? "h264" : "aac")")
    }
}
