// Dates and times of day as people read them: in file names, in lists and in RFC 3339. Knows the calendar; the
// distance from UTC is given, and only `LocalZone.system` asks the machine for it.
#if canImport(Glibc)
    import Glibc
#endif

/// How far local time is from UTC at any moment.
public struct LocalZone: Sendable {
    /// Seconds east of UTC at that moment; whole seconds, within a day.
    public let utcOffset: @Sendable (WallTime) -> Int
    public init(_ utcOffset: @escaping @Sendable (WallTime) -> Int) { self.utcOffset = utcOffset }

    /// What `TZ` or /etc/localtime say.
    public static let system = LocalZone { time in
        var seconds = time_t(CivilTime.wholeSeconds(time))
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return 0 }
        return Int(parts.tm_gmtoff)
    }
    public static let utc = LocalZone { _ in 0 }

    /// The moment as the calendar shows it here.
    public func civil(_ time: WallTime) -> CivilTime { CivilTime(time, utcOffset: utcOffset(time)) }

    /// The moment that local clocks show so. Of the two in the hour that is repeated it is the earlier one; in the
    /// hour that is left out, the moment as far behind the last one before it.
    public func moment(_ civil: CivilTime) -> WallTime {
        let asUTC = CivilTime(civil, utcOffset: 0).wall
        let dayBefore = utcOffset(asUTC - .seconds(86400))
        let earlier = asUTC - .seconds(Double(dayBefore))
        if utcOffset(earlier) == dayBefore { return earlier }
        let later = asUTC - .seconds(Double(utcOffset(asUTC + .seconds(86400))))
        return utcOffset(later) == dayBefore ? earlier : later
    }
}

/// A date and a time of day with their distance from UTC, in the Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
    public var year, month, day, hour, minute, second, millisecond: Int
    /// Seconds east of UTC.
    public var utcOffset: Int

    public init(_ time: WallTime, utcOffset: Int) {
        let milliseconds = time.wholeMilliseconds + Int64(utcOffset) * 1000
        var seconds = Int(milliseconds / 1000)
        var rest = Int(milliseconds % 1000)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + 1000) }
        var days = seconds / 86400
        var ofDay = seconds % 86400
        if ofDay < 0 { (days, ofDay) = (days - 1, ofDay + 86400) }
        (year, month, day) = Self.date(daysSinceEpoch: days)
        (hour, minute, second, millisecond) = (ofDay / 3600, ofDay / 60 % 60, ofDay % 60, rest)
        self.utcOffset = utcOffset
    }

    /// The same reading of the clock at another distance from UTC.
    public init(_ other: CivilTime, utcOffset: Int) {
        self = other
        self.utcOffset = utcOffset
    }

    /// The moment it names.
    public var wall: WallTime {
        let seconds = Self.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - utcOffset
        return WallTime(milliseconds: Int64(seconds) * 1000 + Int64(millisecond))
    }

    /// `YYYY-MM-DD-HH-MM-SS`, as in the names of recordings.
    public var stamp: String {
        [Self.digits(year, 4), Self.digits(month), Self.digits(day), Self.digits(hour), Self.digits(minute)]
            .joined(separator: "-") + "-" + Self.digits(second)
    }

    /// `YYYY-MM-DD HH:MM:SS`, for people.
    public var text: String {
        "\(Self.digits(year, 4))-\(Self.digits(month))-\(Self.digits(day)) "
            + "\(Self.digits(hour)):\(Self.digits(minute)):\(Self.digits(second))"
    }

    /// `2026-03-29T01:59:59.250+01:00`. RFC 3339 has whole minutes of distance: others are rounded to UTC's side.
    public var rfc3339: String {
        guard utcOffset % 60 == 0 else { return CivilTime(wall, utcOffset: utcOffset / 60 * 60).rfc3339 }
        let distance = utcOffset.magnitude
        let zone = (utcOffset < 0 ? "-" : "+") + Self.digits(Int(distance) / 3600)
        return text.replacing(" ", with: "T") + "." + Self.digits(millisecond, 3) + zone + ":"
            + Self.digits(Int(distance) / 60 % 60)
    }

    /// Reads `stamp`; the distance from UTC is not in it and becomes 0.
    public init?(stamp: some StringProtocol) {
        let parts = stamp.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].count == 4, parts.dropFirst().allSatisfy({ $0.count == 2 }) else {
            return nil
        }
        let numbers = parts.compactMap { Self.number($0) }
        guard numbers.count == 6 else { return nil }
        self.init(fields: numbers, millisecond: 0, utcOffset: 0)
    }

    /// Reads RFC 3339 with `Z` or a numeric distance; digits after the milliseconds are left out.
    public init?(rfc3339 text: some StringProtocol) {
        var rest = Array(text.utf8)[...]
        guard rest.count >= 20, rest.count <= 40 else { return nil }
        var numbers: [Int] = []
        for (width, end) in [(4, "-"), (2, "-"), (2, "T"), (2, ":"), (2, ":"), (2, "")] {
            guard let value = Self.number(rest.prefix(width)), rest.count > width else { return nil }
            numbers.append(value)
            rest = rest.dropFirst(width)
            if let mark = end.utf8.first {
                guard rest.first == mark || (mark == UInt8(ascii: "T") && rest.first == UInt8(ascii: "t")) else {
                    return nil
                }
                rest = rest.dropFirst()
            }
        }
        var milliseconds = 0
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { (48...57).contains($0) }
            guard !fraction.isEmpty else { return nil }
            let padded = Array(fraction.prefix(3)) + Array(repeating: 48, count: max(0, 3 - fraction.count))
            milliseconds = Self.number(padded[...]) ?? 0
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard let offset = Self.offset(rest) else { return nil }
        self.init(fields: numbers, millisecond: milliseconds, utcOffset: offset)
    }

    private init?(fields: [Int], millisecond: Int, utcOffset: Int) {
        (year, month, day) = (fields[0], fields[1], fields[2])
        (hour, minute, second) = (fields[3], fields[4], fields[5])
        (self.millisecond, self.utcOffset) = (millisecond, utcOffset)
        guard (1...12).contains(month), day >= 1, hour < 24, minute < 60, second <= 60,
            Self.date(daysSinceEpoch: Self.days(year, month, day)) == (year, month, day)
        else { return nil }
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        if text.elementsEqual([UInt8(ascii: "Z")]) || text.elementsEqual([UInt8(ascii: "z")]) { return 0 }
        guard text.count == 6, let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = number(text.dropFirst().prefix(2)), let minutes = number(text.suffix(2)),
            text.dropFirst(3).first == UInt8(ascii: ":"), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    static func wholeSeconds(_ time: WallTime) -> Int64 {
        let milliseconds = time.wholeMilliseconds
        return milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    private static func digits(_ value: Int, _ width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    // The calendar repeats each 400 years of 146 097 days; a year that begins in March has its leap day last.

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(daysSinceEpoch: Int) -> (Int, Int, Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let isNewYear = month >= 10
        return (
            year + era * 400 + (isNewYear ? 1 : 0), isNewYear ? month - 9 : month + 3,
            ofYear - (153 * month + 2) / 5 + 1
        )
    }
}
