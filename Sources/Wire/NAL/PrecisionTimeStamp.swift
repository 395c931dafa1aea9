// The latency mark: a MISB ST 0604 precision time stamp in a user_data_unregistered SEI message.
// It makes, inserts, finds and reads marks; which time goes into one is decided by the publisher.
public import Model

/// A wall-clock time that travels inside one access unit.
public struct PrecisionTimeStamp: Sendable, Equatable {
    /// Unix time; whole microseconds when it was read from a microsecond stamp.
    public var time: WallTime
    /// ST 0604 time status: bit 7 set = clock not known to be locked to a reference.
    /// 0x1F and 0x9F are proper; 0x0F and 0x00 are seen in the wild.
    public var status: UInt8

    public static let locked: UInt8 = 0x1F
    public static let notLocked: UInt8 = 0x9F

    public init(time: WallTime, status: UInt8 = notLocked) {
        self.time = time
        self.status = status
    }

    /// H.264: "MISPmicrosectime".
    public static let uuidH264: [UInt8] = Array("MISPmicrosectime".utf8)
    /// HEVC, microseconds.
    public static let uuidHEVC: [UInt8] = [
        0xA8, 0x68, 0x7D, 0xD4, 0xD7, 0x59, 0x37, 0x58, 0xA5, 0xCE, 0xF0, 0x33, 0x8B, 0x65, 0x45, 0xF1,
    ]
    /// HEVC, nanoseconds; read only.
    public static let uuidHEVCNanoseconds: [UInt8] = [
        0xCF, 0x84, 0x82, 0x78, 0xEE, 0x23, 0x30, 0x6C, 0x92, 0x65, 0xE8, 0xFE, 0xF2, 0x2F, 0xB8, 0xB8,
    ]
    private static let payloadSize = 28
}

// MARK: - Payload

extension PrecisionTimeStamp {
    /// Reads a user_data_unregistered payload: 16 bytes of UUID, then data. Nil where it is something else.
    /// The UUIDs of both codecs are taken with either, as remultiplexers mix them up; bytes beyond the stamp
    /// are ignored.
    public init?(userData: [UInt8]) {
        guard userData.count >= Self.payloadSize else { return nil }
        let uuid = userData[..<16]
        let isNanoseconds = uuid.elementsEqual(Self.uuidHEVCNanoseconds)
        guard isNanoseconds || uuid.elementsEqual(Self.uuidH264) || uuid.elementsEqual(Self.uuidHEVC),
            userData[19] == 0xFF, userData[22] == 0xFF, userData[25] == 0xFF
        else { return nil }
        var value: UInt64 = 0
        for index in [17, 18, 20, 21, 23, 24, 26, 27] { value = value << 8 | UInt64(userData[index]) }
        // Beyond year 2262 it is noise, and would overflow nanoseconds.
        guard value <= UInt64(Int64.max) / (isNanoseconds ? 1 : 1000) else { return nil }
        self.init(
            time: WallTime(nanoseconds: Int64(value) * (isNanoseconds ? 1 : 1000)), status: userData[16])
    }

    /// UUID, status and time in microseconds: 28 bytes. Times before 1970 are written as 1970.
    public func userData(_ codec: Codec) -> [UInt8] {
        let value = UInt64(max(0, time.nanoseconds) / 1000)
        var out = codec == .hevc ? Self.uuidHEVC : Self.uuidH264
        out.reserveCapacity(Self.payloadSize)
        out.append(status)
        for pair in 0..<4 {
            if pair > 0 { out.append(0xFF) }
            out.append(UInt8(truncatingIfNeeded: value >> (56 - 16 * pair)))
            out.append(UInt8(truncatingIfNeeded: value >> (48 - 16 * pair)))
        }
        return out
    }

    /// A whole SEI unit without start code or length.
    public func unit(_ codec: Codec) -> [UInt8] {
        SEIMessage.unit([SEIMessage(type: SEIMessage.userDataUnregistered, payload: userData(codec))], codec)
    }
}

// MARK: - Access units

extension PrecisionTimeStamp {
    /// The first mark of an access unit, if there is one.
    public static func find(in access: NALUnits, _ codec: Codec) -> PrecisionTimeStamp? {
        for unit in access {
            switch NALKind(access.data[unit.lowerBound], codec) {
            // Prefix SEI stands before the first slice: no need to walk through the picture.
            case .slice: return nil
            case .sei:
                if let mark = find(inUnit: access.data[unit], codec) { return mark }
            default: break
            }
        }
        return nil
    }

    /// The access unit with this mark before its first slice, behind delimiter, parameter sets and other SEI.
    /// Nil where nothing is to be done: it is marked already, it holds no slice, or it is damaged before one.
    public func inserted(into access: NALUnits, _ codec: Codec) -> [UInt8]? {
        guard codec == .h264 || codec == .hevc else { return nil }
        var place: Int?
        for unit in access {
            switch NALKind(access.data[unit.lowerBound], codec) {
            case .sei:
                if Self.find(inUnit: access.data[unit], codec) != nil { return nil }
            case .prefix:
                if place == nil { place = unit.lowerBound }
            case .slice: return insert(access, before: place ?? unit.lowerBound, codec)
            default: break
            }
        }
        return nil
    }

    private func insert(_ access: NALUnits, before start: Int, _ codec: Codec) -> [UInt8]? {
        let data = access.data
        var place = start
        switch access.framing {
        case .lengthPrefixed(let size): place -= size
        case .annexB:
            place -= 3
            // The zero byte of a four-byte start code stays with its unit.
            if place > 0, data[place - 1] == 0 { place -= 1 }
        }
        var out: [UInt8] = []
        out.reserveCapacity(data.count + 48)
        out += data[..<place]
        let mark = unit(codec)
        do { try NALUnits.append(mark[...], access.framing, &out) } catch { return nil }
        out += data[place...]
        return out
    }

    private static func find(inUnit unit: ArraySlice<UInt8>, _ codec: Codec) -> PrecisionTimeStamp? {
        // Cheaper than taking every unit apart: most SEI of most streams is too short to be a mark.
        guard unit.count > payloadSize else { return nil }
        for message in SEIMessage.all(inUnit: unit, codec) where message.type == SEIMessage.userDataUnregistered {
            if let mark = PrecisionTimeStamp(userData: message.payload) { return mark }
        }
        return nil
    }
}
