// Sound of playback that holds nothing back: queued as it comes and steered to the picture.
import Model
import Screen
import Timing

/// Belongs to the audio thread, and never waits.
final class ImmediateSound: SoundPacing {
    /// A first cushion against jitter of arrival; the steering trims it.
    private static let cushion = Span.milliseconds(20)

    private let clock: MediaClock
    private let statistics: PlayStatistics
    private let delay: DelayControl
    /// Sound that would be heard so far behind live is passed over; nil: never.
    private let skipLimit: Span?
    private var steering = AudioSteering()
    private var rate = 1.0
    /// When what was queued was thrown away for being old.
    private var flushedAt: HostTime?
    private var hasStarted = false

    var rateCorrection: Double { 1 / rate - 1 }

    init(clock: MediaClock, statistics: PlayStatistics, delay: DelayControl, skipLimit: Span?) {
        self.clock = clock
        self.statistics = statistics
        self.delay = delay
        self.skipLimit = skipLimit
    }

    func reset(epoch: Int) {
        steering.reset()
        hasStarted = false
    }

    /// Queues the sound at once, corrected towards the picture.
    func play(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) {
        let now = HostTime.now()
        let position = sink.position
        let heard = position.heard(sink.writtenFrames, sampleRate: sink.sampleRate)
        let offset = Span(nanoseconds: max(heard, now + position.latency).nanoseconds &- pts.nanoseconds)
        let depth = sink.queued
        if isOld(pts, offset: offset, latency: position.latency, depth: depth, now, sink) { return }
        let target = currentTarget(latency: position.latency)
        var samples = samples[...]
        if !hasStarted {
            hasStarted = true
            sink.insertSilence(Self.cushion)
        }
        switch steering.correction(offset: offset, target: target, depth: depth, now: now) {
        case .none: break
        case .insertSilence(let span): sink.insertSilence(min(span, .seconds(2)))
        case .discard(let span):
            let wanted = Int(span.seconds * Double(sink.sampleRate))
            let frames = min(samples.count / sink.channels, wanted)
            samples = samples.dropFirst(frames * sink.channels)
            if wanted > frames { sink.discard(frames: min(wanted - frames, sink.queuedFrames)) }
        case .rate(let value): rate = value
        }
        sink.write(samples)
        statistics.heard(
            offset: clock.pictureOffset.map { offset - $0 }, queued: sink.queued, rate: rate,
            underruns: Int(sink.counters.underruns))
    }

    /// After a burst what is queued is as far behind live as the burst was long: it is thrown away, and so is each
    /// block that is too old itself while newer ones have come.
    private func isOld(
        _ pts: MediaTime, offset: Span, latency: Span, depth: Span, _ now: HostTime, _ sink: any AudioSink
    ) -> Bool {
        guard let skipLimit, let edge = delay.edge, offset - latency - edge > skipLimit else { return false }
        // The output takes a moment to follow.
        if depth > .milliseconds(60), flushedAt.map({ now - $0 > .milliseconds(60) }) ?? true {
            flushedAt = now
            sink.flush()
            steering.reset()
            rate = 1
            sink.insertSilence(Self.cushion)
        }
        let own = Span(nanoseconds: now.nanoseconds &- pts.nanoseconds) - edge
        let newest = statistics.read(\.newestAudio) ?? pts
        return own > skipLimit && newest - pts > .milliseconds(100)
    }

    /// Where the picture is, unless it is on its way back to live itself.
    private func currentTarget(latency: Span) -> Span? {
        guard let picture = clock.pictureOffset else { return soundOnlyTarget(latency: latency) }
        if let skipLimit, let edge = delay.edge, picture - edge > skipLimit { return nil }
        return picture
    }

    /// Without a picture sound keeps to the live edge, with a cushion.
    private func soundOnlyTarget(latency: Span) -> Span? {
        statistics.read { $0.edge.offset }.map { $0 + latency + .milliseconds(50) }
    }
}
