// Decodes sound and keeps the output filled: at its clock's pace for files, steered to the picture live.
import Media
import Model
import Screen
import Timing

/// The "audio" thread. Everything here belongs to it.
final class AudioStage {
    private let plan: PlaybackPlan
    private let queues: TrackQueues
    private let clock: MediaClock
    private let statistics: PlayStatistics
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private let makeSink: @Sendable (_ sampleRate: Int, _ channels: Int) throws(SluiceError) -> any AudioSink
    private let publishSink: @Sendable (any AudioSink) -> Void
    private let wav: WAVOutput?
    private let expectsVideo: @Sendable () -> Bool
    private let unplayable: @Sendable (SluiceError) -> Void
    private let duration: Span?
    private let skipLimit: Span?
    private let delay: DelayControl
    /// When what was queued was thrown away for being old.
    private var flushedAt: HostTime?
    private var firstPTS: MediaTime?
    private var isPastEnd = false

    private let pause: CancellableWait
    private let buffered: BufferedSound

    private var decoder: Decoder?
    private var resampler: Resampler?
    private var sink: (any AudioSink)?
    private var timeline = AudioTimeline(sampleRate: 48_000)
    private var steering = AudioSteering()
    private var watch = SoundDeviceWatch()
    private var rate = 1.0
    private var epoch = 0
    private var notBefore: MediaTime?
    private var nextPTS: MediaTime?
    private var hasStarted = false

    struct Wiring {
        var plan: PlaybackPlan
        var queues: TrackQueues
        var clock: MediaClock
        var statistics: PlayStatistics
        var reporter: any Reporter
        var cancel: CancelFlag
        var makeSink: @Sendable (_ sampleRate: Int, _ channels: Int) throws(SluiceError) -> any AudioSink
        var publishSink: @Sendable (any AudioSink) -> Void
        var wav: WAVOutput?
        var expectsVideo: @Sendable () -> Bool
        /// Told when the track cannot be decoded at all.
        var unplayable: @Sendable (SluiceError) -> Void
        /// Ends the sound after this much media; nil: at the end of the input.
        var duration: Span?
        var delay: DelayControl
        /// In playback that holds nothing back: sound that would be heard so far behind live is passed over.
        var skipLimit: Span?
    }

    init(_ wiring: Wiring) {
        plan = wiring.plan
        queues = wiring.queues
        clock = wiring.clock
        statistics = wiring.statistics
        reporter = wiring.reporter
        cancel = wiring.cancel
        pause = CancellableWait(wiring.cancel)
        buffered = BufferedSound(clock: wiring.clock, statistics: wiring.statistics, cancel: wiring.cancel)
        makeSink = wiring.makeSink
        publishSink = wiring.publishSink
        wav = wiring.wav
        expectsVideo = wiring.expectsVideo
        unplayable = wiring.unplayable
        duration = wiring.duration
        skipLimit = wiring.skipLimit
        delay = wiring.delay
    }

    /// Runs until the end of the track. Throws only what makes going on pointless (a full disk).
    func run() throws(SluiceError) {
        while !cancel.isSet, let item = queues.pop(.audio) {
            switch item {
            case .track(let track): open(track)
            case .packet(let packet):
                guard packet.epoch >= epoch else { continue }
                try decode(packet)
            case .flush(let newEpoch, let target):
                epoch = newEpoch
                notBefore = target
                decoder?.flush()
                resampler?.reset()
                sink?.flush()
                timeline.reset()
                steering.reset()
                buffered.reset(epoch: newEpoch)
                nextPTS = nil
                hasStarted = false
            case .end:
                try decode(nil)
                return finish()
            }
            if isPastEnd { break }
        }
        finish()
    }

    private func finish() {
        sink?.finish()
        wav?.finish()
    }

    private func open(_ track: Track) {
        do throws(SluiceError) {
            decoder = try Decoder(track: track, threads: 1, lowDelay: true)
        } catch {
            decoder = nil
            reporter.log(.warning, "sound is left out: \(error.why)")
            unplayable(error)
        }
    }

