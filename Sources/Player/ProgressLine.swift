// Where in a file one is, as a line of text: a bar, the time and the length.
import Model

enum ProgressLine {
    /// Characters of the bar.
    static let width = 30

    /// e.g. "[==========>---------------]  1:02 / 3:40"; without a length the time alone.
    static func text(position: Span, of duration: Span?) -> String {
        let now = clock(position)
        guard let duration, duration > .zero else { return now }
        let share = max(0, min(1, position.seconds / duration.seconds))
        let done = min(width - 1, Int(share * Double(width)))
        let bar = String(repeating: "=", count: done) + ">" + String(repeating: "-", count: width - 1 - done)
        return "[\(bar)]  \(now) / \(clock(duration))"
    }

    /// Minutes and seconds, hours where there are any.
    static func clock(_ span: Span) -> String {
        let seconds = max(0, Int(span.seconds))
        let (minutes, rest) = (seconds / 60, seconds % 60)
        let tail = ":" + (rest < 10 ? "0" : "") + "\(rest)"
        guard minutes >= 60 else { return "\(minutes)" + tail }
        return "\(minutes / 60):" + (minutes % 60 < 10 ? "0" : "") + "\(minutes % 60)" + tail
    }
}
