import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPChunkReaderTests {
    /// Reads everything, with the bytes cut in each way; all cuts must agree.
    static func read(_ text: String, limits: RTMPChunkReader.Limits = .init()) throws -> [RTMPMessage] {
        var results: [[RTMPMessage]] = []
        for delivery in RTMPDelivery.allCases {
            var reader = RTMPChunkReader(limits: limits)
            var messages: [RTMPMessage] = []
            for part in delivery.cut([octets(text)]) {
                reader.append(part)
                while let message = try reader.next() { messages.append(message) }
            }
            results.append(messages)
        }
        #expect(results.allSatisfy { $0 == results[0] })
        return results[0]
    }

    static func message(_ chunkStream: Int, _ type: UInt8, _ stream: UInt32, _ time: UInt32, _ body: String)
        -> RTMPMessage
    {
        RTMPMessage(
            chunkStream: chunkStream, type: .init(rawValue: type), stream: stream, timestamp: time,
            payload: octets(body))
    }

    @Test(arguments: [
        ("02", 2), ("3F", 63), ("00 00", 64), ("00 FF", 319), ("01 0000", 64), ("01 0001", 320),
        ("01 FFFF", 65599), ("01 3412", 64 + 0x1234),
    ])
    func everyChunkStreamForm_isRead(basic: String, id: Int) throws {
        let read = try Self.read(basic + "000001 000002 09 01000000 AABB")
        #expect(read == [Self.message(id, 9, 1, 1, "AABB")])
    }

    @Test func fourHeaderTypes_carryLessAndLess() throws {
        let read = try Self.read(
            """
            04 000064 000001 08 01000000 A0
            44 000014 000002 09 B0B1
            84 00000A C0C1
            C4 D0D1
            """)
        #expect(
            read == [
                Self.message(4, 8, 1, 100, "A0"), Self.message(4, 9, 1, 120, "B0B1"),
                Self.message(4, 9, 1, 130, "C0C1"), Self.message(4, 9, 1, 140, "D0D1"),
            ])
    }

    @Test func type3AfterType0_repeatsTheAbsoluteTimeAsDelta() throws {
        let read = try Self.read("04 000064 000001 08 01000000 A0 C4 A1")
        #expect(read.map(\.timestamp) == [100, 200])
    }

    @Test func firstHeader_mayBeType1() throws {
        #expect(try Self.read("44 000005 000001 08 A0") == [Self.message(4, 8, 0, 5, "A0")])
    }

    @Test func emptyMessage_isAMessage() throws {
        #expect(try Self.read("04 000005 000000 08 01000000") == [Self.message(4, 8, 1, 5, "")])
    }

    @Test func chunksOfTwoStreams_interleave() throws {
        let half = String(repeating: "11", count: 128)
        let other = String(repeating: "22", count: 128)
        let read = try Self.read(
            "04 000001 000081 08 01000000 \(half) 06 000002 000082 09 01000000 \(other) C4 AA C6 BBCC")
        #expect(
            read == [Self.message(4, 8, 1, 1, half + "AA"), Self.message(6, 9, 1, 2, other + "BBCC")])
    }

    @Test func extendedTime_isRepeatedOnContinuations() throws {
        let body = String(repeating: "11", count: 128)
        let read = try Self.read("04 FFFFFF 000082 08 01000000 01000000 \(body) C4 01000000 AABB")
        #expect(read == [Self.message(4, 8, 1, 0x0100_0000, body + "AABB")])
    }

    @Test func extendedTime_isExactlyTheMark() throws {
        let read = try Self.read("04 FFFFFF 000001 08 01000000 00FFFFFF A0 84 000001 A1")
        #expect(read.map(\.timestamp) == [0xFF_FFFF, 0x100_0000])
    }

    @Test(arguments: ["AABB", "01", "010000AA", "0100"])
    func writersWithoutTheRepeatedTime_areUnderstood(tail: String) throws {
        let body = String(repeating: "11", count: 128)
        let length = 128 + tail.count / 2
        // The next message resolves a tail that looks like the beginning of the time.
        let read = try Self.read(
            "04 FFFFFF 0000\(hexByte(length)) 08 01000000 01000000 \(body) C4 \(tail) 05 000000 000001 08 01000000 A0"
        )
        #expect(read.first == Self.message(4, 8, 1, 0x0100_0000, body + tail))
        #expect(read.count == 2)
    }

    @Test func extendedDelta_isAddedOnce() throws {
        let body = String(repeating: "11", count: 128)
        let read = try Self.read(
            """
            04 000010 000001 08 01000000 A0
            44 FFFFFF 000081 08 02000000 \(body) C4 02000000 AA
            C4 02000000 \(body) C4 02000000 AA
            """)
        #expect(read.map(\.timestamp) == [0x10, 0x0200_0010, 0x0400_0010])
    }

    @Test func absoluteTimeOnType3_isTaken() throws {
        let read = try Self.read("04 FFFFFF 000001 08 01000000 01000000 A0 C4 01000020 A1")
        #expect(read.map(\.timestamp) == [0x0100_0000, 0x0100_0020])
    }

    @Test func time_wraps() throws {
        let read = try Self.read("04 FFFFFF 000001 08 01000000 FFFFFFFE A0 84 000003 A1")
        #expect(read.map(\.timestamp) == [0xFFFF_FFFE, 1])
    }

    @Test func newChunkSize_holdsForTheNextChunkEvenWithinAMessage() throws {
        let body = String(repeating: "11", count: 128)
        let rest = String(repeating: "22", count: 200)
        let read = try Self.read(
            "04 000000 000148 08 01000000 \(body) 02 000000 000004 01 00000000 00000400 C4 \(rest)")
        #expect(read.count == 2)
        #expect(read.last == Self.message(4, 8, 1, 0, body + rest))
    }

    @Test func smallestAndLargestChunkSize() throws {
        let read = try Self.read(
            "02 000000 000004 01 00000000 00000001 04 000000 000002 08 01000000 AA C4 BB")
        #expect(read.last == Self.message(4, 8, 1, 0, "AABB"))
        var reader = RTMPChunkReader()
        reader.append(octets("02 000000 000004 01 00000000 7FFFFFFF"))
        _ = try reader.next()
        #expect(reader.chunkSize == 0xFF_FFFF)
    }

    @Test func abort_discardsTheUnfinishedMessage() throws {
        let body = String(repeating: "11", count: 128)
        let read = try Self.read(
            """
            04 000001 000081 08 01000000 \(body) 02 000000 000004 02 00000000 00000004
            04 000002 000001 08 01000000 AA
            """)
        #expect(read.map(\.type.rawValue) == [2, 8])
        #expect(read.last?.payload == octets("AA"))
    }

    @Test func headerOfTheSameSize_goesOn() throws {
        let body = String(repeating: "11", count: 128)
        let read = try Self.read("04 000001 000081 08 01000000 \(body) 44 000000 000081 08 AA")
        #expect(read == [Self.message(4, 8, 1, 1, body + "AA")])
    }

    @Test func headerOfTheSameSize_mayRepeatTheExtendedTime() throws {
        let body = String(repeating: "11", count: 128)
        let read = try Self.read(
            "04 FFFFFF 000081 08 01000000 01000000 \(body) 04 FFFFFF 000081 08 01000000 01000000 AA")
        #expect(read == [Self.message(4, 8, 1, 0x0100_0000, body + "AA")])
    }

    @Test(arguments: [
        ("C4", "chunk stream 4 begins without a full header"),
        ("84 000001", "chunk stream 4 begins without a full header"),
        ("02 000000 000004 01 00000000 00000000", "chunk size 0"),
        ("02 000000 000004 01 00000000 80000000", "chunk size 2147483648"),
        ("02 000000 000002 01 00000000 0001", "SetChunkSize cut short"),
        ("02 000000 000001 02 00000000 00", "Abort cut short"),
        ("04 000000 010001 08 01000000", "message of 65537 bytes is over the limit of 65536"),
        (
            "03 000000 000000 08 00000000 04 000000 000000 08 00000000 05 000000 000000 08 00000000",
            "more than 2 chunk streams"
        ),
    ])
    func violations_sayWhy(text: String, why: String) {
        var limits = RTMPChunkReader.Limits()
        limits.message = 65_536
        limits.chunkStreams = 2
        #expect(throws: WireError(why)) { try Self.read(text, limits: limits) }
    }

    @Test func otherSizeWithinAMessage_isAnError() {
        let body = String(repeating: "11", count: 128)
        #expect(throws: WireError("a message of 129 bytes goes on as one of 130")) {
            try Self.read("04 000001 000081 08 01000000 \(body) 04 000001 000082 08 01000000 AA")
        }
    }

    @Test func unfinishedMessages_areBoundedTogether() throws {
        var limits = RTMPChunkReader.Limits()
        limits.unfinished = 300
        var reader = RTMPChunkReader(limits: limits)
        #expect(throws: WireError("too much data in unfinished messages")) {
            for id in 3..<10 {
                reader.append(octets("0\(id) 000000 FFFFFF 08 01000000 " + String(repeating: "00", count: 128)))
                _ = try reader.next()
            }
        }
    }

    private func hexByte(_ value: Int) -> String {
        let text = String(value, radix: 16)
        return text.count < 2 ? "0" + text : text
    }
}
