// One play from the first byte to the last picture: opens the source, chooses the outputs, starts the
// threads, lends the initial thread to the presenter, and takes everything down again in order.
import Intake
import Media
public import Model
import Screen
import Synchronization
import Timing

/// Create and run it on the process's initial thread, which owns the window.
public final class PlaySession {
    private let settings: PlaySettings
    private let reporter: any Reporter
    /// Set from outside: end cleanly.
    private let cancel: CancelFlag
    /// Ends the stages; set when playback is over for whatever reason.
    private let stop = CancelFlag()
    private let outputClosed = CancelFlag()
    private let queues = TrackQueues()
    private let pictures = PictureQueue()
    private let clock = MediaClock()
    private let statistics = PlayStatistics()
    private let delay: DelayControl
    private let shared = PlayShared()

    /// Ends the presenter: the user's signal, a closed pipe or a failed stage.
    private let ends = CancelFlag()

    public init(settings: PlaySettings, reporter: any Reporter, cancel: CancelFlag) {
        self.settings = settings
        delay = DelayControl(settings.delay)
        self.reporter = reporter
        self.cancel = cancel
    }

    /// Plays until the end.
    /// - Throws: What kept the play from beginning. What ends it later is in the result.
    public func run() throws(SluiceError) -> PlayResult {
        // Changes the environment, so it comes before the first thread of ours.
        ScreenEnvironment.prepare()
        FFmpegLog.install(reporter)
        let closed: ClosedHandler = { [outputClosed] in outputClosed.set() }
        let raw = try settings.rawOutput.map { address throws(SluiceError) in
            try RawOutput(settings, address: address, cancel: cancel, closed: closed)
        }
        let wav = try settings.wavOutput.map { address throws(SluiceError) in
            try WAVOutput(address, cancel: cancel, closed: closed)
        }
        let snapshots = try SnapshotOutput(settings.snapshot, reporter: reporter)
        defer { snapshots.finish() }

        var input = SourceSettings(
            address: settings.source, options: settings.options, startAt: settings.startAt)
        input.reconnect = settings.reconnect
        input.startDelay = settings.delay.bounds.least
        let source = Source(input, cancel: stop)
        let feed = FeedStage(
            source: source, settings: settings, queues: queues, statistics: statistics, delay: delay,
            reporter: reporter, timelineBegan: { [clock] in clock.reset(epoch: $0) })
        let shared = shared
        for flag in [cancel, outputClosed, shared.failed] {
            flag.onSet { [ends] in
                ends.set()
                shared.wake()
            }
        }
        let feedThread = NamedThread("feed") { feed.run { shared.wake() } }

        var threads = [feedThread]
        defer {
            stop.set()
            source.close()
            queues.close()
            pictures.close()
            for thread in threads { thread.join() }
            shared.state.read { $0.sink }?.close()
            shared.state.withLock { $0.waker = nil }
        }
        guard let (description, tracks) = try waitForTracks(feed) else {
            return result(feed, .cancelled)
        }
        let plan = PlaybackPlan(settings, source: description)
        let output = try openOutput(plan, tracks: tracks)
        defer { output.close() }
        shared.state.withLock { $0.waker = output.waker }

        let stages = StageThreads(
            plan: plan, description: description, settings: settings, feed: feed, queues: queues,
            pictures: pictures, clock: clock, statistics: statistics, delay: delay, reporter: reporter, stop: stop,
            shared: shared, converts: output is Window)
        threads.append(stages.startVideo(raw: raw, snapshots: snapshots))
        threads.append(stages.startAudio(wav: wav))
        let presenter = Presenter(
            .init(
                plan: plan, settings: settings, source: source, feed: feed, queues: queues, pictures: pictures,
                clock: clock, delay: delay, statistics: statistics, reporter: reporter, cancel: ends,
                output: output,
                openedBlind: tracks.video?.video.map { $0.width <= 0 } ?? true, snapshots: snapshots,
                sound: { shared.state.read { $0.sink } }, soundIsDone: { shared.state.read { $0.soundDone } }))
        if presenter.leavesAtEnd { source.endsWithStream() }
        output.setPlaying(true)
        let ending = try presenter.run()
        return result(feed, ending)
    }

    // MARK: Opening