    private func decode(_ packet: Packet?) throws(SluiceError) {
        guard let decoder else { return }
        do throws(SluiceError) {
            while try decoder.send(packet) == .full { try drain(decoder) }
            try drain(decoder)
        } catch {
            // A full disk ends the play; a damaged packet only costs its sound.
            if error.reason == .noSpace || error.reason == .cannotCreate || error.reason == .connectionLost {
                throw error
            }
            statistics.damaged()
            decoder.flush()
        }
    }

    private func drain(_ decoder: Decoder) throws(SluiceError) {
        while case .frame(let frame) = try decoder.receive() { try play(frame) }
    }

    private func play(_ frame: Frame) throws(SluiceError) {
        let pts = frame.pts ?? nextPTS ?? .zero
        nextPTS = pts + Span(seconds: Double(frame.sampleCount) / Double(max(1, frame.sampleRate)))
        if let notBefore, pts < notBefore { return }
        if let duration {
            firstPTS = firstPTS ?? pts
            if let firstPTS, pts - firstPTS >= duration { isPastEnd = true }
            if isPastEnd { return }
        }
        try wav?.write(frame)
        guard plan != .unpaced else { return }
        let sink = try openSink(for: frame)
        guard let resampler else { return }
        resampler.rateCorrection = plan == .buffered ? buffered.rateCorrection : 1 / rate - 1
        let held = resampler.delay
        let samples = try resampler.floats(frame)
        switch plan {
        case .immediate: steer(samples, pts: pts - held, into: sink)
        case .buffered: try buffered.play(samples, pts: pts - held, into: sink)
        case .clocked, .unpaced: fill(samples, pts: pts - held, into: sink)
        }
    }

    private func openSink(for frame: Frame) throws(SluiceError) -> any AudioSink {
        if let sink { return sink }
        let channels = min(2, max(1, frame.channels))
        let made = try makeSink(frame.sampleRate, channels)
        resampler = try Resampler(
            output: AudioFormat(sampleRate: made.sampleRate, channels: made.channels, sample: .float))
        timeline = AudioTimeline(sampleRate: made.sampleRate)
        sink = made
        publishSink(made)
        return made
    }

    // MARK: Clocked

