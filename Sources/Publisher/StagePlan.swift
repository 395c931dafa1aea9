// Which input gives the picture and which the sound, and what is done to each.
import Media
import Model

/// Makes the inputs and picks the tracks.
enum InputOpening {
    static func make(_ settings: PublishSettings, stop: CancelFlag) throws(SluiceError) -> [any PublishInput] {
        try check(settings)
        var made: [any PublishInput] = []
        for input in settings.inputs {
            switch input {
            case .testSource: made.append(try GeneratorInput(.testSource, settings: settings))
            case .tone: made.append(try GeneratorInput(.tone, settings: settings))
            case .silence: made.append(try GeneratorInput(.silence, settings: settings))
            case .address(let address):
                if address.scheme == .standardStream, let format = settings.inputFormat, format.isRawVideo {
                    made.append(try RawInput(format, settings: settings, stop: stop))
                } else {
                    made.append(AddressInput(address, settings: settings, stop: stop))
                }
            }
        }
        return made
    }

    /// Options that no input can follow are said, not ignored.
    private static func check(_ settings: PublishSettings) throws(SluiceError) {
        let isRaw = settings.inputFormat?.isRawVideo == true
        let seekable = settings.inputs.contains { input in
            if case .address(let address) = input { address.scheme != .standardStream || !isRaw } else { false }
        }
        guard !seekable, settings.startAt != nil || settings.repetition != .once else { return }
        throw SluiceError(
            .usage, "cannot push \(settings.target)",
            why: "\(settings.startAt != nil ? "--start-at" : "--loop") needs an input that has a beginning",
            hint: "generated and raw input runs from now on; leave the option out")
    }

    /// A chosen track and the input that delivers it.
    struct Choice {
        var input: Int
        var track: Track
    }

    /// The first picture and the first sound among the inputs, in their order.
    static func choose(
        _ inputs: [any PublishInput], settings: PublishSettings
    ) throws(SluiceError) -> (video: Choice?, audio: Choice?) {
        var video: Choice?
        var audio: Choice?
        for (index, input) in inputs.enumerated() {
            let tracks = try input.open()
            let pictures = tracks.filter { $0.kind == .video && !$0.isAttachedPicture }
            let sounds = tracks.filter { $0.kind == .audio }
            if video == nil, settings.video != .some(.none),
                let track = pick(settings.source.videoTrack, of: pictures)
            {
                video = Choice(input: index, track: track)
            }
            if audio == nil, settings.audio != .some(.none),
                let track = pick(settings.source.audioTrack, of: sounds)
            {
                audio = Choice(input: index, track: track)
            }
        }
        try requireAskedFor(settings.source.videoTrack, video, "video")
        try requireAskedFor(settings.source.audioTrack, audio, "audio")
        return (video, audio)
    }

    private static func requireAskedFor(_ index: Int?, _ choice: Choice?, _ kind: String) throws(SluiceError) {
        guard let index, choice == nil else { return }
        throw SluiceError(
            .noMedia, "cannot push", why: "no input has a \(kind) track \(index)",
            hint: "tracks are counted from 0; leave out --\(kind)-track for the first")
    }

    private static func pick(_ index: Int?, of tracks: [Track]) -> Track? {
        guard let index else { return tracks.first }
        return tracks.indices.contains(index) ? tracks[index] : nil
    }
}

/// The decided tracks, numbered as the outlet knows them: 0 the picture, 1 the sound.
struct StagePlan {
    private struct Entry {
        var id: Int
        var input: Int
        var track: Track
        var treatment: Treatment
        var deliversFrames: Bool
    }
    private var entries: [Entry] = []
    private let inputs: [any PublishInput]
    private let settings: PublishSettings

