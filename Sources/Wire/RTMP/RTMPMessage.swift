// The unit above the chunks: a whole RTMP message, and the numbers that name message types.
public import NIOCore

/// The type byte of a message (RTMP 1.0, section 5.4 and 7.1).
public struct RTMPMessageType: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let setChunkSize = RTMPMessageType(rawValue: 1)
    public static let abort = RTMPMessageType(rawValue: 2)
    public static let acknowledgement = RTMPMessageType(rawValue: 3)
    public static let userControl = RTMPMessageType(rawValue: 4)
    public static let windowAckSize = RTMPMessageType(rawValue: 5)
    public static let setPeerBandwidth = RTMPMessageType(rawValue: 6)
    public static let audio = RTMPMessageType(rawValue: 8)
    public static let video = RTMPMessageType(rawValue: 9)
    public static let dataAMF3 = RTMPMessageType(rawValue: 15)
    public static let commandAMF3 = RTMPMessageType(rawValue: 17)
    public static let data = RTMPMessageType(rawValue: 18)
    public static let command = RTMPMessageType(rawValue: 20)
    public static let aggregate = RTMPMessageType(rawValue: 22)
}

/// One whole message.
public struct RTMPMessage: Sendable, Equatable {
    /// The chunk stream it travels on: 2…65599.
    public var chunkStream: Int
    public var type: RTMPMessageType
    /// The message stream: 0 for the connection itself.
    public var stream: UInt32
    /// Milliseconds; wraps at 2^32.
    public var timestamp: UInt32
    public var payload: ByteBuffer

    public init(
        chunkStream: Int, type: RTMPMessageType, stream: UInt32 = 0, timestamp: UInt32 = 0, payload: ByteBuffer
    ) {
        self.chunkStream = chunkStream
        self.type = type
        self.stream = stream
        self.timestamp = timestamp
        self.payload = payload
    }
}

/// Numbers of the chunk protocol.
enum RTMPChunk {
    static let defaultSize = 128
    /// A message's length has 24 bits, so a larger chunk size says the same.
    static let greatestSize = 0xFF_FFFF
    static let extendedMark: UInt32 = 0xFF_FFFF
    static let chunkStreams = 2...65599
}
