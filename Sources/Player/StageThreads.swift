// Starts the decoding threads and gives each what it needs.
import Intake
import Media
import Model
import Screen
import Synchronization

struct StageThreads {
    let plan: PlaybackPlan
    let description: SourceDescription
    let settings: PlaySettings
    let feed: FeedStage
    let queues: TrackQueues
    let pictures: PictureQueue
    let clock: MediaClock
    let statistics: PlayStatistics
    let delay: DelayControl
    let reporter: any Reporter
    let stop: CancelFlag
    let shared: PlayShared
    let converts: Bool

    /// Files end by their media; live input ends by the clock, which the presenter watches.
    private var mediaDuration: Span? { description.isLive ? nil : settings.duration }

    func startVideo(raw: RawOutput?, snapshots: SnapshotOutput) -> NamedThread {
        let given = Handed(value: raw)
        let (shared, pictures, clock) = (shared, pictures, clock)
        let make = { @Sendable [self] in
            VideoStage(
                .init(
                    plan: plan, queues: queues, pictures: pictures, clock: clock, statistics: statistics,
                    reporter: reporter, cancel: stop, raw: given.value, snapshots: snapshots,
                    converts: converts, unplayable: { error in markUnplayable(.video, error) },
                    duration: mediaDuration, skipLimit: settings.delay.skipLimit, wake: { shared.wake() },
                    hardware: HardwareChoice(settings, reporter: reporter)))
        }
        return NamedThread("video") {
            do throws(SluiceError) { try make().run() } catch { shared.fail(error) }
            pictures.finish()
            clock.pictureEnded()
            shared.wake()
        }
    }

    func startAudio(wav: WAVOutput?) -> NamedThread {
        let given = Handed(value: wav)
        let shared = shared
        let make = { @Sendable [self] in
            AudioStage(
                .init(
                    plan: plan, queues: queues, clock: clock, statistics: statistics, reporter: reporter,
                    cancel: stop,
                    makeSink: { (rate, channels) throws(SluiceError) in try openSink(rate, channels) },
                    publishSink: { sink in shared.state.withLock { $0.sink = sink } }, wav: given.value,
                    expectsVideo: { [feed] in feed.shared.read { $0.video != nil } },
                    unplayable: { error in markUnplayable(.audio, error) }, duration: mediaDuration,
                    delay: delay, skipLimit: settings.delay.skipLimit))
        }
        return NamedThread("audio") {
            do throws(SluiceError) { try make().run() } catch { shared.fail(error) }
            shared.state.withLock { $0.soundDone = true }
            shared.wake()
        }
    }

    private func markUnplayable(_ kind: TrackKind, _ error: SluiceError) {
        feed.shared.withLock { $0.unplayable[kind] = error }
        shared.wake()
    }

    /// The device; a clock in its place where there is none and none was demanded.
    private func openSink(_ sampleRate: Int, _ channels: Int) throws(SluiceError) -> any AudioSink {
        let device = try openDevice(sampleRate, channels)
        let sink: any AudioSink
        if let device {
            sink = device
        } else {
            sink = try NullAudio(sampleRate: sampleRate, channels: channels)
        }
        sink.setVolume(Float(settings.volume) / 100)
        return sink
    }

    /// nil: nobody listens.
    private func openDevice(_ sampleRate: Int, _ channels: Int) throws(SluiceError) -> AudioOutput? {
        let isForPrograms = settings.rawOutput != nil || settings.wavOutput != nil
        guard settings.audioOutput != .null, settings.audioOutput != nil || !isForPrograms else { return nil }
        do throws(SluiceError) {
            let device = try AudioOutput(sampleRate: sampleRate, channels: channels)
            guard device.keepsTime else { return nil }
            reporter.log(.info, "sound: \(device.driverName), \(Int(device.latency.milliseconds)) ms to the ear")
            return device
        } catch {
            guard settings.audioOutput == nil else { throw error }
            reporter.log(.notice, "no sound: \(error.why); playing without it")
            return nil
        }
    }
}
