// The law of reconnecting, for every capability that keeps a stream: whether a connection that failed is tried
// again, when, and for how long. Decides only; whoever owns the connection does it.
public import Model

/// One stream's attempts, in their order: `began`, `ended`, `began`, …
///
/// - An established session, one that has carried media, is retried at once, then each second for a minute, then
///   with pauses that double up to 30 s. At most one attempt begins in a second, so that a server that takes
///   everybody in and throws everybody out is not stormed.
/// - It is given up after so many attempts without media in between (`--reconnect N`), or when no media came for
///   so long after the interruption was noticed (`--give-up`); each attempt has a second at least.
/// - A first failure ends at once. With `--wait` it is retried each second, until media come or the time is over;
///   a stream that comes up is not to be missed by more than a second, so these pauses do not grow.
/// - A clean end (an error of nil: the server said that the stream is over) is the end, whatever the options:
///   they speak of failures and of beginnings. Who wants to see the next performance starts again with `--wait`,
///   or has `ReconnectOptions.streamEnd` make an interruption of each end: `not_live`, in mid-stream.
///   A publisher that has gone without such words (a mid-stream `not_live`: nginx-rtmp's StreamEOF, said after each
///   drop of the publisher's line as well) may be back in a moment: it is waited for like a connection, and when
///   nobody has come until patience ends, that was a clean end, too.
/// - What a retry cannot change is final: a refusal for want of permission, an expired address, an unknown codec.
///   An unknown host, an unknown application and a bad certificate are final in the beginning, where they are
///   mistakes, and the first two are retried later, where they are servers and networks that come back.
public struct ReconnectPolicy: Sendable {
    public enum Decision: Sendable, Equatable {
        /// Begin attempt `attempt`, counted from 1 since the last media, after this pause.
        case retry(attempt: Int, after: Span)
        /// Over. nil: cleanly.
        case end(SluiceError?)
    }

    /// The least distance between the beginnings of two attempts, and the least time of each.
    public static let rhythm = Span.seconds(1)
    /// After an interruption, how long attempts keep the rhythm.
    public static let brisk = Span.seconds(60)
    public static let longestPause = Span.seconds(30)
    /// While the next performance is waited for, which somebody wants to see from its beginning.
    public static let longestWait = Span.seconds(5)

    private let options: ReconnectOptions
    private let rhythm: Span
    /// What patience counts from: the beginning, or the moment an interruption was noticed.
    private var since: HostTime
    private var lastBegin: HostTime
    private var attempts = 0
    private var pause = Span.seconds(1)
    /// What ended the last session was its publisher's leaving.
    private var isPublisherGone = false
    /// Media have come, some time.
    public private(set) var isEstablished = false

    /// - Parameter rhythm: Shorter than the law's only in tests that count thousands of attempts.
    public init(_ options: ReconnectOptions, now: HostTime, rhythm: Span = Self.rhythm) {
        self.options = options
        self.rhythm = rhythm
        since = now
        lastBegin = now
    }

    /// An attempt begins.
    public mutating func began(at now: HostTime) { lastBegin = now }

    /// When the attempt under way is given up if it has brought no media; nil: not by this policy.
    public var deadline: HostTime? { patience.map { max($0, lastBegin + rhythm) } }

    /// The process stood still for so long (stopped, asleep): nobody's patience was tried.
    public mutating func stoodStill(for time: Span) {
        since += time
        lastBegin += time
    }

    /// The attempt is over.
    /// - Parameters:
    ///   - error: nil where the server said that the stream is over.
    ///   - hadMedia: This attempt has brought media.
    public mutating func ended(_ error: SluiceError?, hadMedia: Bool, at now: HostTime) -> Decision {
        guard let error else { return .end(nil) }
        if hadMedia {
            isEstablished = true
            since = now
            attempts = 0
            pause = .seconds(1)
            isPublisherGone = error.reason == .notLive
        }
        guard isEstablished || options.wait != nil else { return .end(error) }
        guard Self.mayPass(error.reason, isEstablished: isEstablished, hadMedia: hadMedia),
            options.limit != .off || !isEstablished
        else { return .end(isEstablished ? error.midStream() : error) }
        if isExhausted(at: now) { return .end(exhausted(error, at: now)) }
        attempts += 1
        var next = max(now, lastBegin + rhythm)
        if isEstablished, now - since >= Self.brisk {
            pause = min(pause * 2, isWaiting ? Self.longestWait : Self.longestPause)
            next = now + pause
        }
        // The last attempt is made when patience ends, not before.
        if let patience { next = min(next, max(now, patience)) }
        return .retry(attempt: attempts, after: next - now)
    }

    /// The stream has ended and is to come back.
    private var isWaiting: Bool {
        if case .interruption = options.streamEnd { isEstablished && isPublisherGone } else { false }
    }

    private var patience: HostTime? {
        if isWaiting, case .interruption(let giveUp) = options.streamEnd { return giveUp.map { since + $0 } }
        if isEstablished { return options.giveUp.map { since + $0 } }
        if case .atMost(let time)? = options.wait { return since + time }
        return nil
    }

    private func isExhausted(at now: HostTime) -> Bool {
        if isEstablished, case .times(let count) = options.limit, attempts >= count { return true }
        return patience.map { now >= $0 } ?? false
    }

    /// What is reported when patience has ended: the last failure, and how long it was put up with. nil: cleanly.
    public func exhausted(_ last: SluiceError, at now: HostTime) -> SluiceError? {
        // The server is there and the stream is not.
        if isEstablished, isPublisherGone, last.reason == .notLive { return nil }
        let tried = now - since
        guard isEstablished else {
            var error = last
            error.why += "; waited for \(Self.words(tried))"
            return error
        }
        var error = last.midStream()
        // Reasons that would say "never began".
        if error.reason == .noApp || error.reason == .noMedia { error.reason = .connectionLost }
        if attempts > 0 {
            error.why += "; given up after \(attempts) attempt\(attempts == 1 ? "" : "s")"
            if tried >= .seconds(1) { error.why += " in \(Self.words(tried))" }
        }
        return error
    }

    /// Whether a failure may be gone at the next attempt.
    /// - Parameters:
    ///   - isEstablished: Media have come before: address and permission were right.
    ///   - hadMedia: It broke a running stream.
    static func mayPass(_ reason: Reason, isEstablished: Bool, hadMedia: Bool) -> Bool {
        switch reason {
        case .refused, .unreachable, .notLive, .nameInUse, .alreadyStreaming, .connectionLost, .timeout,
            .serverError:
            true
        case .noApp, .unknownHost, .corrupt, .noMedia, .portInUse: isEstablished
        // A connection that breaks inside TLS is a broken connection.
        case .tls: hadMedia
        case .denied, .expired, .badSignature, .quota, .unsupportedCodec, .usage, .config, .noInput, .cannotCreate,
            .noSpace, .internal, .verdictFail:
            false
        }
    }

    /// "850 ms", "12 s", "10 min".
    private static func words(_ span: Span) -> String {
        if span < .seconds(1) { return "\(Int(span.milliseconds.rounded())) ms" }
        if span < .seconds(120) { return "\(Int(span.seconds.rounded())) s" }
        return "\(Int((span.seconds / 60).rounded())) min"
    }
}
