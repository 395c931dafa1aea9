// A status event as a line for people: the same numbers as in JSON, those that are known, in a fixed order.
import Model

enum StatusText {
    private enum Shape {
        case clock, kilobits, count(String), milliseconds(String), seconds(String), rate, plain(String), bytes, word
    }

    private static let fields: [(name: String, shape: Shape)] = [
        ("time_s", .clock), ("bytes", .bytes), ("sent_kbps", .kilobits), ("net_kbps", .kilobits),
        ("fps", .plain("fps")), ("queue_ms", .milliseconds("queue")), ("delay_ms", .milliseconds("delay")),
        ("latency_ms", .milliseconds("latency")), ("dropped_frames", .count("dropped")),
        ("skips", .count("skips")), ("stalls", .count("stalls")), ("reconnects", .count("reconnects")),
        ("lost_packets", .count("lost")), ("speed", .rate),
    ]

    /// Of `probe --follow`, which has a verdict.
    private static let probeFields: [(name: String, shape: Shape)] = [
        ("time_s", .clock), ("net_kbps", .kilobits), ("fps", .plain("fps")), ("gop_s", .seconds("gop")),
        ("jitter_ms", .milliseconds("jitter")), ("latency_ms", .milliseconds("latency")),
        ("stalls", .count("stalls")), ("verdict", .word), ("findings", .word),
    ]

    static func line(_ event: Event) -> String {
        var parts: [String] = []
        let isProbe = event.fields.contains { $0.name == "verdict" }
        for (name, shape) in isProbe ? probeFields : fields {
            guard let field = event.fields.first(where: { $0.name == name }) else { continue }
            if case .word = shape { parts += words(field.value) }
            guard let value = field.value.asNumber else { continue }
            switch shape {
            case .clock: parts.append(clock(value))
            case .kilobits: parts.append("\(Int(value.rounded())) kb/s")
            case .count(let word): parts.append("\(word) \(Int(value))")
            case .milliseconds(let word): parts.append("\(word) \(Int(value.rounded())) ms")
            case .seconds(let word): parts.append("\(word) \(fixed(value, 1)) s")
            case .bytes: parts.append(ByteCount.text(Int64(value)))
            case .word: break
            case .rate: parts.append(fixed(value, 2) + "x")
            case .plain(let unit): parts.append(fixed(value, 1) + " " + unit)
            }
        }
        return parts.joined(separator: "  ")
    }

    private static func words(_ value: JSONValue) -> [String] {
        switch value {
        case .string(let word): [word]
        case .array(let values): values.flatMap(words)
        default: []
        }
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
