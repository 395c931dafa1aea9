// How long the newest segment of a playlist has been there when the playlist is first seen, by the server's own
// clock: so much sooner comes the next one. Pure.
import Model
import Wire

enum SegmentAge {
    /// At least so long, by the headers of a playlist's answer: `Date` − `Last-Modified`, which says when a
    /// server that serves files (nginx) wrote the playlist last. Both are whole seconds, cut off: the truth may be
    /// a second less. Zero where nothing is said.
    static func atLeast(date: String?, lastModified: String?) -> Span {
        guard let date = date.flatMap(time), let written = lastModified.flatMap(time) else { return .zero }
        // A playlist that has not been written for longer than any segment lasts belongs to no live stream.
        return min(max(.zero, date - written - .seconds(1)), .seconds(10))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7; the two obsolete forms are not sent any more).
    static func time(_ text: String) -> WallTime? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])) else {
            return nil
        }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return WallTime(iso8601: "\(words[3])-\(two(month + 1))-\(words[1])T\(words[4])Z"[...])
    }
}