    /// Waits until the source is open and has told of a track; throws when it ends before.
    /// - Returns: nil when cancelled.
    private func waitForTracks(_ feed: FeedStage) throws(SluiceError) -> (SourceDescription, FeedStage.Shared)? {
        let cancel = cancel
        let outputClosed = outputClosed
        cancel.onSet { feed.shared.withLock { _ in } }
        outputClosed.onSet { feed.shared.withLock { _ in } }
        let patience = settings.options.silenceTimeout
        var found: FeedStage.Shared?
        while found == nil {
            // Looked at again now and then for the one thing that no event tells: that nothing comes.
            found = feed.shared.wait(until: .now() + .milliseconds(100)) { shared -> FeedStage.Shared? in
                if cancel.isSet || outputClosed.isSet || shared.outcome.hasEnded { return shared }
                guard shared.description != nil else { return nil }
                if shared.video != nil || shared.audio != nil { return shared }
                guard let known = shared.tracksKnown else { return nil }
                let limit = shared.description?.isLive == true ? patience : .zero
                return limit.map { HostTime.now() - known > $0 } == true ? shared : nil
            }
        }
        guard let state = found, !cancel.isSet, !outputClosed.isSet else { return nil }
        if let description = state.description, state.video != nil || state.audio != nil {
            try check(description)
            return (description, state)
        }
        throw state.outcome.error
            ?? SluiceError(
                .noMedia, "cannot play \(settings.source)",
                why: state.tracksKnown == nil || !isChoosy
                    ? "there is nothing in it to see or hear" : "it has none of the tracks that were asked for",
                hint: isChoosy ? "leave out --no-video, --no-audio, --video-track or --audio-track" : nil)
    }

    private var isChoosy: Bool {
        !settings.showsVideo || !settings.playsAudio || settings.options.videoTrack != nil
            || settings.options.audioTrack != nil
    }

    private func check(_ description: SourceDescription) throws(SluiceError) {
        guard let start = settings.startAt, start > .zero, description.isLive else { return }
        throw SluiceError(
            .usage, "cannot play \(settings.source) from \(start.seconds) s", why: "a live stream has no beginning",
            hint: "leave out --start-at")
    }

    private func openOutput(_ plan: PlaybackPlan, tracks: FeedStage.Shared) throws(SluiceError) -> any PictureOutput
    {
        let toPrograms = settings.rawOutput != nil || settings.wavOutput != nil
        if settings.videoOutput == .null || plan == .unpaced || !settings.showsVideo { return NullWindow() }
        if settings.videoOutput == nil, toPrograms || (tracks.video == nil && !mayBringVideo(tracks)) {
            return NullWindow()
        }
        let size = windowSize(tracks.video?.video)
        let window = Window.Settings(
            title: settings.title ?? "sluice: \(settings.source)", width: size.width, height: size.height,
            isFullscreen: settings.isFullscreen)
        do throws(SluiceError) {
            return try Window(window)
        } catch {
            guard settings.videoOutput == nil else { throw error }
            reporter.log(.notice, "no window: \(error.why); playing without one")
            return NullWindow()
        }
    }

    /// A live stream may announce its picture after its sound.
    private func mayBringVideo(_ tracks: FeedStage.Shared) -> Bool { tracks.description?.isLive == true }

    private func windowSize(_ video: VideoParameters?) -> PictureSize {
        var width = video?.width ?? 0
        var height = video?.height ?? 0
        if width <= 0 || height <= 0 { (width, height) = (640, 360) }
        if let aspect = video?.sampleAspect?.positiveValue { width = Int((Double(width) * aspect).rounded()) }
        guard let wanted = settings.size else { return PictureSize(width: width, height: height) }
        if wanted.width == 0 { return PictureSize(width: wanted.height * width / height, height: wanted.height) }
        if wanted.height == 0 { return PictureSize(width: wanted.width, height: wanted.width * height / width) }
        return wanted
    }

    // MARK: Ending

    private func result(_ feed: FeedStage, _ ending: Presenter.Ending) -> PlayResult {
        let outcome = feed.shared.read(\.outcome)
        var result = PlayResult(endedBy: .endOfInput)
        if let failure = shared.state.read({ $0.failure }) ?? outcome.error, ending != .user, !cancel.isSet {
            result = PlayResult(endedBy: .error, error: failure)
        } else if cancel.isSet {
            result.endedBy = .signal
        } else if ending == .duration || (settings.duration != nil && !outcome.hasEnded) {
            result.endedBy = .duration
        }
        if ending == .user { result.endedBy = .user }
        statistics.read { values in
            result.firstFrame = values.firstShown.map { $0 - settings.processStart }
            result.shownFrames = values.shown
            result.droppedFrames = values.dropped
            result.stalls = values.stalls
            result.stallTime = values.stallTime
            result.reconnects = values.reconnects
            result.damagedFrames = values.damaged
            result.skips = values.skips
            if let p50 = values.latency.percentile(0.5), let p95 = values.latency.percentile(0.95),
                let p99 = values.latency.percentile(0.99)
            {
                result.latency = .init(p50: p50, p95: p95, p99: p99)
            }
            if let p50 = values.offset.percentile(0.5), let p99 = values.offset.percentile(0.99) {
                result.offset = .init(p50: p50, p99: p99)
            }
        }
        reporter.report(ServiceEvent.playEnd.event())
        return result
    }
}

extension Source: Seeking {}
