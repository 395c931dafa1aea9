// Sound that is heard by the clock of buffered playback: stretched while the clock is faster or slower, held back
// while it waits, left out where the clock has gone past it, and kept to it against the drift of the device.
import Media
import Model
import Screen
import Timing

/// Belongs to the audio thread.
final class BufferedSound: SoundPacing {
    /// Written so far ahead of being handed to the device: what a hiccup of this thread may last.
    private static let lead = Span.milliseconds(60)
    /// Off by more than this, sound is placed anew; by less, it is steered.
    private static let slack = Span.milliseconds(40)
    /// What placing needs, so that the output gets to it in time.
    private static let haste = Span.milliseconds(5)
    /// Greatest change of speed by resampling; not heard as a change of pitch.
    private static let greatestSteer = 0.005

    private let clock: MediaClock
    private let statistics: PlayStatistics
    private let cancel: CancelFlag
    private let pause: CancellableWait
    private var stretcher: TimeStretcher?
    /// Media times of the frames given to the stretcher.
    private var timeline: AudioTimeline?
    private var taken = 0.0
    private var isPlaced = false
    private var error = Span.zero
    private var epoch = 0

    private(set) var rateCorrection = 0.0

    init(clock: MediaClock, statistics: PlayStatistics, cancel: CancelFlag) {
        self.clock = clock
        self.statistics = statistics
        self.cancel = cancel
        pause = CancellableWait(cancel)
    }

    func reset(epoch: Int) {
        self.epoch = epoch
        forget()
        isPlaced = false
        rateCorrection = 0
        error = .zero
    }

    /// Writes samples that follow the ones before, unless their time says otherwise; waits until they are due.
    func play(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) throws(SluiceError) {
        guard !samples.isEmpty else { return }
        clock.soundReady(pts, epoch: epoch)
        let stretcher = try stretching(for: sink)
        if let timeline, !timeline.isContinued(by: pts, at: taken) {
            if let block = try stretcher.process([], speed: 1) { emit(block, into: sink) }
            forget()
        }
        timeline = timeline ?? AudioTimeline(sampleRate: sink.sampleRate)
        timeline?.add(pts, at: taken)
        taken += Double(samples.count / sink.channels)
        if let block = try stretcher.process(samples, speed: clock.rate) { emit(block, into: sink) }
    }

    private func stretching(for sink: any AudioSink) throws(SluiceError) -> TimeStretcher {
        if let stretcher { return stretcher }
        let made = try TimeStretcher(sampleRate: sink.sampleRate, channels: sink.channels)
        stretcher = made
        return made
    }

    private func forget() {
        stretcher?.reset()
        timeline = nil
        taken = 0
    }

    /// Hands a block to the output when its time has come.
    private func emit(_ block: TimeStretcher.Block, into sink: any AudioSink) {
        guard var time = timeline?.media(at: block.start) else { return }
        var rest = block.samples[...]
        let perFrame = block.speed / Double(sink.sampleRate)
        while !rest.isEmpty, !cancel.isSet, clock.epoch <= epoch {
            let now = HostTime.now()
            guard let due = clock.host(of: time) else {
                pause.wait(until: now + .milliseconds(10))
                continue
            }
            let position = sink.position
            let ahead = due - position.latency - now
            guard ahead <= Self.lead else {
                // Not longer, because the clock may be taken elsewhere.
                pause.wait(until: now + min(ahead - Self.lead, .milliseconds(20)))
                continue
            }
            if isPlaced, position.state == .playing || position.state == .gated {
                let off = position.heard(sink.writtenFrames, sampleRate: sink.sampleRate) - due
                if position.state == .gated || off.magnitude <= Self.slack {
                    if position.state == .playing { steer(off, sink) }
                    sink.write(rest)
                    report(off, sink)
                    return
                }
                // Early by a hole in the sound: silence until it is due. Late: what is queued is left out.
                if off < .zero {
                    sink.insertSilence(min(-off, .seconds(1)))
                    continue
                }
            }
            isPlaced = false
            if ahead < Self.haste {
                let late = Int(((Self.haste - ahead).seconds / perFrame * clock.rate).rounded(.up))
                let frames = min(max(late, 1), rest.count / sink.channels)
                rest = rest.dropFirst(frames * sink.channels)
                time += Span(seconds: Double(frames) * perFrame)
                continue
            }
            sink.flush()
            sink.start(at: due)
            isPlaced = true
            error = .zero
            sink.write(rest)
            return
        }
    }

    /// A device's clock is never quite the host's.
    private func steer(_ off: Span, _ sink: any AudioSink) {
        error = error + (off - error) * 0.1
        guard error.magnitude > .milliseconds(1.5) else {
            rateCorrection *= 0.9
            if abs(rateCorrection) < 0.0001 { rateCorrection = 0 }
            return
        }
        rateCorrection = max(-Self.greatestSteer, min(Self.greatestSteer, -error.seconds * 0.25))
    }

    private func report(_ off: Span, _ sink: any AudioSink) {
        statistics.heard(
            offset: clock.pictureOffset == nil ? nil : off - clock.pictureLateness,
            queued: Span(
                seconds: (Double(sink.queuedFrames) + (stretcher?.held ?? 0)) / Double(sink.sampleRate)), rate: nil,
            underruns: Int(sink.counters.underruns))
    }
}
