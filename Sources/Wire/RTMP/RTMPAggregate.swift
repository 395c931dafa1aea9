// The aggregate message (type 22): several FLV tags in one message, their times moved to the message's.
import NIOCore

extension RTMPMessage {
    private static let aggregateLimit = 65_536

    /// The messages inside an aggregate message, in order, with absolute times.
    /// - Throws: `WireError` when a part is cut short.
    public func disaggregated() throws(WireError) -> [RTMPMessage] {
        var view = payload
        var messages: [RTMPMessage] = []
        var shift: UInt32?
        while view.readableBytes > 0 {
            guard let type: UInt8 = view.readInteger(), let length = view.readUInt24(),
                let low = view.readUInt24(), let high: UInt8 = view.readInteger(), view.readUInt24() != nil,
                let body = view.readSlice(length: Int(length))
            else { throw WireError("aggregate message cut short") }
            guard messages.count < Self.aggregateLimit else {
                throw WireError("aggregate message of too many parts")
            }
            // The length after each part is of no use; the last one may be missing.
            view.moveReaderIndex(forwardBy: min(4, view.readableBytes))
            let time = UInt32(high) << 24 | low
            let distance = shift ?? (timestamp &- time)
            shift = distance
            messages.append(
                RTMPMessage(
                    chunkStream: chunkStream, type: RTMPMessageType(rawValue: type), stream: stream,
                    timestamp: time &+ distance, payload: body))
        }
        return messages
    }
}
