// Bytes to messages. Obeys SetChunkSize and Abort by itself, because both take effect on the very next
// chunk. Memory grows with the bytes that came, never with a length that a header merely announces.
public import NIOCore

/// Reassembles messages from chunks that arrive in pieces of any size.
public struct RTMPChunkReader: Sendable {
    /// What a peer may make us keep.
    public struct Limits: Sendable, Equatable {
        /// Bytes of one message.
        public var message = 16 << 20
        /// Bytes of all unfinished messages together.
        public var unfinished = 32 << 20
        /// Chunk streams in use.
        public var chunkStreams = 256
        public init() {}
    }

    /// State of one chunk stream. `field` is the last timestamp or delta as written.
    private struct Stream: Sendable {
        var timestamp: UInt32 = 0
        var field: UInt32 = 0
        var isExtended = false
        var lastWasAbsolute = false
        var length = 0
        var type: UInt8 = 0
        var stream: UInt32 = 0
        /// nil between messages.
        var partial: ByteBuffer?
    }

    /// A chunk's basic and message header. `size` counts their bytes.
    private struct Header {
        var format: UInt8
        var chunkStream: Int
        var size: Int
        var field: UInt32?
        var length: Int?
        var type: UInt8?
        var stream: UInt32?
    }

    /// Bytes that a chunk of the other side carries at most.
    public private(set) var chunkSize = RTMPChunk.defaultSize
    /// May change between messages; a message that has begun is judged by what held then.
    var limits: Limits
    private var input = ByteBuffer()
    private var streams: [Int: Stream] = [:]
    private var unfinished = 0
    /// The chunk whose payload is being read, and how much of it is still to come.
    private var current: (chunkStream: Int, remaining: Int)?

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Memory held for input and unfinished messages, for tests of growth.
    var storedBytes: Int { streams.values.reduce(input.capacity) { $0 + ($1.partial?.capacity ?? 0) } }