    /// Fills the output, waiting for room; the clock follows what is heard.
    private func fill(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) {
        var rest = samples[...]
        var time = pts
        if !hasStarted {
            hasStarted = true
            begin(at: pts, sink)
        }
        while !rest.isEmpty, !cancel.isSet {
            let written = write(rest, pts: time, into: sink)
            rest = rest.dropFirst(written * sink.channels)
            time += Span(seconds: Double(written) / Double(sink.sampleRate))
            guard leadClock(time, sink, isNew: written > 0) else {
                // Nobody hears it: the clock runs alone, and sound keeps its pace with it.
                waitABit(clock.host(of: time).map { $0 - .now() } ?? .milliseconds(50))
                if clock.host(of: time).map({ $0 <= .now() }) ?? false { return }
                continue
            }
            // Two hundred milliseconds ride out any hiccup of this thread; more would delay a pause.
            let bound = sink.sampleRate / 5
            if !rest.isEmpty || sink.queuedFrames > bound {
                let excess = max(sink.queuedFrames - bound, sink.sampleRate / 100)
                waitABit(Span(seconds: Double(excess) / Double(sink.sampleRate)))
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
        let queued = Span(seconds: Double(sink.queuedFrames) / Double(sink.sampleRate))
        switch watch.judge(position, queued: sink.queuedFrames, now: now) {
        case .runs:
            guard isNew, !clock.isPaused else { return true }
            // Just after a standstill the position still lies in the past; what is queued cannot.
            let heard = max(
                position.heard(sink.writtenFrames, sampleRate: sink.sampleRate), now + queued)
            clock.soundHeard(time, at: heard)
            report(sink, offset: clock.pictureOffset.map { heard - HostTime(nanoseconds: time.nanoseconds) - $0 })
        case .standsStill:
            // The picture waits with the sound, as it would if both were late.
            if !clock.isPaused { clock.restart(media: time, at: now + position.latency + queued) }
        case .isGone(let isNews):
            if isNews { reporter.log(.notice, "the sound device stands still; playing on without it") }
            return false
        case .isBack:
            // What is queued is of the past; the clock has gone on.
            sink.flush()
            timeline.reset()
        }
        return true
    }

    /// Sound and picture begin together: sound waits for the first picture, not for ever, and when the
    /// picture begins earlier in the stream the sound is held back by exactly that.
    private func begin(at pts: MediaTime, _ sink: any AudioSink) {
        guard expectsVideo(), let picture = clock.waitForPicture(epoch: epoch, until: .now() + .seconds(2)),
            pts - picture > AudioTimeline.tolerance
        else { return }
        clock.start(media: picture, at: .now() + .milliseconds(20))
        sink.start(at: clock.host(of: pts))
    }

    private func waitABit(_ span: Span) {
        pause.wait(until: .now() + min(span, .milliseconds(50)))
    }

    // MARK: Immediate

    /// Queues the sound at once, corrected towards the picture; never waits.
    private func steer(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) {
        let now = HostTime.now()
        let position = sink.position
        let heard = position.heard(sink.writtenFrames, sampleRate: sink.sampleRate)
        let offset = Span(nanoseconds: max(heard, now + position.latency).nanoseconds &- pts.nanoseconds)
        let depth = Span(seconds: Double(sink.queuedFrames) / Double(sink.sampleRate))
        if isOld(pts, offset: offset, latency: position.latency, depth: depth, now, sink) { return }
        let target = currentTarget(sink, latency: position.latency)
        var samples = samples[...]
        var time = pts
        if !hasStarted {
            hasStarted = true
            // A first cushion against jitter of arrival; the steering trims it.
            insertSilence(.milliseconds(20), into: sink)
        }
        switch steering.correction(offset: offset, target: target, depth: depth, now: now) {
        case .none: break
        case .insertSilence(let span): insertSilence(min(span, .seconds(2)), into: sink)
        case .discard(let span):
            let frames = min(samples.count / sink.channels, Int(span.seconds * Double(sink.sampleRate)))
            samples = samples.dropFirst(frames * sink.channels)
            time += Span(seconds: Double(frames) / Double(sink.sampleRate))
            let left = Int(span.seconds * Double(sink.sampleRate)) - frames
            if left > 0 { sink.discard(frames: min(left, sink.queuedFrames)) }
        case .rate(let value): rate = value
        }
        _ = write(samples, pts: time, into: sink)
        report(sink, offset: clock.pictureOffset.map { offset - $0 })
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
            insertSilence(.milliseconds(20), into: sink)
        }
        let own = Span(nanoseconds: now.nanoseconds &- pts.nanoseconds) - edge
        let newest = statistics.read(\.newestAudio) ?? pts
        return own > skipLimit && newest - pts > .milliseconds(100)
    }

    /// Where the picture is, unless it is on its way back to live itself.
    private func currentTarget(_ sink: any AudioSink, latency: Span) -> Span? {
        guard let picture = clock.pictureOffset else { return soundOnlyTarget(sink, latency: latency) }
        if let skipLimit, let edge = delay.edge, picture - edge > skipLimit { return nil }
        return picture
    }

    /// Without a picture sound keeps to the live edge, with a cushion.
    private func soundOnlyTarget(_ sink: any AudioSink, latency: Span) -> Span? {
        statistics.read { $0.edge.offset }.map { $0 + latency + .milliseconds(50) }
    }

    private func insertSilence(_ span: Span, into sink: any AudioSink) {
        let count = Int(span.seconds * Double(sink.sampleRate)) * sink.channels
        guard count > 0 else { return }
        let silence = [Float](repeating: 0, count: count)
        silence.withUnsafeBufferPointer { _ = sink.write($0) }
    }

    private func write(_ samples: ArraySlice<Float>, pts: MediaTime, into sink: any AudioSink) -> Int {
        guard !samples.isEmpty else { return 0 }
        timeline.wrote(pts: pts, at: sink.writtenFrames)
        return samples.withUnsafeBufferPointer { sink.write($0) }
    }

    private func report(_ sink: any AudioSink, offset: Span?) {
        statistics.heard(
            offset: offset, queued: Span(seconds: Double(sink.queuedFrames) / Double(sink.sampleRate)),
            rate: rate, underruns: Int(sink.counters.underruns))
    }
}
