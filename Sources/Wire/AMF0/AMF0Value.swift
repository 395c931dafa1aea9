// Action Message Format 0: the values that RTMP commands and FLV script tags are written in.
// Objects keep the order of their fields, as some peers read them by place.

/// A named value inside an object.
public struct AMF0Field: Sendable, Equatable {
    public var name: String
    public var value: AMF0Value
    public init(_ name: String, _ value: AMF0Value) {
        self.name = name
        self.value = value
    }
}

/// Any AMF0 value.
public indirect enum AMF0Value: Sendable, Equatable {
    case number(Double)
    case boolean(Bool)
    /// Written as a long string when it has more than 65535 bytes.
    case string(String)
    case object([AMF0Field])
    case null
    case undefined
    /// Index of an earlier object; carried, never followed.
    case reference(UInt16)
    /// An object whose count is announced; the announced count is only a hint and is not kept.
    case ecmaArray([AMF0Field])
    case strictArray([AMF0Value])
    /// Milliseconds since 1970 and a time zone that the format says to leave 0.
    case date(milliseconds: Double, timeZone: Int16)
    case unsupported
    case xmlDocument(String)
    case typedObject(className: String, [AMF0Field])

    public var stringValue: String? {
        switch self {
        case .string(let text), .xmlDocument(let text): text
        default: nil
        }
    }

    public var numberValue: Double? {
        if case .number(let number) = self { number } else { nil }
    }

    public var booleanValue: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    /// The fields of anything that has named fields.
    public var fields: [AMF0Field]? {
        switch self {
        case .object(let fields), .ecmaArray(let fields), .typedObject(_, let fields): fields
        default: nil
        }
    }

    /// The first field of that name.
    public subscript(name: String) -> AMF0Value? { fields?.first { $0.name == name }?.value }
}

enum AMF0Marker {
    static let number: UInt8 = 0
    static let boolean: UInt8 = 1
    static let string: UInt8 = 2
    static let object: UInt8 = 3
    static let null: UInt8 = 5
    static let undefined: UInt8 = 6
    static let reference: UInt8 = 7
    static let ecmaArray: UInt8 = 8
    static let objectEnd: UInt8 = 9
    static let strictArray: UInt8 = 10
    static let date: UInt8 = 11
    static let longString: UInt8 = 12
    static let unsupported: UInt8 = 13
    static let xmlDocument: UInt8 = 15
    static let typedObject: UInt8 = 16
    /// What follows is AMF3, which nobody here reads.
    static let avmplus: UInt8 = 17
}
