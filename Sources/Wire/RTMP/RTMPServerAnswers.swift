// What the owner of a server session has it say: the answers to publish and play, and news of the stream.
public import NIOCore

extension RTMPServerSession {
    /// After `.publish`: the client may begin. Empty when it does not wait for this.
    public mutating func acceptPublish() -> ByteBuffer {
        guard stage == .publishAsked else { return ByteBuffer() }
        stage = .publishing
        return bytes(of: [
            .userControl(.streamBegin(RTMPFanoutWriter.stream)),
            Self.statusMessage("status", "NetStream.Publish.Start", "publishing"),
        ])
    }

    /// After `.play`: media follow, or will when there are any. Empty when the client does not wait for this.
    public mutating func acceptPlay() -> ByteBuffer {
        guard stage == .playAsked else { return ByteBuffer() }
        stage = .playing
        let access = AMF0Value.encode([.string("|RtmpSampleAccess"), .boolean(true), .boolean(true)])
        return bytes(of: [
            .userControl(.streamBegin(RTMPFanoutWriter.stream)),
            Self.statusMessage("status", "NetStream.Play.Reset", "resetting"),
            Self.statusMessage("status", "NetStream.Play.Start", "playing"),
            RTMPMessage(chunkStream: 5, type: .data, stream: RTMPFanoutWriter.stream, payload: access),
        ])
    }

    /// After `.publish` or `.play`, or later: an error that ends it, e.g. "NetStream.Publish.Denied". The client
    /// may ask again, for instance for another name.
    public mutating func refuse(code: String, description: String) -> ByteBuffer {
        guard !isIdle, stage != .over else { return ByteBuffer() }
        stage = .connected
        return bytes(of: [Self.statusMessage("error", code, description)])
    }

    /// News that change nothing, e.g. "NetStream.Play.PublishNotify".
    public mutating func status(code: String, description: String) -> ByteBuffer {
        bytes(of: [Self.statusMessage("status", code, description)])
    }

    /// To a player: the stream is over. FFmpeg ends cleanly with the first message; others wait for the second.
    public mutating func ending() -> ByteBuffer {
        guard stage == .playing else { return ByteBuffer() }
        return bytes(of: [
            Self.statusMessage("status", "NetStream.Play.UnpublishNotify", "the stream has ended"),
            .userControl(.streamEOF(RTMPFanoutWriter.stream)),
        ])
    }

    /// Asks for `.pong`. Publishers may be slow to read it: FFmpeg reads one message for ten it writes.
    /// - Parameter ms: Any number; comes back with the answer.
    public mutating func ping(now ms: UInt32) -> ByteBuffer { bytes(of: [.userControl(.pingRequest(ms))]) }
}
