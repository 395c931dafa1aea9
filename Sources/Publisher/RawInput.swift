// Raw pictures from standard input. Live unless told otherwise: stamped by smoothed arrival, never paced.
import Media
import Model
import Timing

final class RawInput: PublishInput, @unchecked Sendable {
    // Safe because `open` runs before the thread that calls `run` is started, and nothing else writes.
    private let format: PublishSettings.InputFormat
    private let settings: PublishSettings
    private let reader: RawVideoReader
    private let size: PictureSize
    private let rate: Rational

    /// - Throws: `usage` for an unknown pixel format or missing values.
    init(_ format: PublishSettings.InputFormat, settings: PublishSettings, stop: CancelFlag) throws(SluiceError) {
        guard let pixelFormat = format.pixelFormat, let size = format.size, let rate = format.frameRate else {
            throw SluiceError(
                .usage, "cannot read raw video", why: "its pixel format, size or frame rate is missing",
                hint: "give --input-pix-fmt, --input-size and --input-fps")
        }
        self.format = format
        self.settings = settings
        self.size = size
        self.rate = rate
        reader = try RawVideoReader(
            descriptor: 0, pixelFormat: pixelFormat, width: size.width, height: size.height, frameRate: rate,
            cancel: stop)
    }

    let isFinite = true
    let deliversFrames = true
    /// Into a file the declared rate counts: how fast a program writes says nothing about its pictures.
    var isLive: Bool { settings.isLive ?? settings.target.isNetwork }
    func close() {}

    func open() throws(SluiceError) -> [Track] {
        [
            Track(
                id: 0, kind: .video, codec: .rawvideo,
                video: VideoParameters(
                    width: size.width, height: size.height, frameRate: rate, pixelFormat: format.pixelFormat))
        ]
    }

    func run(_ stages: [Int: any TrackStage], _ context: InputContext) throws(SluiceError) {
        guard let stage = stages[0] else { return }
        var smoother = ArrivalSmoother(nominal: Span(seconds: 1 / (rate.positiveValue ?? 30)))
        var pacer = Pacer()
        reading: while !context.stop.isSet {
            let limit = settings.source.silenceTimeout.map { HostTime.now() + $0 }
            switch try reader.read(deadline: isLive ? limit : nil) {
            case .frame(let frame, let arrival):
                guard try deliver(frame, arrival, &smoother, &pacer, to: stage, context) else { break reading }
            case .endOfInput(let leftover):
                if leftover > 0 {
                    context.reporter.log(
                        .warning,
                        "the last picture was not complete (\(leftover) of \(reader.frameByteCount) bytes); "
                            + "check --input-size and --input-pix-fmt")
                }
                break reading
            case .timedOut:
                throw SluiceError(
                    .timeout, "cannot read standard input", why: "no picture came in time",
                    hint: "--timeout sets how long to wait", isMidStream: reader.frameCount > 0)
            case .cancelled: break reading
            }
        }
        if context.keepsTogether { context.outlet.inputEnded(context.index) }
        _ = try stage.accept(.end)
    }

    private func deliver(
        _ frame: Frame, _ arrival: HostTime, _ smoother: inout ArrivalSmoother, _ pacer: inout Pacer,
        to stage: any TrackStage, _ context: InputContext
    ) throws(SluiceError) -> Bool {
        if isLive {
            // What waited in the pipe while the server answered is as old as the session.
            let stamp = max(smoother.stamp(arrival: arrival), context.start)
            let pts = MediaTime.zero + (stamp - context.start)
            if context.isOver(pts) { return false }
            return try stage.accept(
                .frame(try frame.retimed(pts: pts, duration: nil), captured: InputContext.wall(of: arrival)))
        }
        let pts = frame.pts ?? .zero
        if context.isOver(pts) { return false }
        if context.isPaced {
            guard context.wait(for: pacer.due(pts, now: .now())) else { return false }
            pacer.released(pts, now: .now())
        } else if context.keepsTogether,
            !context.outlet.keepTogether(input: context.index, at: pts, cancel: context.stop)
        {
            return false
        }
        return try stage.accept(.frame(frame, captured: .now()))
    }
}
