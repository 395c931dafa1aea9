// Cuts a byte stream (HTTP-FLV, a file, a pipe) into FLV tags, whatever pieces it comes in.
// It never searches for a lost boundary: a damaged stream is an error, told where it is met.
public import NIOCore

/// What the reader found.
public enum FLVStreamItem: Sendable, Equatable {
    /// The file header; it comes again where a server has joined two streams, and timestamps then restart.
    /// The flags are only a claim: servers set both without knowing.
    case header(hasAudio: Bool, hasVideo: Bool)
    case tag(FLVTag)
}

/// A pull parser: `append` what arrived, then call `next` until it returns nil.
public struct FLVStreamReader: Sendable {
    private enum State { case header, previousTagSize, tag }

    private static let headerSize = 9
    private static let tagHeaderSize = 11
    /// "FLV" and version 1. Read as a PreviousTagSize this would be over 1 GiB, as a tag its reserved
    /// bit would be set: it is a header wherever a tag may begin.
    private static let signature: UInt32 = 0x464C_5601

    private let limit: Int
    private var state = State.header
    private var toSkip = 0
    private var failure: WireError?
    private var hasLentSlices = false
    private var buffer = ByteBuffer()

    /// `limit`: the largest body, in bytes, that is accepted.
    public init(limit: Int = 16 << 20) { self.limit = limit }

    /// Bytes that wait for the rest of their tag.
    public var bufferedBytes: Int { buffer.readableBytes }

    /// Takes the next piece of the stream, of any size.
    public mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        if buffer.readableBytes == 0 {
            buffer = bytes
            // The storage is the caller's as well: never write into it.
            hasLentSlices = true
        } else if hasLentSlices {
            // Writing behind slices that were given away would copy the whole storage, not just the rest.
            var fresh = ByteBufferAllocator().buffer(capacity: buffer.readableBytes + bytes.readableBytes)
            fresh.writeImmutableBuffer(buffer)
            fresh.writeImmutableBuffer(bytes)
            buffer = fresh
            hasLentSlices = false
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next item, or nil until more bytes come. A tag is returned as soon as its body is complete.
    /// Once it has failed it fails the same way for ever.
    public mutating func next() throws(WireError) -> FLVStreamItem? {
        if let failure { throw failure }
        do {
            return try step()
        } catch {
            failure = error
            buffer = ByteBuffer()
            throw error
        }
    }

    private mutating func step() throws(WireError) -> FLVStreamItem? {
        while true {
            if toSkip > 0 {
                let count = min(toSkip, buffer.readableBytes)
                buffer.moveReaderIndex(forwardBy: count)
                toSkip -= count
                if toSkip > 0 { return nil }
            }
            switch state {
            case .header: return try readHeader()
            case .previousTagSize:
                guard let size: UInt32 = buffer.getInteger(at: buffer.readerIndex) else { return nil }
                if size == Self.signature {
                    state = .header
                } else {
                    // Its value is not used: writers get it wrong and nothing depends on it.
                    buffer.moveReaderIndex(forwardBy: 4)
                    state = .tag
                }
            case .tag:
                if let head: UInt32 = buffer.getInteger(at: buffer.readerIndex), head == Self.signature {
                    state = .header
                } else {
                    return try readTag()
                }
            }
        }
    }

    private mutating func readHeader() throws(WireError) -> FLVStreamItem? {
        // Judge the first bytes at once: an HTML page must not wait for nine of them.
        for (index, expected) in [UInt8(0x46), 0x4C, 0x56].enumerated() {
            guard let byte: UInt8 = buffer.getInteger(at: buffer.readerIndex + index) else { return nil }
            guard byte == expected else { throw WireError("this is not an FLV stream: no FLV header") }
        }
        let start = buffer.readerIndex
        guard buffer.readableBytes >= Self.headerSize, let version: UInt8 = buffer.getInteger(at: start + 3),
            let flags: UInt8 = buffer.getInteger(at: start + 4),
            let offset: UInt32 = buffer.getInteger(at: start + 5)
        else { return nil }
        guard version == 1 else { throw WireError("FLV version \(version) is not supported") }
        guard offset >= Self.headerSize, offset <= 1 << 16 else {
            throw WireError("FLV header claims a length of \(offset) bytes")
        }
        buffer.moveReaderIndex(forwardBy: Self.headerSize)
        toSkip = Int(offset) - Self.headerSize
        state = .previousTagSize
        return .header(hasAudio: flags & 4 != 0, hasVideo: flags & 1 != 0)
    }

    private mutating func readTag() throws(WireError) -> FLVStreamItem? {
        let start = buffer.readerIndex
        guard let type: UInt8 = buffer.getInteger(at: start) else { return nil }
        // "F" may be the beginning of another header whose rest is still on its way.
        if type == UInt8(ascii: "F"), buffer.readableBytes < 4 { return nil }
        guard type & 0x20 == 0 else { throw WireError("encrypted FLV tags are not supported") }
        guard let kind = FLVTag.Kind(rawValue: type) else {
            throw WireError("damaged FLV stream: tag type \(type)")
        }
        guard buffer.readableBytes >= Self.tagHeaderSize,
            let size: UInt32 = buffer.getInteger(at: start), let time: UInt32 = buffer.getInteger(at: start + 4)
        else { return nil }
        let length = Int(size & 0xFF_FFFF)
        guard length <= limit else {
            throw WireError("FLV tag of \(length) bytes exceeds the limit of \(limit)")
        }
        guard let body = buffer.getSlice(at: start + Self.tagHeaderSize, length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: Self.tagHeaderSize + length)
        hasLentSlices = true
        state = .previousTagSize
        // 24 low bits, then the extension byte that holds the upper 8.
        return .tag(FLVTag(kind: kind, timestamp: time >> 8 | (time & 0xFF) << 24, body: body))
    }
}
