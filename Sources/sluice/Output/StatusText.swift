// A status event as a line for people: the same numbers as in JSON, those that are known, in a fixed order.
import Model

enum StatusText {
    private enum Shape { case clock, kilobits, count(String), milliseconds(String), rate, plain(String) }

    private static let fields: [(name: String, shape: Shape)] = [
        ("time_s", .clock), ("sent_kbps", .kilobits), ("net_kbps", .kilobits), ("fps", .plain("fps")),
        ("queue_ms", .milliseconds("queue")), ("delay_ms", .milliseconds("delay")),
        ("latency_ms", .milliseconds("latency")), ("dropped_frames", .count("dropped")),
        ("skips", .count("skips")), ("stalls", .count("stalls")), ("reconnects", .count("reconnects")),
        ("speed", .rate),
    ]

    static func line(_ event: Event) -> String {
        var parts: [String] = []
        for (name, shape) in fields {
            guard let value = event.fields.first(where: { $0.name == name })?.value.asNumber else { continue }
            switch shape {
            case .clock: parts.append(clock(value))
            case .kilobits: parts.append("\(Int(value.rounded())) kb/s")
            case .count(let word): parts.append("\(word) \(Int(value))")
            case .milliseconds(let word): parts.append("\(word) \(Int(value.rounded())) ms")
            case .rate: parts.append(fixed(value, 2) + "x")
            case .plain(let unit): parts.append(fixed(value, 1) + " " + unit)
            }
        }
        return parts.joined(separator: "  ")
    }

    static func clock(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
        return two(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60)
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "?" }
        let scale = decimals == 1 ? 10.0 : 100.0
        let scaled = Int((value.magnitude * scale).rounded())
        let fraction = String(scaled % Int(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int(scale)).\(zeros)\(fraction)"
    }
}

extension JSONValue {
    var asNumber: Double? {
        switch self {
        case .int(let value): Double(value)
        case .number(let value): value.isFinite ? value : nil
        default: nil
        }
    }
}
