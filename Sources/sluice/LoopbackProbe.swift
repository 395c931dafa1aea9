// `probe --loopback`: a push of a marked test stream and a probe of where it comes out again, side by side.
// Composed here because the two capabilities never import each other.
import Model
import Prober
import Publisher

struct LoopbackProbe {
    private let push: PublishSettings
    private let probe: ProbeSettings
    private let console: Console

    init(push: PublishSettings, probe: ProbeSettings, console: Console) {
        self.push = push
        self.probe = probe
        self.console = console
    }

    /// Small, so that the test loads neither the machine nor the way more than it must.
    static func settings(
        _ probe: ProbeSettings, target text: String
    ) throws(SluiceError) -> ProbeCommand.Settings {
        let target = try PushCommand.target(text)
        guard target.isNetwork else {
            throw UsageErrors.error("--loopback", "\"\(target)\" is not an address that streams can be sent to")
        }
        var push = PublishSettings(inputs: [.testSource], target: target)
        push.source.timeout = probe.options.timeout
        push.source.insecure = probe.options.insecure
        push.size = PictureSize(width: 640, height: 360)
        push.bitRate = 800_000
        push.gop = .seconds(1)
        var probe = probe
        probe.isLoopback = true
        probe.measuresLatency = true
        // The stream needs a moment to come through, and servers differ in how they call that moment.
        if probe.reconnect.wait == nil {
            probe.reconnect.wait = probe.options.silenceTimeout.map { .atMost($0) } ?? .forever
        }
        return ProbeCommand.Settings(probe: probe, loopback: push)
    }

    /// What the push has come to.
    private struct Progress {
        var hasBegun = false
        var hasEnded = false
        var failure: SluiceError?
    }

    /// Ends with the push's error when the push fails before the probe is done.
    func run(cancel: CancelFlag) throws(SluiceError) -> ProbeReport {
        let (stopPush, stopProbe) = (CancelFlag(), CancelFlag())
        let progress = Monitor(Progress())
        cancel.onSet {
            stopProbe.set()
            stopPush.set()
            progress.withLock { _ in }
        }
        let reporter = PushWitness(console: console) { progress.withLock { $0.hasBegun = true } }
        let settings = push
        let thread = NamedThread("loopback") {
            var failure: SluiceError?
            do throws(SluiceError) {
                failure = try PublishSession(settings: settings, reporter: reporter, cancel: stopPush).run().error
            } catch {
                failure = error
            }
            progress.withLock { progress in
                progress.failure = failure
                progress.hasEnded = true
            }
            if failure != nil { stopProbe.set() }
        }
        defer {
            stopPush.set()
            thread.join()
        }
        // Bounded by the push's own time-outs.
        _ = progress.wait(until: nil) { $0.hasBegun || $0.hasEnded || cancel.isSet ? true : nil }
        if let failure = progress.read(\.failure) { throw failure }
        let report: ProbeReport
        do throws(SluiceError) {
            report = try ProbeSession(settings: probe, reporter: console, cancel: stopProbe).run()
        } catch {
            throw progress.read(\.failure) ?? error
        }
        if let failure = progress.read(\.failure) { throw failure }
        return report
    }
}

/// Hears when the push has begun; its events are not the probe's, so they go no further.
private struct PushWitness: Reporter {
    let console: Console
    let begins: @Sendable () -> Void

    func report(_ event: Event) { if event.name == ServiceEvent.pushBegins.word { begins() } }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        let text = message()
        console.log(level, "loopback: \(text)")
    }
}
