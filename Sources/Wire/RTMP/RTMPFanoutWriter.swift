// The media half of a server's sessions: one tag to bytes that are the same for every viewer, so that they are
// made once. That is why `createStream` always answers 1 and every message has a full header.
public import NIOCore

/// Tags as RTMP messages for any number of viewers. Pure; keeps no state.
public struct RTMPFanoutWriter: Sendable {
    /// The message stream of every viewer and publisher.
    public static let stream: UInt32 = 1
    private let chunks: RTMPChunkWriter

    /// - Parameter chunkSize: What the sessions of all these viewers announced.
    public init(chunkSize: Int = RTMPServerSettings.usualChunkSize) {
        chunks = RTMPChunkWriter(statelessWithChunkSize: chunkSize)
    }

    /// Appends one tag: chunk stream 4 for sound, 6 for pictures, 5 for the rest. A tag of 16 MiB or more, which
    /// RTMP cannot frame, is left out.
    public func write(_ tag: FLVTag, into bytes: inout ByteBuffer) {
        let chunkStream =
            switch tag.kind {
            case .audio: 4
            case .video: 6
            case .script: 5
            }
        let message = RTMPMessage(
            chunkStream: chunkStream, type: RTMPMessageType(rawValue: tag.kind.rawValue), stream: Self.stream,
            timestamp: tag.timestamp, payload: tag.body)
        // Stateless: the copy costs nothing and loses nothing.
        var chunks = chunks
        try? chunks.write(message, into: &bytes)
    }

    /// The bytes of one tag.
    public func bytes(for tag: FLVTag) -> ByteBuffer {
        var bytes = ByteBuffer()
        write(tag, into: &bytes)
        return bytes
    }
}
