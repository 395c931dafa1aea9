// The delay from capture to arrival by the best method the stream offers, and how far it can be trusted.
import Intake
import Model
import Timing

struct LatencyValues: Sendable, Equatable {
    enum Method: String, Sendable {
        case sei
        case programDate = "program_date_time"
        case loopback
        /// Behind the best that was seen: the part of the delay that varies.
        case excess
    }
    /// Whose clock made the stamps, as far as that can be known.
    enum ClockRelation: String, Sendable {
        case sameProcess = "same_process"
        /// The server is on this machine; its publisher is taken to be, too.
        case sameHost = "same_host"
        /// Another machine's: how far the two are apart cannot be told from here.
        case unknown
    }

    var method: Method
    var p50: Span
    var p95: Span
    var p99: Span
    /// The bound of the error, where one is known: the resolution of the stamps, and never less than
    /// `stampingError`. nil between clocks of two machines, and for `excess`, whose constant part is unknown.
    var error: Span?
    var clock: ClockRelation?
    var samples: Int
    /// Which marks, for `sei` and `loopback`.
    var marks: CaptureMark.Source?

    /// Arrival is stamped when the event loop wakes: a millisecond on a machine that is not overloaded.
    static let stampingError = Span.milliseconds(1)

    init?(_ observation: StreamObservation, settings: ProbeSettings) {
        guard observation.isLive else { return nil }
        let video = observation.video?.arrival
        if let video, video.marked.count > 0, let source = observation.video?.markSource {
            self.init(settings.isLoopback ? .loopback : .sei, video.marked)
            marks = source
            rate(settings, resolution: source.resolution)
            return
        }
        let arrival = video ?? observation.audio?.arrival
        if let arrival, arrival.programDated.count > 0 {
            self.init(.programDate, arrival.programDated)
            // Until a whole segment was seen to come, its length is what the delay can be off by.
            let target = observation.facts.playlist?.latest.targetDuration ?? .zero
            let isWhole =
                (observation.finishedAt.flatMap { end in observation.firstMedia.map { end - $0 } } ?? .zero)
                > target
            rate(settings, resolution: .milliseconds(1) + (isWhole ? .zero : target))
            return
        }
        guard let arrival else { return nil }
        self.init(.excess, arrival.relative)
    }

    private init?(_ method: Method, _ delays: SpanHistogram) {
        guard let p50 = delays.percentile(0.5), let p95 = delays.percentile(0.95),
            let p99 = delays.percentile(0.99)
        else { return nil }
        self.method = method
        self.p50 = .milliseconds(p50)
        self.p95 = .milliseconds(p95)
        self.p99 = .milliseconds(p99)
        samples = delays.count
    }

    private mutating func rate(_ settings: ProbeSettings, resolution: Span) {
        let least = max(resolution, Self.stampingError)
        if settings.isLoopback {
            (clock, error) = (.sameProcess, least)
        } else if settings.source.isOnThisMachine {
            (clock, error) = (.sameHost, least)
        } else {
            clock = .unknown
        }
    }
}

extension MediaAddress {
    fileprivate var isOnThisMachine: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
