// One push from the first byte to the unpublish: opens the inputs, decides copy or encode, opens the target,
// starts the threads, tells the statistics, takes everything down again in order.
import Media
public import Model
import Timing

/// Create and run it on one thread; `run` blocks until the push is over.
public final class PublishSession {
    private let settings: PublishSettings
    private let reporter: any Reporter
    /// Set from outside: end cleanly.
    private let cancel: CancelFlag
    /// Ends the inputs: the push is over for whatever reason.
    private let stop = CancelFlag()
    private let statistics = PublishStatistics()
    private let progress = Monitor(Progress())

    private struct Progress {
        var runningFinite = 0
        /// Known before the inputs start: a short one may have ended before anybody waits for it.
        var hasFinite = false
        /// Inputs that keep together all end by themselves, and at the same media time.
        var runningTogether: Int?
        var failure: SluiceError?
    }

    public init(settings: PublishSettings, reporter: any Reporter, cancel: CancelFlag) {
        self.settings = settings
        self.reporter = reporter
        self.cancel = cancel
    }

    /// Pushes until the end.
    /// - Throws: What kept the push from beginning. What ends it later is in the result.
    public func run() throws(SluiceError) -> PublishResult {
        FFmpegLog.install(reporter)
        let (stop, progress) = (stop, progress)
        cancel.onSet {
            stop.set()
            progress.withLock { _ in }
        }
        let inputs = try InputOpening.make(settings, stop: stop)
        defer { for input in inputs { input.close() } }
        let chosen = try InputOpening.choose(inputs, settings: settings)
        if stop.isSet { return PublishResult(endedBy: .signal) }
        let plan = try StagePlan(chosen, inputs: inputs, settings: settings)
        guard let target = try openTarget() else { return PublishResult(endedBy: .signal) }
        target.onFailure { error in progress.withLock { $0.failure = $0.failure ?? error } }
        let outlet = Outlet(
            .init(
                expected: plan.ids, marks: settings.marks && settings.target.isNetwork,
                isOrdered: !settings.target.isNetwork, base: plan.base),
            target: target, statistics: statistics, reporter: reporter)
        let stages: [[Int: any TrackStage]]
        do throws(SluiceError) {
            stages = try plan.makeStages(
                outlet: outlet, statistics: statistics, reporter: reporter,
                onFailure: { error in progress.withLock { $0.failure = $0.failure ?? error } })
        } catch {
            // The target is open already: leave it as clean as it can be.
            try? outlet.finish()
            throw error
        }
        reporter.report(ServiceEvent.pushBegins.event())
        let threads = start(inputs, stages, outlet, target)
        wait(target)
        stop.set()
        for thread in threads { thread.join() }
        for stage in stages.flatMap(\.values) { stage.join() }
        return finish(outlet, target)
    }

    private func openTarget() throws(SluiceError) -> (any PublishTarget)? {
        switch settings.target.scheme {
        case .rtmp, .rtmps:
            let sink = RTMPSink(settings.target, reporter: reporter)
            return try sink.open(settings.source, cancel: stop) ? sink : nil
        // Not `stop`: what the encoders still hold at the end of the input must leave without being interrupted.
        default: return try FileSink(settings, cancel: cancel)
        }
    }

    private func start(
        _ inputs: [any PublishInput], _ stages: [[Int: any TrackStage]], _ outlet: Outlet,
        _ target: any PublishTarget
    ) -> [NamedThread] {
        let used = stages.indices.filter { !stages[$0].isEmpty }
        let finite = used.filter { inputs[$0].isFinite }
        progress.withLock {
            $0.runningFinite = finite.count
            $0.hasFinite = !finite.isEmpty
        }
        let isPaced = settings.isPaced && settings.target.isNetwork
        let keepsTogether = !isPaced && used.count > 1
        if keepsTogether {
            progress.withLock { $0.runningTogether = used.count }
            outlet.inputsBegin(used, endless: Set(used.filter { !inputs[$0].isFinite }))
        }
        let pause = CancellableWait(stop)
        let begin = HostTime.now()
        let progress = progress
        return used.map { index in
            let input = inputs[index]
            let context = InputContext(
                index: index, settings: settings, outlet: outlet, reporter: reporter, stop: stop, pause: pause,
                start: begin, isPaced: isPaced, keepsTogether: keepsTogether,
                waiting: { target.waiting })
            let mine = stages[index]
            return NamedThread("input-\(index)") {
                var failure: SluiceError?
                do throws(SluiceError) { try input.run(mine, context) } catch { failure = error }
                outlet.inputEnded(index)
                progress.withLock { progress in
                    if let failure { progress.failure = progress.failure ?? failure }
                    // A tone runs for ever; the push ends with the last input that ends by itself, or, where
                    // there is none, with the first that reaches the wanted duration.
                    progress.runningFinite -= input.isFinite ? 1 : finite.isEmpty ? 1 : 0
                    progress.runningTogether = progress.runningTogether.map { $0 - 1 }
                }
            }
        }
    }

    /// Until the inputs have ended, something failed or the user wants an end; a status line each second.
    private func wait(_ target: any PublishTarget) {
        let hasFinite = progress.read(\.hasFinite)
        var next = HostTime.now() + .seconds(1)
        while true {
            let cancel = cancel
            let over = progress.wait(until: next) { progress -> Bool? in
                let ended =
                    progress.runningTogether.map { $0 <= 0 }
                    ?? (hasFinite ? progress.runningFinite <= 0 : progress.runningFinite < 0)
                return cancel.isSet || progress.failure != nil || ended ? true : nil
            }
            if over == true { return }
            // After a stop of the process there is one line, not one for each second that it slept.
            next = max(next + .seconds(1), .now())
            reporter.report(statistics.statusEvent(queue: target.waiting, now: .now()))
        }
    }

    private func finish(_ outlet: Outlet, _ target: any PublishTarget) -> PublishResult {
        var failure = progress.read(\.failure)
        do throws(SluiceError) { try outlet.finish() } catch { failure = failure ?? error }
        // A reader that closes its end of our output wants no more; that is no error.
        if let code = failure?.code, settings.target.scheme == .standardStream, Self.isBrokenPipe(code) {
            failure = nil
        }
        var result: PublishResult
        if let failure, !cancel.isSet {
            result = PublishResult(endedBy: .error, error: failure)
        } else {
            let span = statistics.mediaSpan
            let long = settings.duration.map { span + .milliseconds(100) >= $0 } ?? false
            result = PublishResult(endedBy: cancel.isSet ? .signal : long ? .duration : .endOfInput)
        }
        result.duration = statistics.mediaSpan
        statistics.read { values in
            result.sentBytes = target.bytesSent ?? values.bytes
            result.videoFrames = values.videoFrames
            result.audioFrames = values.audioFrames
            result.droppedFrames = values.dropped
            // By the media's own length: how fast a file was written says nothing about its rate.
            if result.duration > .zero, result.sentBytes > 0 {
                result.averageKbps = Double(result.sentBytes * 8) / 1000 / result.duration.seconds
            }
        }
        return result
    }

    private static func isBrokenPipe(_ code: Int) -> Bool { code == 32 || code == -32 }
}
