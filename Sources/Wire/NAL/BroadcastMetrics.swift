// The times that OBS Studio (31 and later) writes into key frames: "broadcast performance metrics", an SEI
// user_data_unregistered message with one time for each stage of its pipeline. Read only.
public import Model

/// OBS's frame timing message. Of its three kinds only this one carries times.
public struct BroadcastMetrics: Sendable, Equatable {
    /// What happened at a time; the numbers are OBS's event tags.
    public enum Stage: UInt8, Sendable, CaseIterable {
        /// The picture was composed: the nearest thing to its capture.
        case composition = 1
        case encodeRequest = 2
        case encodeComplete = 3
        /// The coded picture was put in order with the sound.
        case interleave = 4
    }

    /// In the order of the message.
    public var times: [(stage: Stage, time: WallTime)]

    static let uuid: [UInt8] = [
        0x0A, 0xEC, 0xFF, 0xE7, 0x52, 0x72, 0x4E, 0x2F, 0xA6, 0x2F, 0xD1, 0x9C, 0xD6, 0x1A, 0x93, 0xB5,
    ]

    /// The earliest stage that is told; milliseconds are all that OBS writes.
    public var capture: WallTime? { times.min { $0.stage.rawValue < $1.stage.rawValue }?.time }

    public static func == (a: BroadcastMetrics, b: BroadcastMetrics) -> Bool {
        a.times.count == b.times.count && zip(a.times, b.times).allSatisfy { $0 == $1 }
    }

    /// Reads a user_data_unregistered payload: 16 bytes of UUID, then a count and as many times. Nil where it is
    /// something else or holds no time; what comes after damage is left out.
    public init?(userData: [UInt8]) {
        guard userData.count > 17, userData[..<16].elementsEqual(Self.uuid) else { return nil }
        times = []
        var rest = userData[17...]
        // The count is stored less one; the upper bits are reserved.
        for _ in 0...Int(userData[16] & 0x0F) {
            guard let type = rest.popFirst(), let tag = rest.popFirst(), let value = Self.value(type, &rest)
            else { break }
            if let stage = Stage(rawValue: tag), let time = value { times.append((stage, time)) }
        }
        if times.isEmpty { return nil }
    }

    /// - Returns: nil at damage; a nil time for forms that say no wall clock.
    private static func value(_ type: UInt8, _ rest: inout ArraySlice<UInt8>) -> WallTime?? {
        switch type {
        case 1:
            guard let end = rest.firstIndex(of: 0), end - rest.startIndex <= 40 else { return nil }
            let text = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            return .some(WallTime(iso8601: text[...]))
        case 2:
            guard let milliseconds = number(&rest) else { return nil }
            // Beyond year 2262 it is noise, and would overflow nanoseconds.
            guard milliseconds <= UInt64(Int64.max) / 1_000_000 else { return .some(nil) }
            return WallTime(nanoseconds: Int64(milliseconds) * 1_000_000)
        case 3:
            // A distance from another of the times.
            return number(&rest) == nil ? nil : .some(nil)
        default: return nil
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.count >= 8 else { return nil }
        defer { rest = rest.dropFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension BroadcastMetrics {
    /// The first timing message of an access unit, if there is one.
    public static func find(in access: NALUnits, _ codec: Codec) -> BroadcastMetrics? {
        for unit in access {
            switch NALKind(access.data[unit.lowerBound], codec) {
            case .slice: return nil
            case .sei:
                // Shorter than a UUID, a count and one time.
                guard unit.count > 26 else { continue }
                for message in SEIMessage.all(inUnit: access.data[unit], codec)
                where message.type == SEIMessage.userDataUnregistered {
                    if let metrics = BroadcastMetrics(userData: message.payload) { return metrics }
                }
            default: break
            }
        }
        return nil
    }
}
