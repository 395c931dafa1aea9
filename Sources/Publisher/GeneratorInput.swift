// Pictures and sound made here: the test picture with its clock, a tone, silence.
import Media
import Model
import Timing

final class GeneratorInput: PublishInput, @unchecked Sendable {
    // Safe because everything is set in `init`.
    enum Kind { case testSource, tone, silence }

    private static let video = 0
    private static let audio = 1
    private static let standardSize = PictureSize(width: 1280, height: 720)
    private static let standardRate = Rational(30, 1)

    private let kind: Kind
    private let settings: PublishSettings
    private let pattern: TestPattern?
    private let tone: Tone?
    private let silence = Silence()

    init(_ kind: Kind, settings: PublishSettings) throws(SluiceError) {
        self.kind = kind
        self.settings = settings
        tone = kind == .silence ? nil : try Tone()
        guard kind == .testSource else {
            pattern = nil
            return
        }
        // Made at the wanted size and rate: a picture that was scaled shows its clock less clearly.
        let size = settings.size ?? Self.standardSize
        pattern = try TestPattern(
            width: size.width, height: size.height, frameRate: settings.frameRate ?? Self.standardRate)
    }

    let isFinite = false
    let deliversFrames = true
    let isLive = false
    func close() {}

    func open() throws(SluiceError) -> [Track] {
        var tracks: [Track] = []
        if let pattern {
            tracks.append(
                Track(
                    id: Self.video, kind: .video, codec: .rawvideo,
                    video: VideoParameters(
                        width: pattern.width, height: pattern.height, frameRate: pattern.frameRate)))
        }
        let format = silence.format
        tracks.append(
            Track(
                id: Self.audio, kind: .audio, codec: Codec(rawValue: "pcm_f32le"),
                audio: AudioParameters(sampleRate: format.sampleRate, channels: format.channels)))
        return tracks
    }

    func run(_ stages: [Int: any TrackStage], _ context: InputContext) throws(SluiceError) {
        let video = pattern == nil ? nil : stages[Self.video]
        let audio = stages[Self.audio]
        guard video != nil || audio != nil else { return }
        let fps = pattern?.frameRate.positiveValue ?? 30
        let block = Double(Tone.blockSize) / Double(silence.format.sampleRate)
        let startWall = InputContext.wall(of: context.start)
        var pictures = 0
        var blocks = 0
        var pacer = Pacer()
        // Time zero is the session's, so that several inputs stay together.
        _ = pacer.due(.zero, now: context.start)
        while !context.stop.isSet {
            let pictureTime = video == nil ? Double.infinity : Double(pictures) / fps
            let blockTime = audio == nil ? Double.infinity : Double(blocks) * block
            let time = MediaTime(seconds: min(pictureTime, blockTime))
            if context.isOver(time) { break }
            guard wait(time, &pacer, context) else { break }
            if pictureTime <= blockTime, let video, let pattern {
                let wall = context.isPaced ? WallTime.now() : startWall + (time - .zero)
                let frame = try pattern.frame(at: pictures, wall: wall)
                guard try video.accept(.frame(frame, captured: wall)) else { break }
                pictures += 1
            } else if let audio {
                let frame: Frame
                if let tone { frame = try tone.frame(at: blocks) } else { frame = try silence.frame(at: blocks) }
                guard try audio.accept(.frame(frame, captured: nil)) else { break }
                blocks += 1
            }
        }
        if context.keepsTogether { context.outlet.inputEnded(context.index) }
        _ = try video?.accept(.end)
        _ = try audio?.accept(.end)
    }

    /// By the session's own zero, so that sound and pictures of several inputs stay together. Like a camera it
    /// never waits for room in the target: what the network does not take is the backlog's business, and sound
    /// that waited for pictures to leave would be as late as they are.
    private func wait(_ time: MediaTime, _ pacer: inout Pacer, _ context: InputContext) -> Bool {
        if context.isPaced {
            let due = pacer.due(time, now: .now())
            defer { pacer.released(time, now: .now()) }
            return context.pause.wait(until: due)
        }
        guard context.keepsTogether else { return !context.stop.isSet }
        return context.outlet.keepTogether(input: context.index, at: time, cancel: context.stop)
    }
}
