// Supplemental enhancement information: takes a SEI unit apart and puts one together.
// It knows the generic syntax and two payloads; what they mean to playback is decided elsewhere.
public import Model

/// One SEI message.
public struct SEIMessage: Sendable, Equatable {
    public static let userDataUnregistered = 5
    public static let recoveryPoint = 6

    /// payloadType.
    public var type: Int
    /// The payload without emulation prevention.
    public var payload: [UInt8]

    public init(type: Int, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }

    /// The messages of one SEI unit (header included, no start code). Damaged or truncated units give the
    /// messages before the damage.
    public static func all(inUnit unit: ArraySlice<UInt8>, _ codec: Codec) -> [SEIMessage] {
        let header = codec == .hevc ? 2 : 1
        guard unit.count > header else { return [] }
        var bytes = EmulationPrevention.removed(from: unit.dropFirst(header))
        while bytes.last == 0 { bytes.removeLast() }
        var messages: [SEIMessage] = []
        var position = 0
        // One byte is left at the end of a whole unit: the stop bit.
        while position < bytes.count, !(position == bytes.count - 1 && bytes[position] == 0x80) {
            guard let type = number(bytes, &position), let size = number(bytes, &position),
                size <= bytes.count - position
            else { break }
            messages.append(SEIMessage(type: type, payload: Array(bytes[position..<position + size])))
            position += size
        }
        return messages
    }

    /// The messages of all SEI units of an access unit, suffix SEI included.
    public static func all(in access: NALUnits, _ codec: Codec) -> [SEIMessage] {
        access.flatMap { unit -> [SEIMessage] in
            switch NALKind(access.data[unit.lowerBound], codec) {
            case .sei, .suffixSEI: all(inUnit: access.data[unit], codec)
            default: []
            }
        }
    }

    /// A whole SEI unit (prefix SEI for HEVC), without start code or length.
    public static func unit(_ messages: [SEIMessage], _ codec: Codec) -> [UInt8] {
        var body: [UInt8] = []
        for message in messages {
            append(number: message.type, &body)
            append(number: message.payload.count, &body)
            body += message.payload
        }
        body.append(0x80)
        // HEVC: type 39, layer 0, temporal id 0.
        return (codec == .hevc ? [0x4E, 0x01] : [0x06]) + EmulationPrevention.added(to: body)
    }

    /// recovery_frame_cnt (H.264) or recovery_poc_cnt (HEVC) of a recovery point message.
    func recoveryFrames(_ codec: Codec) -> Int? {
        var bits = BitReader(payload)
        let count = codec == .hevc ? try? bits.signedGolomb() : try? bits.unsignedGolomb()
        return count.map { max(0, min(1 << 16, $0)) }
    }

    /// Type and size are coded as a run of FF and a last byte.
    private static func number(_ bytes: [UInt8], _ position: inout Int) -> Int? {
        var value = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            value += Int(byte)
            if byte != 0xFF { return value }
        }
        return nil
    }

    private static func append(number: Int, _ out: inout [UInt8]) {
        out += [UInt8](repeating: 0xFF, count: number / 255)
        out.append(UInt8(number % 255))
    }
}
