// The media half of a publishing session: tags to bytes. A value of its own, so that the thread that brings
// the media can write it while another one reads what the server says.
public import NIOCore

/// The bytes of a publication's tags, on chunk streams that the session uses for nothing else. Pure.
public struct RTMPTagWriter: Sendable {
    /// The message stream that the server gave us.
    let stream: UInt32
    private var chunks = RTMPChunkWriter()

    init(stream: UInt32, chunkSize: Int) {
        self.stream = stream
        chunks.chunkSize = chunkSize
    }

    /// Empty where the tag has 16 MiB or more: no server would take it, and the stream goes on without it.
    /// `onMetaData` is wrapped in @setDataFrame, as servers keep only that.
    public mutating func bytes(for tag: FLVTag) -> ByteBuffer {
        var message = RTMPMessage(
            chunkStream: tag.kind == .video ? 6 : 4, type: RTMPMessageType(rawValue: tag.kind.rawValue),
            stream: stream, timestamp: tag.timestamp, payload: tag.body)
        if tag.kind == .script, RTMPClientSession.scriptName(tag.body) == "onMetaData" {
            message.payload = AMF0Value.encode([.string("@setDataFrame")])
            var body = tag.body
            message.payload.writeBuffer(&body)
        }
        var bytes = ByteBuffer()
        try? chunks.write(message, into: &bytes)
        return bytes
    }
}
