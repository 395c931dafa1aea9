// How numbers are written in findings and in the report for people.
import Model

enum Words {
    /// "3.2 s", "45 ms".
    static func length(_ span: Span) -> String {
        span.magnitude < .milliseconds(999.5)
            ? "\(Int(span.milliseconds.rounded())) ms" : "\(decimal(span.seconds, 2)) s"
    }

    static func seconds(_ time: MediaTime?) -> JSONValue { .optional(time?.seconds) }

    /// "2.5 Mbit/s", "128 kbit/s".
    static func rate(_ bits: Double) -> String {
        bits >= 999_500 ? "\(decimal(bits / 1e6, 2)) Mbit/s" : "\(Int((bits / 1000).rounded())) kbit/s"
    }

    /// Without trailing zeros.
    static func decimal(_ value: Double, _ places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        guard rounded.magnitude < 1e15 else { return String(rounded) }
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    static func times(_ count: Int) -> String { count == 1 ? "once" : count == 2 ? "twice" : "\(count) times" }
}

extension TimelineObserver.Incidents {
    /// Evidence: how often, how far, and where the first ones are.
    func evidence(_ track: TrackKind, _ name: String) -> [JSONValue.Field] {
        [
            .init("track", .string(track.rawValue)), .init("count", .int(count)),
            .init("\(name)_ms", .number(worst.milliseconds)),
            .init("at_s", .array(examples.map { .number($0.at.seconds) })),
        ]
    }
}
