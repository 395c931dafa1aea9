// Reads AMF0 from bytes that anybody may have written: depth, number and size of values are bounded, and
// nothing is allocated because a count says so.
public import NIOCore

extension AMF0Value {
    /// Containers within containers; deeper data is refused (other implementations stop at 16 as well).
    public static let depthLimit = 16
    /// Values in one call of `decode` or `decodeAll`. Key frame indexes of long files stay below this.
    public static let countLimit = 100_000

    /// Reads one value and moves the reader index past it.
    /// - Throws: `WireError` when the data is truncated, malformed, too deep or too large; the reader index is
    ///   then anywhere.
    public static func decode(from buffer: inout ByteBuffer) throws(WireError) -> AMF0Value {
        var budget = countLimit
        return try decode(&buffer, depth: 0, budget: &budget)
    }

    /// Reads values until the buffer is empty.
    /// - Parameter stopAtAMF3: End quietly at a value that switches to AMF3 instead of throwing.
    public static func decodeAll(
        from buffer: inout ByteBuffer, stopAtAMF3: Bool = false
    ) throws(WireError) -> [AMF0Value] {
        var budget = countLimit
        var values: [AMF0Value] = []
        while let marker = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) {
            if stopAtAMF3, marker == AMF0Marker.avmplus { break }
            values.append(try decode(&buffer, depth: 0, budget: &budget))
        }
        return values
    }

    private static func decode(
        _ buffer: inout ByteBuffer, depth: Int, budget: inout Int
    ) throws(WireError) -> AMF0Value {
        budget -= 1
        guard budget >= 0 else { throw WireError("more than \(countLimit) AMF0 values") }
        let marker: UInt8 = try integer(&buffer)
        switch marker {
        case AMF0Marker.number: return .number(Double(bitPattern: try integer(&buffer)))
        case AMF0Marker.boolean:
            let byte: UInt8 = try integer(&buffer)
            return .boolean(byte != 0)
        case AMF0Marker.string: return .string(try shortString(&buffer))
        case AMF0Marker.object:
            return .object(try fields(&buffer, depth: depth, budget: &budget, mayLackEnd: false))
        case AMF0Marker.null: return .null
        case AMF0Marker.undefined: return .undefined
        case AMF0Marker.reference: return .reference(try integer(&buffer))
        case AMF0Marker.ecmaArray:
            let _: UInt32 = try integer(&buffer)
            // Some FLV writers leave the end mark off the last array of a tag.
            return .ecmaArray(try fields(&buffer, depth: depth, budget: &budget, mayLackEnd: true))
        case AMF0Marker.strictArray:
            return .strictArray(try elements(&buffer, depth: depth, budget: &budget))
        case AMF0Marker.date:
            let time = Double(bitPattern: try integer(&buffer))
            return .date(milliseconds: time, timeZone: try integer(&buffer))
        case AMF0Marker.longString: return .string(try longString(&buffer))
        case AMF0Marker.unsupported: return .unsupported
        case AMF0Marker.xmlDocument: return .xmlDocument(try longString(&buffer))
        case AMF0Marker.typedObject:
            let name = try shortString(&buffer)
            let fields = try fields(&buffer, depth: depth, budget: &budget, mayLackEnd: false)
            return .typedObject(className: name, fields)
        default: throw WireError("AMF0 type \(marker) cannot be read")
        }
    }

    private static func fields(
        _ buffer: inout ByteBuffer, depth: Int, budget: inout Int, mayLackEnd: Bool
    ) throws(WireError) -> [AMF0Field] {
        guard depth < depthLimit else { throw WireError("AMF0 values nested deeper than \(depthLimit)") }
        var fields: [AMF0Field] = []
        while true {
            if mayLackEnd, buffer.readableBytes == 0 { return fields }
            let name = try shortString(&buffer)
            if name.isEmpty, buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == AMF0Marker.objectEnd {
                buffer.moveReaderIndex(forwardBy: 1)
                return fields
            }
            fields.append(AMF0Field(name, try decode(&buffer, depth: depth + 1, budget: &budget)))
        }
    }

    private static func elements(
        _ buffer: inout ByteBuffer, depth: Int, budget: inout Int
    ) throws(WireError) -> [AMF0Value] {
        guard depth < depthLimit else { throw WireError("AMF0 values nested deeper than \(depthLimit)") }
        let count: UInt32 = try integer(&buffer)
        guard Int(count) <= buffer.readableBytes else { throw WireError("AMF0 array longer than its message") }
        var elements: [AMF0Value] = []
        for _ in 0..<count { elements.append(try decode(&buffer, depth: depth + 1, budget: &budget)) }
        return elements
    }

    private static func shortString(_ buffer: inout ByteBuffer) throws(WireError) -> String {
        let length: UInt16 = try integer(&buffer)
        return try text(&buffer, Int(length))
    }

    private static func longString(_ buffer: inout ByteBuffer) throws(WireError) -> String {
        let length: UInt32 = try integer(&buffer)
        return try text(&buffer, Int(length))
    }

    /// Bytes that are not UTF-8 are replaced, not refused: old encoders write local character sets.
    private static func text(_ buffer: inout ByteBuffer, _ length: Int) throws(WireError) -> String {
        guard let text = buffer.readString(length: length) else { throw WireError("AMF0 string cut short") }
        return text
    }

    private static func integer<T: FixedWidthInteger>(_ buffer: inout ByteBuffer) throws(WireError) -> T {
        guard let value = buffer.readInteger(as: T.self) else { throw WireError("AMF0 value cut short") }
        return value
    }
}
