// The origin as a whole: starts its listeners, ends when it has been idle for long enough or is told to. What the
// listeners do is theirs.
import Media
public import Model
import NIOCore
import NIOPosix

/// One origin in this process. Thread-safe; `start`, `stop` and `waitUntilEnded` block and are not for event loops.
public final class OriginServer: Sendable {
    /// Where it listens; never 0.
    public struct Ports: Sendable, Equatable {
        public var rtmp: Int
        public var http: Int
    }

    private enum Phase { case new, running(OriginRun), ended }

    private let settings: OriginSettings
    private let reporter: (any Reporter)?
    private let phase = Monitor(Phase.new)

    /// - Parameter reporter: Gets lines for the log, FFmpeg's among them; called on the origin's threads.
    public init(_ settings: OriginSettings, reporter: (any Reporter)? = nil) {
        self.settings = settings
        self.reporter = reporter
    }

    /// Listens. Once.
    /// - Throws: `port_in_use` for a port that is taken; `config` for an address that is not this machine's or a port
    ///   that is not this user's; `cannot_create` for the control socket.
    public func start() throws(SluiceError) -> Ports {
        if let reporter { FFmpegLog.install(reporter) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let run = OriginRun(group: group, settings: settings, reporter: reporter)
        let ports: Ports
        do throws(SluiceError) { ports = try run.start() } catch {
            run.stop()
            run.waitUntilEnded()
            phase.withLock { $0 = .ended }
            throw error
        }
        phase.withLock { $0 = .running(run) }
        return ports
    }

    /// Ends every stream and every connection, viewers properly; `waitUntilEnded` returns when that is done, a few
    /// seconds later at most. Any thread; returns at once; idempotent.
    public func stop() {
        if case .running(let run) = phase.read({ $0 }) { run.stop() }
    }

    /// Blocks until the origin has ended: stopped, or without an open stream for `settings.lingers`.
    public func waitUntilEnded() {
        guard case .running(let run) = phase.read({ $0 }) else { return }
        run.waitUntilEnded()
        phase.withLock { $0 = .ended }
    }
}
