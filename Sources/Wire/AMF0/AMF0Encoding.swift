// Writes AMF0. Never fails: what was decoded can be encoded.
public import NIOCore

extension AMF0Value {
    /// Appends the value to `buffer`.
    public func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .number(let number):
            buffer.writeInteger(AMF0Marker.number)
            buffer.writeInteger(number.bitPattern)
        case .boolean(let flag):
            buffer.writeInteger(AMF0Marker.boolean)
            buffer.writeInteger(flag ? 1 : 0, as: UInt8.self)
        case .string(let text):
            if text.utf8.count <= Int(UInt16.max) {
                buffer.writeInteger(AMF0Marker.string)
                Self.writeShort(text, into: &buffer)
            } else {
                buffer.writeInteger(AMF0Marker.longString)
                Self.writeLong(text, into: &buffer)
            }
        case .object(let fields):
            buffer.writeInteger(AMF0Marker.object)
            Self.write(fields, into: &buffer)
        case .null: buffer.writeInteger(AMF0Marker.null)
        case .undefined: buffer.writeInteger(AMF0Marker.undefined)
        case .reference(let index):
            buffer.writeInteger(AMF0Marker.reference)
            buffer.writeInteger(index)
        case .ecmaArray(let fields):
            buffer.writeInteger(AMF0Marker.ecmaArray)
            buffer.writeInteger(UInt32(clamping: fields.count))
            Self.write(fields, into: &buffer)
        case .strictArray(let elements):
            buffer.writeInteger(AMF0Marker.strictArray)
            buffer.writeInteger(UInt32(clamping: elements.count))
            for element in elements { element.encode(into: &buffer) }
        case .date(let milliseconds, let timeZone):
            buffer.writeInteger(AMF0Marker.date)
            buffer.writeInteger(milliseconds.bitPattern)
            buffer.writeInteger(timeZone)
        case .unsupported: buffer.writeInteger(AMF0Marker.unsupported)
        case .xmlDocument(let text):
            buffer.writeInteger(AMF0Marker.xmlDocument)
            Self.writeLong(text, into: &buffer)
        case .typedObject(let className, let fields):
            buffer.writeInteger(AMF0Marker.typedObject)
            Self.writeShort(className, into: &buffer)
            Self.write(fields, into: &buffer)
        }
    }

    /// The values one after the other.
    public static func encode(_ values: [AMF0Value]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for value in values { value.encode(into: &buffer) }
        return buffer
    }

    private static func write(_ fields: [AMF0Field], into buffer: inout ByteBuffer) {
        for field in fields {
            writeShort(field.name, into: &buffer)
            field.value.encode(into: &buffer)
        }
        buffer.writeInteger(0, as: UInt16.self)
        buffer.writeInteger(AMF0Marker.objectEnd)
    }

    /// A name has no long form: what does not fit (repaired text grows) is cut at a character.
    private static func writeShort(_ text: String, into buffer: inout ByteBuffer) {
        let bytes = text.utf8
        var end = bytes.count
        if end > Int(UInt16.max) {
            var index = bytes.index(bytes.startIndex, offsetBy: Int(UInt16.max))
            while index > bytes.startIndex, bytes[index] & 0xC0 == 0x80 { index = bytes.index(before: index) }
            end = bytes.distance(from: bytes.startIndex, to: index)
        }
        buffer.writeInteger(UInt16(clamping: end))
        buffer.writeBytes(bytes.prefix(end))
    }

    private static func writeLong(_ text: String, into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(clamping: text.utf8.count))
        buffer.writeString(text)
    }
}
