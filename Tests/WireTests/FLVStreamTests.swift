// The FLV stream reader and writer: splits, joins, damage.
import NIOCore
import Testing

@testable import Wire

@Suite struct FLVStreamTests {
    static let tags = [
        FLVTag(kind: .script, timestamp: 0, body: ByteBuffer(bytes: [2, 0, 1, 0x61])),
        FLVTag(kind: .video, timestamp: 0xFF_FFFF, body: ByteBuffer(bytes: [UInt8](repeating: 7, count: 300))),
        FLVTag(kind: .audio, timestamp: 0x8123_4567, body: ByteBuffer(bytes: [0xAF, 1, 0x21])),
        FLVTag(kind: .video, timestamp: 0xFFFF_FFFF, body: ByteBuffer()),
    ]

    static func stream() throws -> [UInt8] {
        var out = FLVStreamWriter.header(hasAudio: true, hasVideo: true)
        for tag in tags { try FLVStreamWriter.write(tag, into: &out) }
        return Array(out.readableBytesView)
    }

    static func items(_ bytes: [UInt8], piece: Int, limit: Int = 16 << 20) throws -> [FLVStreamItem] {
        var reader = FLVStreamReader(limit: limit)
        var items: [FLVStreamItem] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            reader.append(ByteBuffer(bytes: bytes[start..<min(start + piece, bytes.count)]))
            while let item = try reader.next() { items.append(item) }
        }
        return items
    }

    @Test func writesTheBytesOfTheSpecification() throws {
        let tag = FLVTag(kind: .video, timestamp: 0x0102_0304, body: ByteBuffer(bytes: [0x17, 0xAA]))
        let bytes = Array(try FLVStreamWriter.bytes(of: tag).readableBytesView)
        #expect(bytes == [9, 0, 0, 2, 2, 3, 4, 1, 0, 0, 0, 0x17, 0xAA, 0, 0, 0, 13])
        let header = Array(FLVStreamWriter.header(hasAudio: false, hasVideo: true).readableBytesView)
        #expect(header == [0x46, 0x4C, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0])
    }

    @Test(arguments: [1, 2, 3, 5, 7, 11, 13, 64, 1000]) func readsWhateverThePieces(_ piece: Int) throws {
        let items = try Self.items(try Self.stream(), piece: piece)
        #expect(items == [.header(hasAudio: true, hasVideo: true)] + Self.tags.map { .tag($0) })
    }

    @Test func cutAnywhereGivesOnlyWholeTags() throws {
        let whole = try Self.stream()
        let all = try Self.items(whole, piece: whole.count)
        for count in 0..<whole.count {
            let items = try Self.items(Array(whole[..<count]), piece: max(1, count))
            #expect(items == Array(all.prefix(items.count)))
        }
    }

    @Test func tagIsReadyBeforeItsTrailer() throws {
        let items = try Self.items(Array(try Self.stream().prefix(13 + 11 + 4)), piece: 100)
        #expect(items.count == 2)
    }

    @Test func previousTagSizeIsNotTrusted() throws {
        var bytes = try Self.stream()
        bytes.replaceSubrange(28..<32, with: [0xDE, 0xAD, 0xBE, 0xEF])
        #expect(try Self.items(bytes, piece: 9).count == 5)
    }

    @Test func joinedStreamsGiveASecondHeader() throws {
        let one = try Self.stream()
        // With the last PreviousTagSize and, as some servers do it, without.
        for first in [one, Array(one.dropLast(4))] {
            for piece in [1, 6, 5000] {
                let items = try Self.items(first + one, piece: piece)
                #expect(items.count == 10)
                #expect(items[5] == .header(hasAudio: true, hasVideo: true))
            }
        }
    }

    @Test func longHeaderIsSkipped() throws {
        let bytes: [UInt8] =
            [0x46, 0x4C, 0x56, 1, 4, 0, 0, 0, 12, 1, 2, 3] + [0, 0, 0, 0, 8, 0, 0, 1, 0, 0, 5, 0, 0, 0, 0, 0x2F]
        for piece in 1...bytes.count {
            let items = try Self.items(bytes, piece: piece)
            #expect(
                items == [
                    .header(hasAudio: true, hasVideo: false),
                    .tag(FLVTag(kind: .audio, timestamp: 5, body: ByteBuffer(bytes: [0x2F]))),
                ])
        }
    }

    @Test(arguments: [
        ("3c68746d6c3e", "no FLV header"), ("464c5602 05 00000009", "version 2"),
        ("464c5601 05 00000008", "length of 8"), ("464c5601 05 00000009 00000000 29", "encrypted"),
        ("464c5601 05 00000009 00000000 07", "tag type 7"),
        ("464c5601 05 00000009 00000000 46787879", "tag type 70"),
        ("464c5601 05 00000009 00000000 09010000 00000000 000000", "exceeds the limit"),
    ]) func damageIsToldAndStays(_ bytes: String, _ message: String) throws {
        var reader = FLVStreamReader(limit: 65535)
        reader.append(ByteBuffer(bytes: hex(bytes)))
        for _ in 0..<2 {
            let error = #expect(throws: WireError.self) { while try reader.next() != nil {} }
            #expect(error?.message.contains(message) == true, "\(String(describing: error))")
        }
        reader.append(ByteBuffer(string: "more"))
        #expect(reader.bufferedBytes == 0)
    }

    @Test func bytesOfOthersAreNotChanged() throws {
        let whole = try Self.stream()
        let first = ByteBuffer(bytes: whole[..<20])
        var reader = FLVStreamReader()
        reader.append(first)
        _ = try reader.next()
        reader.append(ByteBuffer(bytes: whole[20...]))
        #expect(Array(first.readableBytesView) == Array(whole[..<20]))
        var tags: [FLVTag] = []
        while case .tag(let tag)? = try reader.next() { tags.append(tag) }
        #expect(tags == Self.tags)
    }

    @Test func noiseIsHarmless() throws {
        var random = SeededRandom(seed: 41)
        let whole = try Self.stream()
        for _ in 0..<rounds(2000) {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let items = try? Self.items(bytes, piece: Int.random(in: 1...400, using: &random), limit: 1 << 20)
            #expect((items?.count ?? 0) < 20)
        }
    }
}
