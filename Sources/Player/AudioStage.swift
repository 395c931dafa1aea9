// Decodes sound and hands it to the way into the output that the plan of playback asks for.
import Media
import Model
import Screen
import Timing

/// The "audio" thread. Everything here belongs to it.
final class AudioStage {
    private let plan: PlaybackPlan
    private let queues: TrackQueues
    private let statistics: PlayStatistics
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private let makeSink: @Sendable (_ sampleRate: Int, _ channels: Int) throws(SluiceError) -> any AudioSink
    private let publishSink: @Sendable (any AudioSink) -> Void
    private let wav: WAVOutput?
    private let unplayable: @Sendable (SluiceError) -> Void
    private let duration: Span?
    private let pacing: any SoundPacing
    private var firstPTS: MediaTime?
    private var isPastEnd = false

    private var decoder: Decoder?
    private var resampler: Resampler?
    private var sink: (any AudioSink)?
    private var epoch = 0
    private var notBefore: MediaTime?
    private var nextPTS: MediaTime?

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
        statistics = wiring.statistics
        reporter = wiring.reporter
        cancel = wiring.cancel
        makeSink = wiring.makeSink
        publishSink = wiring.publishSink
        wav = wiring.wav
        unplayable = wiring.unplayable
        duration = wiring.duration
        pacing = Self.pacing(wiring)
    }

    private static func pacing(_ wiring: Wiring) -> any SoundPacing {
        switch wiring.plan {
        case .immediate:
            ImmediateSound(
                clock: wiring.clock, statistics: wiring.statistics, delay: wiring.delay,
                skipLimit: wiring.skipLimit)
        case .buffered:
            BufferedSound(clock: wiring.clock, statistics: wiring.statistics, cancel: wiring.cancel)
        case .clocked, .unpaced:
            ClockedSound(
                clock: wiring.clock, statistics: wiring.statistics, reporter: wiring.reporter,
                cancel: wiring.cancel, expectsVideo: wiring.expectsVideo)
        }
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
                pacing.reset(epoch: newEpoch)
                nextPTS = nil
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
            // A damaged packet only costs its sound.
            if error.isOfOutput { throw error }
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
        resampler.rateCorrection = pacing.rateCorrection
        let held = resampler.delay
        try pacing.play(resampler.floats(frame), pts: pts - held, into: sink)
    }

    private func openSink(for frame: Frame) throws(SluiceError) -> any AudioSink {
        if let sink { return sink }
        let channels = min(2, max(1, frame.channels))
        let made = try makeSink(frame.sampleRate, channels)
        resampler = try Resampler(
            output: AudioFormat(sampleRate: made.sampleRate, channels: made.channels, sample: .float))
        sink = made
        publishSink(made)
        return made
    }
}
