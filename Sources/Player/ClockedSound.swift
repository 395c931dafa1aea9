// Sound of clocked playback: the output is kept filled, and what is heard drives the clock that pictures follow.
import Model
import Screen
import Timing

/// Belongs to the audio thread.
final class ClockedSound: SoundPacing {
    /// Two hundred milliseconds ride out any hiccup of this thread; more would delay a pause.
    private static let depth = Span.milliseconds(200)
    /// How long sound waits for the first picture.
    private static let picturePatience = Span.seconds(2)

    private let clock: MediaClock
    private let statistics: PlayStatistics
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private let expectsVideo: @Sendable () -> Bool
    private let pause: CancellableWait
    private var watch = SoundDeviceWatch()
    private var epoch = 0
    private var hasStarted = false

    let rateCorrection = 0.0

    init(
        clock: MediaClock, statistics: PlayStatistics, reporter: any Reporter, cancel: CancelFlag,
        expectsVideo: @escaping @Sendable () -> Bool
    ) {
        self.clock = clock
        self.statistics = statistics
        self.reporter = reporter
        self.cancel = cancel
        self.expectsVideo = expectsVideo
        pause = CancellableWait(cancel)
    }

    func reset(epoch: Int) {
        self.epoch = epoch
        hasStarted = false
    }

    /// Fills the output, waiting for room.
    func play(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) {
        var rest = samples[...]
        var time = pts
        if !hasStarted {
            hasStarted = true
            begin(at: pts, sink)
        }
        while !rest.isEmpty, !cancel.isSet {
            let written = sink.write(rest)
            rest = rest.dropFirst(written * sink.channels)
            time += Span(seconds: Double(written) / Double(sink.sampleRate))
            guard leadClock(time, sink, isNew: written > 0) else {
                // Nobody hears it: the clock runs alone, and sound keeps its pace with it.
                waitABit(clock.host(of: time).map { $0 - .now() } ?? .milliseconds(50))
                if clock.host(of: time).map({ $0 <= .now() }) ?? false { return }
                continue
            }
            if !rest.isEmpty || sink.queued > Self.depth {
                waitABit(max(sink.queued - Self.depth, .milliseconds(10)))
                // A seek must not wait for a full output to play out.
                if clock.epoch > epoch { return }
            }
        }
    }

    /// Tells the clock when the next sample, of media time `time`, is heard.
    /// - Returns: False where the device stands still for too long to be waited for.
    private func leadClock(_ time: MediaTime, _ sink: any AudioSink, isNew: Bool) -> Bool {
        let now = HostTime.now()
        let position = sink.position
        let queued = sink.queued
        switch watch.judge(position, queued: sink.queuedFrames, now: now) {
        case .runs:
            guard isNew, !clock.isPaused else { return true }
            // Just after a standstill the position still lies in the past; what is queued cannot.
            let heard = max(
                position.heard(sink.writtenFrames, sampleRate: sink.sampleRate), now + queued)
            clock.soundHeard(time, at: heard)
            statistics.heard(
                offset: clock.pictureOffset.map { heard - HostTime(nanoseconds: time.nanoseconds) - $0 },
                queued: sink.queued, rate: 1, underruns: Int(sink.counters.underruns))
        case .standsStill:
            // The picture waits with the sound, as it would if both were late.
            if !clock.isPaused { clock.restart(media: time, at: now + position.latency + queued) }
        case .isGone(let isNews):
            if isNews { reporter.log(.notice, "the sound device stands still; playing on without it") }
            return false
        case .isBack:
            // What is queued is of the past; the clock has gone on.
            sink.flush()
        }
        return true
    }

    /// Sound and picture begin together: sound waits for the first picture, not for ever, and when the
    /// picture begins earlier in the stream the sound is held back by exactly that.
    private func begin(at pts: MediaTime, _ sink: any AudioSink) {
        guard expectsVideo(),
            let picture = clock.waitForPicture(epoch: epoch, until: .now() + Self.picturePatience),
            pts - picture > AudioTimeline.tolerance
        else { return }
        clock.start(media: picture, at: .now() + .milliseconds(20))
        sink.start(at: clock.host(of: pts))
    }

    private func waitABit(_ span: Span) {
        pause.wait(until: .now() + min(span, .milliseconds(50)))
    }
}
