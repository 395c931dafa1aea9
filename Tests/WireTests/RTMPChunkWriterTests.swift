import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPChunkWriterTests {
    static func write(_ messages: [RTMPMessage], chunkSize: Int = 128) throws -> ByteBuffer {
        var writer = RTMPChunkWriter()
        writer.chunkSize = chunkSize
        var output = ByteBuffer()
        for message in messages { try writer.write(message, into: &output) }
        return output
    }

    typealias Reader = RTMPChunkReaderTests

    @Test(arguments: [
        (2, "02"), (63, "3F"), (64, "00 00"), (319, "00 FF"), (320, "01 0001"), (65599, "01 FFFF"),
    ])
    func everyChunkStreamForm_isWritten(id: Int, basic: String) throws {
        #expect(
            try Self.write([Reader.message(id, 9, 1, 1, "AABB")])
                == octets(basic + "000001 000002 09 01000000 AABB"))
    }

    @Test func headers_areAsShortAsAllReadersUnderstand() throws {
        let messages = [
            Reader.message(4, 8, 1, 100, "A0"), Reader.message(4, 9, 1, 120, "B0B1"),
            Reader.message(4, 9, 1, 130, "C0C1"), Reader.message(4, 9, 1, 140, "D0D1"),
        ]
        let text = "04 000064 000001 08 01000000 A0 44 000014 000002 09 B0B1 84 00000A C0C1 84 00000A D0D1"
        #expect(try Self.write(messages) == octets(text))
    }

    @Test func timeGoingBack_isWrittenInFull() throws {
        let text = "04 000064 000001 08 01000000 A0 04 000063 000001 08 01000000 A1"
        #expect(
            try Self.write([Reader.message(4, 8, 1, 100, "A0"), Reader.message(4, 8, 1, 99, "A1")]) == octets(text))
    }

    @Test func otherMessageStream_isWrittenInFull() throws {
        let text = "04 000064 000001 08 01000000 A0 04 000064 000001 08 02000000 A1"
        #expect(
            try Self.write([Reader.message(4, 8, 1, 100, "A0"), Reader.message(4, 8, 2, 100, "A1")]) == octets(text)
        )
    }

    @Test func extendedTime_standsOnEveryChunk() throws {
        let message = Reader.message(4, 8, 1, 0x0100_0000, "AABBCC")
        #expect(
            try Self.write([message], chunkSize: 2)
                == octets("04 FFFFFF 000003 08 01000000 01000000 AABB C4 01000000 CC"))
    }

    @Test func smallDeltaBehindAnExtendedTime_needsNoExtension() throws {
        let messages = [
            Reader.message(4, 8, 1, 0xFF_FFFF, "A0"), Reader.message(4, 8, 1, 0x100_0004, "A1A2A3"),
        ]
        #expect(
            try Self.write(messages, chunkSize: 2)
                == octets("04 FFFFFF 000001 08 01000000 00FFFFFF A0 44 000005 000003 08 A1A2 C4 A3"))
    }

    @Test func wrappingTime_isASmallDelta() throws {
        let messages = [Reader.message(4, 8, 1, 0xFFFF_FFFE, "A0"), Reader.message(4, 8, 1, 1, "A1")]
        #expect(
            try Self.write(messages) == octets("04 FFFFFF 000001 08 01000000 FFFFFFFE A0 84 000003 A1"))
    }

    @Test func whatCannotBeSent_isAnError() {
        #expect(throws: WireError("chunk stream 1 does not exist")) {
            try Self.write([Reader.message(1, 8, 1, 0, "")])
        }
        #expect(throws: WireError("chunk stream 65600 does not exist")) {
            try Self.write([Reader.message(65600, 8, 1, 0, "")])
        }
        let large = RTMPMessage(chunkStream: 4, type: .audio, payload: ByteBuffer(repeating: 0, count: 1 << 24))
        #expect(throws: WireError("message of 16777216 bytes cannot be sent")) { try Self.write([large]) }
    }

    @Test(arguments: [1, 2, 127, 128, 4096, 60_000]) func whatIsWritten_isReadBack(chunkSize: Int) throws {
        var chance = RTMPChance(state: UInt64(chunkSize))
        var messages: [RTMPMessage] = []
        for _ in 0..<200 {
            let id = [2, 3, 4, 63, 64, 319, 320, 65599].randomElement(using: &chance) ?? 2
            let time: UInt32 =
                [0, 1, 0xFF_FFFE, 0xFF_FFFF, 0x100_0000, 0x8000_0000, 0xFFFF_FFFF].randomElement(using: &chance)
                ?? 0
            let length = Int.random(in: 0...(chunkSize < 128 ? 20 : 300), using: &chance)
            let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }
            messages.append(
                RTMPMessage(
                    chunkStream: id, type: chance.next() % 2 == 0 ? .audio : .video,
                    stream: UInt32.random(in: 0...1, using: &chance),
                    timestamp: time &+ UInt32.random(in: 0...40, using: &chance), payload: buffer(body)))
        }
        var reader = RTMPChunkReader()
        reader.append(
            concatenated([
                try Self.write([.setChunkSize(chunkSize)]), try Self.write(messages, chunkSize: chunkSize),
            ]))
        #expect(try reader.next()?.type == .setChunkSize)
        for message in messages { #expect(try reader.next() == message) }
        #expect(try reader.next() == nil)
    }
}
