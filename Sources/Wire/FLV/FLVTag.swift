// The unit that RTMP and HTTP-FLV have in common. It carries bytes; reading the body is others' work.
public import NIOCore

/// One FLV tag: an audio, video or script message with its time.
public struct FLVTag: Sendable, Equatable {
    /// The tag type of the FLV file, which is the message type of RTMP as well.
    public enum Kind: UInt8, Sendable { case audio = 8, video = 9, script = 18 }

    public var kind: Kind
    /// Milliseconds; wraps at 2^32.
    public var timestamp: UInt32
    /// What follows the tag header, in the form of the FLV specification.
    public var body: ByteBuffer

    public init(kind: Kind, timestamp: UInt32, body: ByteBuffer) {
        self.kind = kind
        self.timestamp = timestamp
        self.body = body
    }
}
