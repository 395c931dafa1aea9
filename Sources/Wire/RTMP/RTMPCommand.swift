// A remote call or its answer: name, transaction number, arguments. Both AMF0 and the AMF3 wrapper, whose
// content peers write in AMF0 as well.
import NIOCore

/// One command message.
public struct RTMPCommand: Sendable, Equatable {
    public var name: String
    /// 0 when no answer is expected.
    public var transaction: Double
    /// What follows the transaction: the command object (often null), then the arguments.
    public var arguments: [AMF0Value]

    public init(_ name: String, _ transaction: Double, _ arguments: [AMF0Value]) {
        self.name = name
        self.transaction = transaction
        self.arguments = arguments
    }

    /// - Throws: `WireError` when the message is not a command that can be read.
    public init(_ message: RTMPMessage) throws(WireError) {
        var payload = RTMPCommand.withoutFormatByte(message)
        let values = try AMF0Value.decodeAll(from: &payload, stopAtAMF3: message.type == .commandAMF3)
        guard let name = values.first?.stringValue else { throw WireError("command without a name") }
        self.name = name
        // Calls that expect no answer are sometimes sent without a number.
        transaction = values.count > 1 ? values[1].numberValue ?? 0 : 0
        arguments = Array(values.dropFirst(2))
    }

    /// The first argument with named fields: the "information object" of answers and status messages.
    /// Answers to `connect` have two; the last one is it.
    public var information: AMF0Value? { arguments.last { $0.fields != nil } }

    /// As an AMF0 message.
    public func message(chunkStream: Int, stream: UInt32 = 0) -> RTMPMessage {
        RTMPMessage(
            chunkStream: chunkStream, type: .command, stream: stream,
            payload: AMF0Value.encode([.string(name), .number(transaction)] + arguments))
    }

    /// Types 15 and 17 begin with a format byte, which a few writers forget.
    static func withoutFormatByte(_ message: RTMPMessage) -> ByteBuffer {
        var payload = message.payload
        if message.type == .commandAMF3 || message.type == .dataAMF3,
            payload.getInteger(at: payload.readerIndex, as: UInt8.self) == 0
        {
            payload.moveReaderIndex(forwardBy: 1)
        }
        return payload
    }
}
