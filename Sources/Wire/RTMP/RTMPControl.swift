// The protocol control messages and user control events: small fixed layouts, both ways.
import NIOCore

/// A user control event (RTMP 1.0, section 7.1.7).
public enum RTMPUserControl: Sendable, Equatable {
    case streamBegin(UInt32)
    case streamEOF(UInt32)
    case streamDry(UInt32)
    case setBufferLength(stream: UInt32, milliseconds: UInt32)
    case streamIsRecorded(UInt32)
    case pingRequest(UInt32)
    case pingResponse(UInt32)
    /// Anything else, or one of the above cut short.
    case other(event: UInt16)

    init(_ payload: ByteBuffer) throws(WireError) {
        var view = payload
        guard let event: UInt16 = view.readInteger() else { throw WireError("user control message cut short") }
        let first: UInt32? = view.readInteger()
        let second: UInt32? = view.readInteger()
        self =
            switch (event, first, second) {
            case (0, let id?, _): .streamBegin(id)
            case (1, let id?, _): .streamEOF(id)
            case (2, let id?, _): .streamDry(id)
            case (3, let id?, let time?): .setBufferLength(stream: id, milliseconds: time)
            case (4, let id?, _): .streamIsRecorded(id)
            case (6, let time?, _): .pingRequest(time)
            case (7, let time?, _): .pingResponse(time)
            default: .other(event: event)
            }
    }
}

extension RTMPMessage {
    static func control(_ type: RTMPMessageType, _ value: UInt32) -> RTMPMessage {
        RTMPMessage(chunkStream: 2, type: type, payload: ByteBuffer(integer: value))
    }

    /// SetChunkSize. The new size holds for the chunk after this message.
    public static func setChunkSize(_ size: Int) -> RTMPMessage { control(.setChunkSize, UInt32(clamping: size)) }

    /// Acknowledgement of all bytes received so far, modulo 2^32.
    public static func acknowledgement(_ bytes: UInt32) -> RTMPMessage { control(.acknowledgement, bytes) }

    /// WindowAckSize in bytes.
    public static func windowAckSize(_ size: UInt32) -> RTMPMessage { control(.windowAckSize, size) }

    /// SetPeerBandwidth. - Parameter limit: 0 hard, 1 soft, 2 dynamic.
    public static func setPeerBandwidth(_ size: UInt32, limit: UInt8) -> RTMPMessage {
        var message = control(.setPeerBandwidth, size)
        message.payload.writeInteger(limit)
        return message
    }

    /// A user control message.
    public static func userControl(_ event: RTMPUserControl) -> RTMPMessage {
        let (number, values): (UInt16, [UInt32]) =
            switch event {
            case .streamBegin(let id): (0, [id])
            case .streamEOF(let id): (1, [id])
            case .streamDry(let id): (2, [id])
            case .setBufferLength(let id, let time): (3, [id, time])
            case .streamIsRecorded(let id): (4, [id])
            case .pingRequest(let time): (6, [time])
            case .pingResponse(let time): (7, [time])
            case .other(let event): (event, [])
            }
        var payload = ByteBuffer(integer: number)
        for value in values { payload.writeInteger(value) }
        return RTMPMessage(chunkStream: 2, type: .userControl, payload: payload)
    }
}
