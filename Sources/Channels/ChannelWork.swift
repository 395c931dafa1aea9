// The life of whoever publishes into a channel: a worker, or `stream-start --foreground`. It pushes, takes a push that
// broke up again, and leaves the channel as it should be when it is over. How a push is made is the command line's.
public import Model
import Origin
import Timing

/// What one push has come to.
public struct PushAttempt: Sendable {
    public var sentBytes: Int
    public var videoFrames: Int
    public var endedBy: EndedBy
    /// What ended it before its time.
    public var error: SluiceError?
    public init(
        sentBytes: Int = 0, videoFrames: Int = 0, endedBy: EndedBy = .error, error: SluiceError? = nil
    ) {
        self.sentBytes = sentBytes
        self.videoFrames = videoFrames
        self.endedBy = endedBy
        self.error = error
    }
}

public final class ChannelWork {
    /// Between two attempts to push whose answer did not come in time (service code 6012).
    private static let pauseAfterTimeout = Span.seconds(30)

    private let name: ChannelName
    private let room: ChannelRoom
    private let readiness: ReadinessWriter?
    private let reporter: any Reporter
    private let cancel: CancelFlag
    private var totals = ChannelTotals()

    /// For a worker: whoever started it is told how its start went.
    public convenience init(
        worker settings: WorkerSettings, reporter: any Reporter, cancel: CancelFlag
    ) throws(SluiceError) {
        let readiness = ReadinessWriter()
        do throws(SluiceError) {
            try self.init(settings.name, settings.directory, readiness, reporter, cancel)
        } catch {
            readiness.failed(error)
            throw error
        }
    }

    /// For the process that has started the channel itself.
    public convenience init(
        foreground name: ChannelName, directory: StateDirectory, reporter: any Reporter, cancel: CancelFlag
    ) throws(SluiceError) {
        try self.init(name, directory, nil, reporter, cancel)
    }

    private init(
        _ name: ChannelName, _ directory: StateDirectory, _ readiness: ReadinessWriter?, _ reporter: any Reporter,
        _ cancel: CancelFlag
    ) throws(SluiceError) {
        self.name = name
        self.readiness = readiness
        self.reporter = reporter
        self.cancel = cancel
        // What is left to do after a stop must not be cut short by it; every wait is bounded anyway.
        room = try ChannelRoom(directory, cancel: CancelFlag())
    }

    /// The first media are on their way. From the push's threads.
    public var began: @Sendable () -> Void {
        let readiness = readiness
        return { readiness?.ready() }
    }

    /// Says that the work cannot begin.
    public func refuse(_ error: SluiceError) { readiness?.failed(error) }

    /// Pushes until the input ends, somebody stops it, or it is of no use to go on.
    /// - Parameter push: One push from its beginning to its end.
    /// - Returns: What ended it before its time.
    public func run(_ push: () throws(SluiceError) -> PushAttempt) -> SluiceError? {
        var options = ReconnectOptions()
        // Whoever waits for the first answer is told of it; from then on nobody is there to try again.
        options.wait = .forever
        var policy = ReconnectPolicy(options, now: .now())
        let pause = CancellableWait(cancel)
        var failure: SluiceError?
        attempts: while !cancel.isSet {
            policy.began(at: .now())
            let attempt = attempted(push)
            totals.sentBytes += attempt.sentBytes
            totals.videoFrames += attempt.videoFrames
            failure = attempt.error
            endedBy = attempt.endedBy
            guard let error = attempt.error, !cancel.isSet else { break }
            if readiness?.failed(error) ?? !policy.isEstablished, attempt.sentBytes == 0 { break }
            guard isServed else {
                reporter.log(.error, "the origin is gone")
                break
            }
            switch policy.ended(error, hadMedia: attempt.sentBytes > 0, at: .now()) {
            case .end(let error):
                failure = error
                break attempts
            case .retry(_, var rest):
                if error.reason == .timeout { rest = max(rest, Self.pauseAfterTimeout) }
                reporter.log(.warning, "\(error); again in \(Int(rest.seconds.rounded(.up))) s")
                totals.reconnects += 1
                pause.wait(until: .now() + rest)
            }
        }
        finish()
        return cancel.isSet ? nil : failure
    }

    /// Without an input: until somebody stops it, or the stream is gone.
    public func wait() {
        let pause = CancellableWait(cancel)
        while pause.wait(until: .now() + .seconds(1)), isServed {}
        finish()
    }

    /// What the channel has come to, once it is over.
    public private(set) var report: [JSONValue.Field] = []
    public private(set) var endedBy = EndedBy.signal

    private func attempted(_ push: () throws(SluiceError) -> PushAttempt) -> PushAttempt {
        do throws(SluiceError) { return try push() } catch { return PushAttempt(error: error) }
    }

    /// The channel is still this process's, and its origin still runs.
    private var isServed: Bool {
        guard let record = (try? room.registry.channel(name)) ?? nil else { return false }
        return record.worker == .current && record.origin?.isAlive == true
    }

    /// In this order: another start may come between the two, and must find the stream closed before the channel is
    /// free, not after it.
    private func finish() {
        guard let record = (try? room.registry.channel(name)) ?? nil, record.worker == .current else { return }
        let closed = room.close(record.streamID)
        let totals = totals
        do throws(SluiceError) {
            try room.registry.update(name) { current in
                guard current.worker == .current else { return false }
                current.totals = totals
                current.end(closed, at: .now())
                return true
            }
            if cancel.isSet { endedBy = .signal }
            report = try room.registry.channel(name)?.totals.fields ?? []
        } catch {
            reporter.log(.error, error.description)
        }
    }
}
