// Reads back what the default template wrote, for files that no index knows.
import Model

/// `name_start` or `name_start_end`, each with or without a copy's number; without the suffix.
struct RecordedName: Equatable {
    var name: String
    /// As the clock showed them: the names do not say the distance from UTC.
    var start: CivilTime
    var end: CivilTime?

    init?(stem: some StringProtocol) {
        guard let last = Self.lastStamp(of: String(stem)) else { return nil }
        if let first = Self.lastStamp(of: last.rest) {
            (name, start, end) = (first.rest, first.time, last.time)
        } else {
            (name, start) = (last.rest, last.time)
        }
    }

    /// What stands before the last "_", and the time after it.
    private static func lastStamp(of text: String) -> (rest: String, time: CivilTime)? {
        guard let mark = text.lastIndex(of: "_"), mark > text.startIndex else { return nil }
        let tail = text[text.index(after: mark)...]
        let length = 19
        guard tail.utf8.count >= length, let time = CivilTime(stamp: tail.prefix(length)) else { return nil }
        let copy = tail.dropFirst(length)
        guard copy.isEmpty || (copy.first == "-" && copy.count > 1 && copy.dropFirst().allSatisfy(\.isWholeNumber))
        else { return nil }
        return (String(text[..<mark]), time)
    }
}