    /// Adds what came from the network; read it with `next`.
    public mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 { input.clear() }
        var bytes = bytes
        input.writeBuffer(&bytes)
    }

    /// The next whole message, or nil when more bytes are needed. SetChunkSize and Abort are returned too, after
    /// they have been obeyed.
    /// - Throws: `WireError` on a violation; the connection cannot be read further.
    public mutating func next() throws(WireError) -> RTMPMessage? {
        while true {
            if let chunk = current {
                guard let message = try readPayload(chunk.chunkStream, chunk.remaining) else {
                    if current?.remaining == 0 {
                        current = nil
                        continue
                    }
                    input.discardReadBytes()
                    return nil
                }
                try obey(message)
                return message
            }
            guard try readHeader() else {
                input.discardReadBytes()
                return nil
            }
        }
    }

    /// Moves payload; returns the message if that completes it.
    private mutating func readPayload(_ id: Int, _ remaining: Int) throws(WireError) -> RTMPMessage? {
        guard var state = streams[id], var partial = state.partial else {
            throw WireError("chunk without a header")
        }
        // The copies in the dictionary must go, or every write would copy the message.
        streams[id]?.partial = nil
        state.partial = nil
        let count = min(remaining, input.readableBytes)
        if count > 0, var bytes = input.readSlice(length: count) {
            partial.writeBuffer(&bytes)
            unfinished += count
        }
        guard unfinished <= limits.unfinished else { throw WireError("too much data in unfinished messages") }
        current = (id, remaining - count)
        guard partial.readableBytes == state.length else {
            streams[id]?.partial = partial
            return nil
        }
        current = nil
        unfinished -= state.length
        return RTMPMessage(
            chunkStream: id, type: RTMPMessageType(rawValue: state.type), stream: state.stream,
            timestamp: state.timestamp, payload: partial)
    }

    /// Reads one chunk header. Returns false, having consumed nothing, when it is not yet whole.
    private mutating func readHeader() throws(WireError) -> Bool {
        guard let header = try parseHeader() else { return false }
        let known = streams[header.chunkStream]
        guard known != nil || streams.count < limits.chunkStreams else {
            throw WireError("more than \(limits.chunkStreams) chunk streams")
        }
        guard known != nil || header.format < 2 else {
            throw WireError("chunk stream \(header.chunkStream) begins without a full header")
        }
        var state = known ?? Stream()
        var size = header.size
        if state.partial != nil {
            if let length = header.length, length != state.length {
                throw WireError("a message of \(state.length) bytes goes on as one of \(length)")
            }
            if header.field == RTMPChunk.extendedMark {
                guard input.readableBytes >= size + 4 else { return false }
                size += 4
            } else if header.format == 3, state.isExtended {
                guard let extra = extendedOnContinuation(at: header.size, state) else { return false }
                size += extra
            }
        } else {
            guard let extended = begin(header, &state, &size) else { return false }
            state.isExtended = extended
            guard state.length <= limits.message else {
                throw WireError("message of \(state.length) bytes is over the limit of \(limits.message)")
            }
            state.partial = ByteBuffer()
        }
        input.moveReaderIndex(forwardBy: size)
        let missing = state.length - (state.partial?.readableBytes ?? 0)
        streams[header.chunkStream] = state
        current = (header.chunkStream, min(chunkSize, missing))
        return true
    }

    /// Starts a message. Returns whether the timestamp was extended; nil: more bytes needed.
    private func begin(_ header: Header, _ state: inout Stream, _ size: inout Int) -> Bool? {
        var field = header.field ?? state.field
        let extended = header.format == 3 ? state.isExtended : header.field == RTMPChunk.extendedMark
        var isAbsolute = header.format == 0
        if extended {
            guard
                let value = input.getInteger(at: input.readerIndex + header.size, as: UInt32.self)
            else { return nil }
            // Some writers put the new absolute time where the specification repeats the old field.
            if header.format == 3, state.lastWasAbsolute, value != field { isAbsolute = true }
            field = value
            size += 4
        }
        // A type 3 that starts a message takes the last field as its delta, even when that field was an
        // absolute time (RTMP 1.0, section 5.3.1.2.4).
        state.timestamp = isAbsolute ? field : state.timestamp &+ field
        if header.format < 3 { state.lastWasAbsolute = header.format == 0 }
        state.field = field
        if let length = header.length { state.length = length }
        if let type = header.type { state.type = type }
        if let stream = header.stream { state.stream = stream }
        return extended
    }

    /// How many bytes of extended timestamp a continuation has: 4 as specified, or 0 from writers that omit it,
    /// known by the bytes not being the time they would have to be. nil: cannot tell yet.
    private func extendedOnContinuation(at offset: Int, _ state: Stream) -> Int? {
        let candidates = [state.field, state.timestamp, state.timestamp & 0x7FFF_FFFF]
        let available = min(4, input.readableBytes - offset)
        var seen: UInt32 = 0
        for index in 0..<max(0, available) {
            let byte: UInt8 = input.getInteger(at: input.readerIndex + offset + index) ?? 0
            seen = seen << 8 | UInt32(byte)
        }
        let unread = UInt32(32 - max(0, available) * 8)
        let fits = unread == 32 || candidates.contains { $0 >> unread == seen }
        if !fits { return 0 }
        return available == 4 ? 4 : nil
    }

    /// Parses basic and message header, without the extended timestamp.
    private func parseHeader() throws(WireError) -> Header? {
        var view = input
        let start = view.readerIndex
        guard let first: UInt8 = view.readInteger() else { return nil }
        var chunkStream = Int(first & 0x3F)
        if chunkStream == 0 {
            guard let byte: UInt8 = view.readInteger() else { return nil }
            chunkStream = 64 + Int(byte)
        } else if chunkStream == 1 {
            guard let number = view.readInteger(endianness: .little, as: UInt16.self) else { return nil }
            chunkStream = 64 + Int(number)
        }
        var header = Header(format: first >> 6, chunkStream: chunkStream, size: 0)
        if header.format < 3 {
            guard let field = view.readUInt24() else { return nil }
            header.field = field
        }
        if header.format < 2 {
            guard let length = view.readUInt24(), let type: UInt8 = view.readInteger() else { return nil }
            header.length = Int(length)
            header.type = type
        }
        if header.format == 0 {
            guard let stream = view.readInteger(endianness: .little, as: UInt32.self) else { return nil }
            header.stream = stream
        }
        header.size = view.readerIndex - start
        return header
    }

    private mutating func obey(_ message: RTMPMessage) throws(WireError) {
        switch message.type {
        case .setChunkSize:
            guard let size = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self) else {
                throw WireError("SetChunkSize cut short")
            }
            guard size > 0, size < 0x8000_0000 else { throw WireError("chunk size \(size)") }
            chunkSize = min(Int(size), RTMPChunk.greatestSize)
        case .abort:
            guard let id = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self) else {
                throw WireError("Abort cut short")
            }
            unfinished -= streams[Int(id)]?.partial?.readableBytes ?? 0
            streams[Int(id)]?.partial = nil
        default: break
        }
    }
}

extension ByteBuffer {
    /// Three bytes, most significant first; nil and nothing consumed when there are fewer.
    mutating func readUInt24() -> UInt32? {
        guard let high = getInteger(at: readerIndex, as: UInt16.self),
            let low = getInteger(at: readerIndex + 2, as: UInt8.self)
        else { return nil }
        moveReaderIndex(forwardBy: 3)
        return UInt32(high) << 8 | UInt32(low)
    }

    mutating func writeUInt24(_ value: UInt32) {
        writeInteger(UInt16(truncatingIfNeeded: value >> 8))
        writeInteger(UInt8(truncatingIfNeeded: value))
    }
}
