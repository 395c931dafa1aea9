// Reads and writes ISO 8601 dates as EXT-X-PROGRAM-DATE-TIME has them, without a calendar library.
public import Model

extension Instant where Line == WallTimeline {
    /// "2026-11-20T20:14:42.123+08:00": seconds and fraction may be missing, the zone may be Z, ±hh:mm, ±hhmm
    /// or ±hh; without a zone UTC is meant. Years 1970…2261. Nil for anything else.
    public init?(iso8601 text: Substring) {
        var bytes = Array(text.utf8.prefix(65))[...]
        guard bytes.count <= 64, let year = Self.digits(&bytes, 4), Self.take(&bytes, "-"),
            let month = Self.digits(&bytes, 2), Self.take(&bytes, "-"), let day = Self.digits(&bytes, 2),
            Self.take(&bytes, "T") || Self.take(&bytes, "t") || Self.take(&bytes, " "),
            let hour = Self.digits(&bytes, 2), Self.take(&bytes, ":"), let minute = Self.digits(&bytes, 2),
            (1970...2261).contains(year), (1...12).contains(month), (1...Self.days(month, year)).contains(day),
            hour <= 24, minute < 60
        else { return nil }
        var second = 0
        var fraction = 0
        if Self.take(&bytes, ":") {
            guard let value = Self.digits(&bytes, 2), value <= 60 else { return nil }
            second = value
            if Self.take(&bytes, ".") || Self.take(&bytes, ",") {
                guard let value = Self.fraction(&bytes) else { return nil }
                fraction = value
            }
        }
        guard let zone = Self.zone(&bytes), bytes.isEmpty else { return nil }
        let seconds = Self.dayNumber(year, month, day) * 86400 + hour * 3600 + (minute - zone) * 60 + second
        self.init(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(fraction))
    }

    /// "2026-11-20T20:14:42.123Z": UTC, whole milliseconds, rounded down.
    public var iso8601: String {
        let (day, rest) = Self.floorDivided(
            nanoseconds / 1_000_000 - (nanoseconds % 1_000_000 < 0 ? 1 : 0), 86_400_000)
        // Civil date from the day number, the year beginning in March (the inverse of `dayNumber`).
        let shifted = day + 719_468
        let (era, dayOfEra) = Self.floorDivided(shifted, 146_097)
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let inMarchYear = year + era * 400
        let date = [
            Self.padded(inMarchYear + (month >= 10 ? 1 : 0), 4), Self.padded(month < 10 ? month + 3 : month - 9, 2),
            Self.padded(dayOfYear - (153 * month + 2) / 5 + 1, 2),
        ]
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { Self.padded($0, 2) }
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "." + Self.padded(rest % 1000, 3)
            + "Z"
    }

    private static func floorDivided(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func take(_ bytes: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard let first = bytes.first, UInt32(first) == character.value else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
        let head = bytes.prefix(count)
        guard head.count == count, head.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        bytes = bytes.dropFirst(count)
        return head.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    /// Nanoseconds; digits beyond the ninth are dropped.
    private static func fraction(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        let head = bytes.prefix { (0x30...0x39).contains($0) }
        guard !head.isEmpty else { return nil }
        bytes = bytes.dropFirst(head.count)
        let nine = Array(head.prefix(9)) + [UInt8](repeating: 0x30, count: max(0, 9 - head.count))
        return nine.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    /// Minutes east of Greenwich.
    private static func zone(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        if bytes.isEmpty || take(&bytes, "Z") || take(&bytes, "z") { return 0 }
        let sign: Int
        if take(&bytes, "+") { sign = 1 } else if take(&bytes, "-") { sign = -1 } else { return nil }
        guard let hours = digits(&bytes, 2), hours <= 23 else { return nil }
        _ = take(&bytes, ":")
        guard !bytes.isEmpty else { return sign * hours * 60 }
        guard let minutes = digits(&bytes, 2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01. The year is counted from March, so that the leap day is its last.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