    init(
        _ chosen: (video: InputOpening.Choice?, audio: InputOpening.Choice?), inputs: [any PublishInput],
        settings: PublishSettings
    ) throws(SluiceError) {
        self.inputs = inputs
        self.settings = settings
        let planner = TrackPlan(settings: settings, ability: Self.ability(settings))
        if let video = chosen.video {
            let treatment = try planner.video(video.track)
            if treatment != .leaveOut { entries.append(entry(0, video, treatment)) }
        }
        if let audio = chosen.audio {
            let treatment = try planner.audio(audio.track, isDecoded: inputs[audio.input].deliversFrames)
            if treatment != .leaveOut { entries.append(entry(1, audio, treatment)) }
        }
        guard !entries.isEmpty else {
            throw SluiceError(
                .noMedia, "cannot push \(settings.inputs.first.map(Self.name) ?? "")",
                why: "there is neither picture nor sound to send")
        }
    }

    private func entry(_ id: Int, _ choice: InputOpening.Choice, _ treatment: Treatment) -> Entry {
        Entry(
            id: id, input: choice.input, track: choice.track, treatment: treatment,
            deliversFrames: inputs[choice.input].deliversFrames)
    }

    private static func name(_ input: PublishSettings.Input) -> String {
        switch input {
        case .address(let address): address.scheme == .standardStream ? "standard input" : address.description
        case .testSource: "testsrc"
        case .tone: "tone"
        case .silence: "silence"
        }
    }

    static func ability(_ settings: PublishSettings) -> TargetAbility {
        switch settings.target.scheme {
        case .rtmp, .rtmps: return .rtmp
        case .srt, .udp, .rtp: return .container(settings.format ?? "mpegts")
        case .rtsp, .rtsps: return .container(settings.format ?? "rtsp")
        default:
            let ending = settings.target.path.split(separator: ".").last.map(String.init) ?? ""
            return .container(settings.format ?? ending)
        }
    }

    var ids: Set<Int> { Set(entries.map(\.id)) }

    /// Where several inputs meet, time zero is that of the first presentation; decoding begins this much
    /// earlier when a copied picture has B-frames. One input alone begins with its own first packet.
    var base: MediaTime? {
        guard Set(entries.map(\.input)).count > 1 else { return nil }
        guard let video = entries.first(where: { $0.id == 0 && $0.treatment == .copy })?.track.video,
            let depth = video.reorderDepth, depth > 0
        else { return .zero }
        return .zero - Span(seconds: Double(depth) / (video.frameRate?.positiveValue ?? 25))
    }

    /// By input: the stages of its tracks, by the input's own track id.
    func makeStages(
        outlet: Outlet, statistics: PublishStatistics, reporter: any Reporter,
        onFailure: @escaping @Sendable (SluiceError) -> Void
    ) throws(SluiceError) -> [[Int: any TrackStage]] {
        var stages = [[Int: any TrackStage]](repeating: [:], count: inputs.count)
        for entry in entries {
            let done =
                if case .encode(let codec) = entry.treatment { "encoded as \(codec.rawValue)" } else { "copied" }
            reporter.log(.info, "\(entry.track.kind.rawValue): \(entry.track.codec.rawValue), \(done)")
            let source = entry.deliversFrames ? nil : entry.track
            switch entry.treatment {
            case .leaveOut: break
            case .copy:
                stages[entry.input][entry.track.id] = try CopyStage(entry.track, id: entry.id, outlet: outlet)
            case .encode(let codec) where entry.id == 0:
                let coder = try VideoCoder(
                    .init(
                        id: 0, codec: codec, settings: settings, outlet: outlet, statistics: statistics,
                        reporter: reporter), track: source)
                if entry.deliversFrames, let video = entry.track.video {
                    try coder.prepare(
                        size: settings.size ?? PictureSize(width: video.width, height: video.height),
                        frameRate: settings.frameRate ?? video.frameRate ?? Rational(30, 1))
                }
                stages[entry.input][entry.track.id] = EncodeStage(
                    name: "encode-video", coder: coder, onFailure: onFailure)
            case .encode(let codec):
                let coder = try AudioCoder(
                    id: 1, codec: codec, settings: settings, track: source,
                    inputRate: entry.track.audio?.sampleRate, outlet: outlet, reporter: reporter)
                stages[entry.input][entry.track.id] = EncodeStage(
                    name: "encode-audio", coder: coder, onFailure: onFailure)
            }
        }
        return stages
    }
}
