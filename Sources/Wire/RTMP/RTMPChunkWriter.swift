// Messages to bytes. Never starts a message with a type 3 header, because readers disagree about its time.
public import NIOCore

/// Cuts messages into chunks with the shortest header that every reader understands alike.
public struct RTMPChunkWriter: Sendable {
    private struct Last: Sendable {
        var timestamp: UInt32
        var length: Int
        var type: RTMPMessageType
        var stream: UInt32
    }

    /// Bytes that a chunk carries at most. Announce a change with SetChunkSize before setting it.
    public var chunkSize = RTMPChunk.defaultSize {
        didSet { chunkSize = min(max(1, chunkSize), RTMPChunk.greatestSize) }
    }
    /// Every message with a full header and no memory of the one before, for a server: its messages are made in
    /// several places, once for many connections, and go out in an order that none of these places knows.
    let isStateless: Bool
    private var last: [Int: Last] = [:]

    public init() { isStateless = false }

    init(statelessWithChunkSize size: Int) {
        isStateless = true
        chunkSize = min(max(1, size), RTMPChunk.greatestSize)
    }

    /// Appends the chunks of one message to `output`.
    /// - Throws: `WireError` when the message has more than 16 777 215 bytes or a chunk stream outside 2…65599.
    public mutating func write(_ message: RTMPMessage, into output: inout ByteBuffer) throws(WireError) {
        let length = message.payload.readableBytes
        guard length <= RTMPChunk.greatestSize else { throw WireError("message of \(length) bytes cannot be sent") }
        guard RTMPChunk.chunkStreams.contains(message.chunkStream) else {
            throw WireError("chunk stream \(message.chunkStream) does not exist")
        }
        output.reserveCapacity(minimumWritableBytes: length + 18 + length / chunkSize * 7)
        let extended = writeHeader(message, length, into: &output)
        var payload = message.payload
        while true {
            if var part = payload.readSlice(length: min(chunkSize, payload.readableBytes)) {
                output.writeBuffer(&part)
            }
            guard payload.readableBytes > 0 else { break }
            writeBasic(format: 3, message.chunkStream, into: &output)
            if let extended { output.writeInteger(extended) }
        }
        guard !isStateless else { return }
        last[message.chunkStream] = Last(
            timestamp: message.timestamp, length: length, type: message.type, stream: message.stream)
    }

    /// Returns the extended timestamp, which continuations repeat.
    private func writeHeader(_ message: RTMPMessage, _ length: Int, into output: inout ByteBuffer) -> UInt32? {
        let previous = last[message.chunkStream]
        let delta = message.timestamp &- (previous?.timestamp ?? 0)
        // Serial arithmetic: half of the circle is the past, which only an absolute time can express. A delta
        // that would need the extended field goes as an absolute time as well.
        let format: UInt8 =
            if let previous, previous.stream == message.stream, delta < RTMPChunk.extendedMark {
                previous.length == length && previous.type == message.type ? 2 : 1
            } else { 0 }
        let field = format == 0 ? message.timestamp : delta
        let isExtended = field >= RTMPChunk.extendedMark
        writeBasic(format: format, message.chunkStream, into: &output)
        output.writeUInt24(isExtended ? RTMPChunk.extendedMark : field)
        if format < 2 {
            output.writeUInt24(UInt32(length))
            output.writeInteger(message.type.rawValue)
        }
        if format == 0 { output.writeInteger(message.stream, endianness: .little) }
        if isExtended { output.writeInteger(field) }
        return isExtended ? field : nil
    }

    private func writeBasic(format: UInt8, _ chunkStream: Int, into output: inout ByteBuffer) {
        let top = format << 6
        if chunkStream < 64 {
            output.writeInteger(top | UInt8(chunkStream))
        } else if chunkStream < 320 {
            output.writeInteger(top)
            output.writeInteger(UInt8(chunkStream - 64))
        } else {
            output.writeInteger(top | 1)
            output.writeInteger(UInt16(chunkStream - 64), endianness: .little)
        }
    }
}
