// Writes FLV as bytes: the file header and framed tags. It keeps no state and decides no order.
public import NIOCore

/// The framing of an FLV file or HTTP-FLV answer.
public enum FLVStreamWriter {
    /// The file header with the first PreviousTagSize. Set the flags truthfully: players wait for a
    /// stream that is announced.
    public static func header(hasAudio: Bool, hasVideo: Bool) -> ByteBuffer {
        let flags: UInt8 = (hasAudio ? 4 : 0) | (hasVideo ? 1 : 0)
        return ByteBuffer(bytes: [0x46, 0x4C, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0])
    }

    /// Appends one tag and its PreviousTagSize. Fails on a body over 16 MiB − 1, which FLV cannot frame.
    public static func write(_ tag: FLVTag, into out: inout ByteBuffer) throws(WireError) {
        let length = tag.body.readableBytes
        guard length <= 0xFF_FFFF else { throw WireError("FLV tag of \(length) bytes is too large") }
        out.reserveCapacity(minimumWritableBytes: length + 15)
        out.writeInteger(UInt32(tag.kind.rawValue) << 24 | UInt32(length))
        out.writeInteger(tag.timestamp << 8 | tag.timestamp >> 24)
        out.writeRepeatingByte(0, count: 3)
        out.writeImmutableBuffer(tag.body)
        out.writeInteger(UInt32(length + 11))
    }

    /// One tag and its PreviousTagSize.
    public static func bytes(of tag: FLVTag) throws(WireError) -> ByteBuffer {
        var out = ByteBuffer()
        try write(tag, into: &out)
        return out
    }
}
