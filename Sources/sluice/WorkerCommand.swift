// `sluice worker NAME`, which only `stream-start` starts: the push into a channel, in the background. What is pushed is
// in the words of that command line, which come over a descriptor and are parsed once more.
import ArgumentParser
import Channels
import Model
import Publisher

enum WorkerCommand {
    /// - Returns: The exit status; nil where the words are a user's, who is told that there is no such command.
    static func run(_ words: [String]) -> Int32? {
        guard words.count == 2, words[0] == "worker", let settings = WorkerSettings.received() else { return nil }
        let cancel = CancelFlag()
        let command = Result { try SluiceCommand.parseAsRoot(Rewriting.arguments(settings.words)) }
        let start = (try? command.get()) as? StreamStartCommand
        let level = min(start?.common.logLevel?.level ?? .info, .info)
        let console = Console(.log(level), cancel: cancel)
        let signals = StopSignals(cancel: cancel)
        let failure: SluiceError?
        do throws(SluiceError) {
            let work = try ChannelWork(worker: settings, reporter: console, cancel: cancel)
            failure = perform(start, settings, work, console, cancel)
        } catch {
            failure = error
        }
        if let failure { console.fail(failure) }
        if let number = signals.received { StopSignals.die(by: number) }
        return failure.map(ExitStatus.of) ?? ExitStatus.success
    }

    private static func perform(
        _ start: StreamStartCommand?, _ settings: WorkerSettings, _ work: ChannelWork, _ console: Console,
        _ cancel: CancelFlag
    ) -> SluiceError? {
        let push: PublishSettings
        do throws(SluiceError) {
            guard let wanted = try start?.pushSettings(target: settings.target) else {
                throw SluiceError(.internal, "cannot push into \(settings.name)", why: "nothing was said to push")
            }
            push = wanted
        } catch {
            work.refuse(error)
            return error
        }
        let reporter = WorkerReporter(console: console, begins: work.began, beat: { settings.renewLog() })
        return work.run { () throws(SluiceError) in try attempt(push, reporter: reporter, cancel: cancel) }
    }

    /// One push, from its beginning to its end.
    static func attempt(
        _ push: PublishSettings, reporter: any Reporter, cancel: CancelFlag
    ) throws(SluiceError) -> PushAttempt {
        let result = try PublishSession(settings: push, reporter: reporter, cancel: cancel).run()
        return PushAttempt(
            sentBytes: result.sentBytes, videoFrames: result.videoFrames, endedBy: result.endedBy,
            error: result.error)
    }
}

/// Hears when the push has begun, and keeps the log short.
private struct WorkerReporter: Reporter {
    let console: Console
    let begins: @Sendable () -> Void
    let beat: @Sendable () -> Void

    func report(_ event: Event) {
        if event.name == ServiceEvent.pushBegins.word { begins() }
        if event.name == "status" { beat() }
        console.report(event)
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) { console.log(level, message()) }
}
