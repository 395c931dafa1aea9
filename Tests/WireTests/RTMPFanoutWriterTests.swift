import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPFanoutWriterTests {
    @Test(arguments: [
        (FLVTag.Kind.audio, UInt32(0), "04 000000 000003 08 01000000 AABBCC"),
        (.video, 0x10203, "06 010203 000003 09 01000000 AABBCC"),
        (.script, 0, "05 000000 000003 12 01000000 AABBCC"),
        (.video, 0xFF_FFFF, "06 FFFFFF 000003 09 01000000 00FFFFFF AABBCC"),
        (.audio, 0xFFFF_FFFE, "04 FFFFFF 000003 08 01000000 FFFFFFFE AABBCC"),
    ])
    func bytes(kind: FLVTag.Kind, time: UInt32, text: String) {
        let tag = FLVTag(kind: kind, timestamp: time, body: octets("AABBCC"))
        #expect(RTMPFanoutWriter().bytes(for: tag) == octets(text))
    }

    @Test func everyMessage_isFullAndRepeatsItsExtendedTime() {
        let writer = RTMPFanoutWriter(chunkSize: 2)
        let tag = FLVTag(kind: .video, timestamp: 0x0100_0000, body: octets("AABBCC"))
        let text = "06 FFFFFF 000003 09 01000000 01000000 AABB C6 01000000 CC"
        var both = writer.bytes(for: tag)
        writer.write(tag, into: &both)
        #expect(both == octets(text + text))
    }

    @Test func aTagThatCannotBeFramed_isLeftOut() {
        let tag = FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(repeating: 0, count: 1 << 24))
        #expect(RTMPFanoutWriter().bytes(for: tag).readableBytes == 0)
    }

    @Test func anyTags_areReadBack() throws {
        var random = SeededRandom(seed: 31)
        let writer = RTMPFanoutWriter()
        var bytes = try RTMPChunkWriterTests.write([.setChunkSize(RTMPServerSettings.usualChunkSize)])
        let tags = (0..<200).map { _ in
            FLVTag(
                kind: [.audio, .video, .script][Int.random(in: 0..<3, using: &random)],
                timestamp: Bool.random(using: &random) ? random.next(upperBound: 1 << 25) : UInt32.max &- 3,
                body: ByteBuffer(repeating: 7, count: Int.random(in: 0...200_000, using: &random)))
        }
        for tag in tags { writer.write(tag, into: &bytes) }
        var reader = RTMPChunkReader()
        reader.append(bytes)
        var read: [FLVTag] = []
        while let message = try reader.next() {
            guard let kind = FLVTag.Kind(rawValue: message.type.rawValue) else { continue }
            read.append(FLVTag(kind: kind, timestamp: message.timestamp, body: message.payload))
        }
        #expect(read == tags)
    }
}
